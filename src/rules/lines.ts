// The files of rules that a site carries: their lines with their numbers, and what is wrong with them. Whoever wrote them need
// not be who runs the server: nothing in them ends it, and all that it costs to read them is bounded.

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without the white space around it; never empty, and no comment. */
  readonly text: string;
}

/** A line that is not followed. */
export interface Flaw {
  readonly line: number;
  readonly reason: string;
}

/** Both hosts take as many characters at most: Cloudflare 1,000 of `_redirects` and 2,000 of `_headers`. */
const MAX_LINE = 2000;

/** Twice as many rules as are followed (redirect-lines.ts), comments not counted: a file of wrong lines is not read for seconds. */
export const MAX_LINES = 20_000;

/** Lines that say something, and those that are too long. */
export function linesOf(text: string): { readonly lines: Line[]; readonly flaws: Flaw[] } {
  const lines: Line[] = [];
  const flaws: Flaw[] = [];
  for (const [i, raw] of text
    .replace(/^\ufeff/, '')
    .split('\n')
    .entries()) {
    const number = i + 1;
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    if (lines.length + flaws.length === MAX_LINES) {
      flaws.push({ line: number, reason: `more than ${MAX_LINES} lines: nor are those behind it` });
      break;
    }
    if (line.length <= MAX_LINE) lines.push({ number, text: line });
    else flaws.push({ line: number, reason: `longer than ${MAX_LINE} characters` });
  }
  return { lines, flaws };
}

/** The path of a rule as it is compared: decoded once. Undefined where it is not percent-encoded UTF-8. */
export function decodePattern(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
