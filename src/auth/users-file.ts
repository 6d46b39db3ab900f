// The users of one file, which may change while they are asked for.
import type { Credentials } from '../http/credentials.ts';
import type { Log } from '../log/log.ts';
import type { Bcrypt } from './bcrypt.ts';
import { ChangingFile } from './changing-file.ts';
import { parseUsers, type Users } from './htpasswd.ts';
import { type Verdict, Verdicts } from './verdicts.ts';

export class UsersFile {
  readonly #file: ChangingFile<Users>;
  readonly #verdicts: Verdicts;

  /** Reads it at once. Throws an Error that says what is wrong with it. */
  constructor(path: string, bcrypt: Bcrypt, log: Log) {
    const verdicts = new Verdicts({ bcrypt });
    const onChange = () => verdicts.forget();
    this.#file = new ChangingFile(path, { parse: parseUsers, what: 'users', log, onChange });
    this.#verdicts = verdicts;
  }

  judge(credentials: Credentials, now = performance.now()): Verdict | Promise<Verdict> {
    return this.#file.with((users) => this.#verdicts.judge(users, credentials), now);
  }
}
