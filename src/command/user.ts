// The user that the process becomes: root reads the keys and binds the ports, and is gone when requests are answered.
import { accessSync, constants } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadNative } from '../addon/load.ts';
import type { NativeAddon } from '../addon/types.ts';
import { isPem } from '../options/kinds.ts';
import type { Options } from '../options/options.ts';
import { type Call, StartError } from '../options/table.ts';
import { cannotServe } from '../server/problems.ts';

export interface Descent {
  /** Before anything that is served is opened: from now on as that user. Throws where it may not enter a root. */
  begin(): void;
  /** Meanwhile: what has to be done to root's files. */
  asRoot(work: () => void): void;
  /** For good. */
  end(): void;
  /** An error of the time between, with whose rights they were. */
  explain(error: unknown): unknown;
}

/** Undefined where the process is that user already. `name`: a user, or user:group. Throws a StartError. */
export function findDescent(name: string, roots: readonly string[]): Descent | undefined {
  const { addon, ...native } = loadNative();
  if (addon === undefined) {
    const { reason } = native as { readonly reason: string };
    throw new StartError((call) => `${call('user')} needs the native addon: ${reason}`);
  }
  const { user, uid, gid } = findAccount(addon, name);
  if (process.geteuid?.() === uid && process.getegid?.() === gid) return undefined;
  if (process.geteuid?.() !== 0) throw refused(name, 'only root may become another user');
  if (uid === 0) throw refused(name, 'that is root, who keeps every right');
  return {
    begin() {
      addon.actAs(user, gid);
      roots.forEach(mayEnter);
      // Parts of it are loaded when they are first needed.
      const own = fileURLToPath(import.meta.url);
      if (!isAllowed(own, constants.R_OK))
        throw refused(name, `may not read this program (${own})`);
    },
    asRoot(work) {
      addon.filesAs(0);
      try {
        work();
      } finally {
        addon.filesAs(uid);
      }
    },
    end: () => addon.stay(uid, gid),
    explain(error) {
      if (!(error instanceof StartError) || codeOf(error.cause) !== 'EACCES') return error;
      const told = (call: Call) => `${error.toldBy(call)} (${call('user')} ${name})`;
      return new StartError(told, { cause: error });
    },
  };
}

/** Those of these files that this user cannot read again, when the certificates are renewed. */
export function unreadable({ tlsCert, tlsKey, tlsPassphraseFile, tlsStaple }: Options): string[] {
  return [tlsCert, tlsKey, tlsPassphraseFile, tlsStaple]
    .flatMap((files) => files ?? [])
    .filter((file) => !isPem(file) && !isAllowed(file, constants.R_OK));
}

export function isAllowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

function findAccount(addon: NativeAddon, name: string) {
  const [user = '', group = ''] = name.split(':');
  const [uid, gid] = addon.findAccount(user, group);
  if (uid < 0) throw refused(name, `there is no user ${user}`);
  if (gid < 0) {
    const reason =
      group === '' ? `user ${user} has no entry: name a group too` : `no group ${group}`;
    throw refused(name, reason);
  }
  return { user, uid, gid };
}

/** Without that, every answer would be 403. What else is wrong with it the server says itself. */
function mayEnter(root: string): void {
  try {
    accessSync(root, constants.X_OK);
  } catch (error) {
    if (codeOf(error) === 'EACCES') throw cannotServe(root, error);
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

function refused(name: string, reason: string): StartError {
  return new StartError((call) => `${call('user')}: ${name}: ${reason}`);
}
