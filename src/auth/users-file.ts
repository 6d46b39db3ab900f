// The users of one file, which may change while they are asked for.
import { promises as fs, readFileSync, type Stats } from 'node:fs';
import type { Credentials } from '../http/credentials.ts';
import type { Log } from '../log/log.ts';
import type { Bcrypt } from './bcrypt.ts';
import { parseUsers, type Users } from './htpasswd.ts';
import { type Verdict, Verdicts } from './verdicts.ts';

/** The file is looked at again for a request, at most so often (ms). */
const LOOK_MS = 1000;

export class UsersFile {
  readonly #path: string;
  readonly #log: Log;
  readonly #verdicts: Verdicts;
  #users: Users;
  #version = '';
  #look: Promise<void> | undefined;
  #lookAfter = 0;

  /** Reads it at once. Throws an Error that says what is wrong with it. */
  constructor(path: string, bcrypt: Bcrypt, log: Log) {
    this.#path = path;
    this.#log = log;
    this.#verdicts = new Verdicts({ bcrypt });
    this.#users = parseUsers(readFileSync(path, 'utf8'));
  }

  judge(credentials: Credentials, now = performance.now()): Verdict | Promise<Verdict> {
    if (now < this.#lookAfter) return this.#verdicts.judge(this.#users, credentials);
    this.#look ??= this.#lookAgain().finally(() => {
      this.#look = undefined;
      this.#lookAfter = performance.now() + LOOK_MS;
    });
    return this.#look.then(() => this.#verdicts.judge(this.#users, credentials));
  }

  /** Where it cannot be read or used, those who were in it stay. */
  async #lookAgain(): Promise<void> {
    try {
      const version = versionOf(await fs.stat(this.#path));
      if (version === this.#version) return;
      const users = parseUsers(await fs.readFile(this.#path, 'utf8'));
      this.#users = users;
      this.#version = version;
      this.#verdicts.forget();
    } catch (error) {
      const reason = (error as Error).message;
      this.#log.error(`${this.#path}: ${reason}; its users are as they were`, this.#path);
    }
  }
}

function versionOf({ ino, size, mtimeMs, ctimeMs }: Stats): string {
  return [ino, size, mtimeMs, ctimeMs].join();
}
