// The tokens of one file, one a line: who sends one of them may do what they are for. The file may change meanwhile. RFC 6750.
import { parseBearer } from '../http/credentials.ts';
import type { Log } from '../log/log.ts';
import { loadCrypto } from '../packages/packages.ts';
import { ChangingFile } from './changing-file.ts';

export class TokenFile {
  /** SHA-256 of each: all are as long. */
  readonly #digests: ChangingFile<readonly Buffer[]>;

  /** Reads it at once. Throws an Error that says what is wrong with it, and repeats nothing of it. */
  constructor(path: string, log: Log) {
    const parse = (text: string) => parseTokens(text).map(digestOf);
    this.#digests = new ChangingFile(path, { parse, what: 'tokens', log });
  }

  /** Does this Authorization field hold one of them? At once, but for a look at the file now and then. Never rejects. */
  judge(authorization: string | undefined, now = performance.now()): boolean | Promise<boolean> {
    const token = parseBearer(authorization);
    return token !== undefined && this.#digests.with((digests) => holds(digests, token), now);
  }
}

/** In a time that tells nothing of them. */
function holds(digests: readonly Buffer[], token: string): boolean {
  const { timingSafeEqual } = loadCrypto();
  const digest = digestOf(token);
  return digests.filter((each) => timingSafeEqual(each, digest)).length > 0;
}

/** Empty lines, and those that begin with `#`, are none. Throws an Error with the line that cannot be used. */
export function parseTokens(text: string): readonly string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const tokens = lines.flatMap((line, i) => {
    if (line === '' || line.startsWith('#')) return [];
    if (parseBearer(`Bearer ${line}`) === line) return [line];
    throw new Error(`line ${i + 1}: a token is letters, digits and -._~+/, then = at its end`);
  });
  if (tokens.length === 0) throw new Error('there is no token in it');
  return tokens;
}

function digestOf(token: string): Buffer {
  return loadCrypto().createHash('sha256').update(token).digest();
}
