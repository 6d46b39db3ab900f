// Which paths are for whom: prefixes, each with a file of users.

import { challenge, parseCredentials } from '../http/credentials.ts';
import { encodePath, normalise } from '../http/target.ts';
import type { Log } from '../log/log.ts';
import { createBcrypt } from './bcrypt.ts';
import { UsersFile } from './users-file.ts';
import type { Verdict } from './verdicts.ts';

/** What begins with a prefix. */
export interface Realm {
  /** The value of WWW-Authenticate. */
  readonly challenge: string;
  /** May who sends this Authorization field see it? At once where that is known. Rejects where it cannot be found out. */
  judge(authorization: string | undefined): Verdict | Promise<Verdict>;
}

export interface Realms {
  /** The one that a decoded and normalised path is in: of several the one with the longest prefix. */
  of(path: string): Realm | undefined;
  close(): void;
}

/** May a path in this directory (as in requests, without a slash at its end), or below it, begin with one of them? */
export function prefixReaches(prefixes: readonly string[], directory: string): boolean {
  const asked = `${folded(directory)}/`;
  return prefixes.some((text) => {
    const prefix = readPrefix(text) ?? '';
    return prefix.startsWith(asked) || asked.startsWith(prefix);
  });
}

/** Does every path below this directory (as there) begin with one of them? */
export function prefixCovers(prefixes: readonly string[], directory: string): boolean {
  const asked = `${folded(directory)}/`;
  return prefixes.some((text) => asked.startsWith(readPrefix(text) ?? '\0'));
}

/** A prefix as paths are compared with it, or undefined where no path begins with it. */
function readPrefix(text: string): string | undefined {
  const path = normalise(text);
  if (path === undefined) return undefined;
  return folded(text.endsWith('/') && path !== '/' ? `${path}/` : path);
}

/**
 * Prefixes are texts: "/private" is also for /private.html, "/private/" only for what is below (and for the directory
 * itself). Upper and lower case are alike, as they may be to the file system. Throws an Error that names the prefix.
 */
export function openRealms(files: Readonly<Record<string, string>>, log: Log): Realms {
  const bcrypt = createBcrypt();
  const realms = Object.entries(files).map(([text, file]) => {
    const prefix = readPrefix(text);
    if (prefix === undefined) throw new Error(`${text}: no path begins with that`);
    const users = open(text, file, () => new UsersFile(file, bcrypt, log));
    const realm: Realm = {
      challenge: challenge(encodePath(text)),
      judge(authorization) {
        const credentials = parseCredentials(authorization);
        return credentials === undefined ? 'denied' : users.judge(credentials);
      },
    };
    return { prefix, realm };
  });
  realms.sort((a, b) => b.prefix.length - a.prefix.length);
  return {
    of(path) {
      const asked = folded(path);
      return realms.find(({ prefix }) => asked.startsWith(prefix) || `${asked}/` === prefix)?.realm;
    },
    close: () => bcrypt.close(),
  };
}

/** As far as any file system goes that ignores case: ext4's ignores forms and characters that show nothing, too. */
function folded(path: string): string {
  const shown = path.replace(/\p{Default_Ignorable_Code_Point}/gu, '');
  return shown.toUpperCase().toLowerCase().normalize('NFC');
}

function open<T>(prefix: string, file: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'no such file' : message;
    throw new Error(`${prefix}=${file}: ${reason}`, { cause: error });
  }
}
