// A file of users and hashes of their passwords, as htpasswd(1) writes it.
import { type Hash, parseHash } from './hashes.ts';

export type Users = ReadonlyMap<string, Hash>;

/** Throws an Error with the line that cannot be used; it never repeats what stands there. */
export function parseUsers(text: string): Users {
  const users = new Map<string, Hash>();
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const fail = (reason: string) => new Error(`line ${i + 1}: ${reason}`);
    const colon = line.indexOf(':');
    if (colon < 1) throw fail('expected a user, a colon and a hash');
    const user = line.slice(0, colon);
    // What follows a second colon is nobody's (htpasswd(5) of nginx: a comment).
    const hash = parseHash(line.slice(colon + 1).split(':', 1)[0] ?? '');
    if (hash === undefined) {
      throw fail(
        'this kind of hash is not known here: bcrypt (htpasswd -B), {SHA} (htpasswd -s) and $scrypt$ are',
      );
    }
    if (users.has(user)) throw fail('this user stands in a line above');
    users.set(user, hash);
  }
  return users;
}
