// The file of a Unix socket: that of a dead server makes room for ours, and ours goes with us.
import { promises as fs, lstatSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';

/** Removes a socket on which nobody listens. Rejects with an Error that has `code` where something else stands there. */
export async function makeRoom(path: string): Promise<void> {
  const stat = await fs.lstat(path).catch(() => undefined);
  if (stat === undefined) return;
  if (!stat.isSocket()) throw fault(path, 'EEXIST');
  const refusal = await knock(path);
  if (refusal !== 'ECONNREFUSED') throw fault(path, 'EADDRINUSE');
  await fs.unlink(path);
}

function fault(path: string, code: string): Error {
  return Object.assign(new Error(path), { code });
}

/** Why nobody can be reached there; undefined where somebody is. */
function knock(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code));
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
  });
}

/** Returns how to remove the file that stands there now: not one that somebody has put in its place. */
export function holdFile(path: string): () => void {
  const identity = identityOf(path);
  return () => {
    if (identity !== undefined && identityOf(path) === identity) unlinkSync(path);
  };
}

/** Undefined where nothing stands there. */
function identityOf(path: string): string | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false, bigint: true });
  return stat && `${stat.dev}:${stat.ino}`;
}
