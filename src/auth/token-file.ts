// The tokens of one file, one a line: who sends one of them may do what they are for. The file may change meanwhile. RFC 6750.
import { promises as fs, readFileSync, type Stats } from 'node:fs';
import { parseBearer } from '../http/credentials.ts';
import type { Log } from '../log/log.ts';
import { loadCrypto } from '../packages/packages.ts';

/** The file is looked at again for a request, at most so often (ms). */
const LOOK_MS = 1000;

export class TokenFile {
  readonly #path: string;
  readonly #log: Log;
  /** SHA-256 of each: all are as long. */
  #digests: readonly Buffer[];
  #version = '';
  #look: Promise<void> | undefined;
  #lookAfter = 0;

  /** Reads it at once. Throws an Error that says what is wrong with it, and repeats nothing of it. */
  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
    this.#digests = parseTokens(readFileSync(path, 'utf8')).map(digestOf);
  }

  /** Does this Authorization field hold one of them? At once, but for a look at the file now and then. Never rejects. */
  judge(authorization: string | undefined, now = performance.now()): boolean | Promise<boolean> {
    const token = parseBearer(authorization);
    if (token === undefined) return false;
    if (now < this.#lookAfter) return this.#holds(token);
    this.#look ??= this.#lookAgain().finally(() => {
      this.#look = undefined;
      this.#lookAfter = performance.now() + LOOK_MS;
    });
    return this.#look.then(() => this.#holds(token));
  }

  /** In a time that tells nothing of them. */
  #holds(token: string): boolean {
    const { timingSafeEqual } = loadCrypto();
    const digest = digestOf(token);
    return this.#digests.filter((each) => timingSafeEqual(each, digest)).length > 0;
  }

  /** Where it cannot be read or used, those that were in it stay. */
  async #lookAgain(): Promise<void> {
    try {
      const version = versionOf(await fs.stat(this.#path));
      if (version === this.#version) return;
      this.#digests = parseTokens(await fs.readFile(this.#path, 'utf8')).map(digestOf);
      this.#version = version;
    } catch (error) {
      const reason = (error as Error).message;
      this.#log.error(`${this.#path}: ${reason}; its tokens are as they were`, this.#path);
    }
  }
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

function versionOf({ ino, size, mtimeMs, ctimeMs }: Stats): string {
  return [ino, size, mtimeMs, ctimeMs].join();
}
