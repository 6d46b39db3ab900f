// `_headers` as Netlify and Cloudflare Pages define it: blocks of a path and, below it, its fields.
import { flawOfName, flawOfValue } from './field-grammar.ts';
import { decodePattern, type Flaw, type Line, linesOf } from './lines.ts';
import { compilePattern, type PathPattern } from './path-pattern.ts';

export interface HeaderBlock {
  readonly pattern: PathPattern;
  /** null removes what a block before it has set. */
  readonly fields: ReadonlyArray<readonly [name: string, value: string | null]>;
}

export interface HeaderLines {
  readonly blocks: readonly HeaderBlock[];
  readonly flaws: readonly Flaw[];
}

/** Five times Cloudflare's: each is tried for each file that is opened. */
export const MAX_BLOCKS = 500;

interface Open {
  readonly pattern: PathPattern;
  readonly fields: Map<string, readonly [name: string, value: string | null]>;
}

/** Of several values of one field in a block there is one, joined; of several blocks for a path, the last that has it counts. */
export function parseHeaders(text: string): HeaderLines {
  const { lines, flaws } = linesOf(text);
  const blocks: Open[] = [];
  /** 'left' is a block whose path has been refused: its fields go with it. */
  let open: Open | 'left' | undefined;
  const refuse = (line: Line, reason: string) => flaws.push({ line: line.number, reason });

  for (const line of lines) {
    if (isPath(line.text)) {
      const pattern = blocks.length < MAX_BLOCKS ? patternOf(line.text) : tooMany();
      if (typeof pattern === 'string') {
        refuse(line, pattern);
        open = 'left';
      } else {
        open = { pattern, fields: new Map() };
        blocks.push(open);
      }
    } else if (open === undefined) {
      refuse(line, 'a field before any path');
    } else if (open !== 'left') {
      const flaw = addField(open.fields, line.text);
      if (flaw !== undefined) refuse(line, flaw);
    }
  }
  return {
    blocks: blocks.map(({ pattern, fields }) => ({ pattern, fields: [...fields.values()] })),
    flaws,
  };
}

function isPath(text: string): boolean {
  return text.startsWith('/') || /^[a-z]+:\/\//i.test(text);
}

function tooMany(): string {
  return `more than ${MAX_BLOCKS} paths`;
}

/** Or why there is none. */
function patternOf(text: string): PathPattern | string {
  if (!text.startsWith('/')) {
    return `${quote(text)}: a rule for one host is not supported; a path is, and a host of its own (hosts)`;
  }
  const path = decodePattern(text);
  if (path === undefined) return `${quote(text)}: not percent-encoded UTF-8`;
  try {
    return compilePattern(path);
  } catch (error) {
    return `${quote(text)}: ${(error as Error).message}`;
  }
}

/** Returns why it is none. */
function addField(fields: Open['fields'], text: string): string | undefined {
  const detached = /^!\s*(.*)$/.exec(text)?.[1];
  const cut = text.indexOf(':');
  if (detached === undefined && cut < 0) return `${quote(text)}: "Name: value" is expected`;
  const name = detached ?? text.slice(0, cut).trim();
  const key = name.toLowerCase();
  const flaw = flawOfName(name);
  if (flaw !== undefined) return `${quote(name)} ${flaw}`;
  if (detached !== undefined) {
    fields.set(key, [name, null]);
    return undefined;
  }
  // The line holds a password: to send it would tell it to everybody.
  if (key === 'basic-auth')
    return 'Basic-Auth is not supported, and nothing is protected: use auth';
  const value = text.slice(cut + 1).trim();
  const before = fields.get(key)?.[1] ?? undefined;
  if (value === '') return `${quote(name)} has no value`;
  const wrong = flawOfValue(value);
  if (wrong !== undefined) return `${quote(name)}: ${quote(value)} ${wrong}`;
  // RFC 6265 §3: the comma has a meaning within it.
  if (before !== undefined && key === 'set-cookie') return 'one Set-Cookie is allowed for a path';
  fields.set(key, [name, before === undefined ? value : `${before}, ${value}`]);
  return undefined;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
