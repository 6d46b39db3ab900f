// Is this the password of that user? Each pair is hashed once in a while, one after the other, and not by any number of
// clients at a time. What is remembered of a pair is a MAC, by a key that only this process has.
import { LRUCache } from 'lru-cache';
import type { Credentials } from '../http/credentials.ts';
import { loadCrypto } from '../packages/packages.ts';
import type { Bcrypt } from './bcrypt.ts';
import { type Hash, verify } from './hashes.ts';
import type { Users } from './htpasswd.ts';

/** `busy`: too many wait for theirs. */
export type Verdict = 'granted' | 'denied' | 'busy';

export interface VerdictOptions {
  readonly bcrypt: Bcrypt;
  /** Pairs that are remembered, and milliseconds since they were last used. */
  readonly max?: number;
  readonly ttlMs?: number;
  /** Pairs that may wait to be hashed: at a tenth of a second each, the last for 3 s. */
  readonly maxWaiting?: number;
}

export class Verdicts {
  readonly #bcrypt: Bcrypt;
  readonly #maxWaiting: number;
  readonly #known: LRUCache<string, Exclude<Verdict, 'busy'>>;
  /** By the same keys: who asks for what is being hashed waits for that. */
  readonly #waiting = new Map<string, Promise<Verdict>>();
  readonly #key = loadCrypto().randomBytes(32);
  #last: Promise<unknown> = Promise.resolve();

  constructor({ bcrypt, max = 4096, ttlMs = 300_000, maxWaiting = 32 }: VerdictOptions) {
    this.#bcrypt = bcrypt;
    this.#maxWaiting = maxWaiting;
    this.#known = new LRUCache({ max, ttl: ttlMs, updateAgeOnGet: true });
  }

  /** At once where it is known. Rejects where nothing can be hashed. */
  judge(users: Users, credentials: Credentials): Verdict | Promise<Verdict> {
    const key = this.#mac(`${credentials.user}\0${credentials.password}`);
    const known = this.#known.get(key) ?? this.#waiting.get(key);
    if (known !== undefined) return known;
    if (this.#waiting.size >= this.#maxWaiting) return 'busy';
    const verdict = this.#last.then(() => this.#hash(users, credentials, key));
    this.#last = verdict.catch(() => {});
    this.#waiting.set(key, verdict);
    const done = () => this.#waiting.delete(key);
    verdict.then(done, done);
    return verdict;
  }

  /** The users are others now. */
  forget(): void {
    this.#known.clear();
    this.#waiting.clear();
  }

  async #hash(users: Users, { user, password }: Credentials, key: string): Promise<Verdict> {
    const hash = users.get(user);
    const hashed = hash ?? this.#decoy(users, user);
    const same = hashed !== undefined && (await verify(hashed, password, this.#bcrypt));
    const verdict = same && hash !== undefined ? 'granted' : 'denied';
    // Not where the users have changed meanwhile.
    if (this.#waiting.has(key)) this.#known.set(key, verdict);
    return verdict;
  }

  /** Who is not there costs as much as somebody who is, always the same one. */
  #decoy(users: Users, user: string): Hash | undefined {
    const at = Buffer.from(this.#mac(user), 'base64').readUInt32BE(0) % Math.max(1, users.size);
    return [...users.values()][at];
  }

  #mac(text: string): string {
    return loadCrypto().createHmac('sha256', this.#key).update(text).digest('base64');
  }
}
