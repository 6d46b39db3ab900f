// The admin listener of one server: what it is told, and when it says that the server is ready.
import { stat } from 'node:fs/promises';
import { type Admin, startAdmin } from '../admin/admin.ts';
import type { About, Stats } from '../admin/observed.ts';
import type { Log } from '../log/log.ts';
import type { HostPort } from '../options/operating.ts';
import { cannotAdminister } from './problems.ts';

export interface Administered {
  readonly about: About;
  readonly root: string;
  readonly log: Log;
  stats(): Stats;
  /** Has it begun to stop? */
  isDraining(): boolean;
}

/** Rejects with a StartError that names the option. */
export async function listenForAdmin(
  address: HostPort,
  { about, root, log, stats, isDraining }: Administered,
): Promise<Admin> {
  const lookAtRoot = rootLook(root);
  const observed = {
    about,
    stats,
    unready: async () => (isDraining() ? 'draining' : lookAtRoot()),
  };
  try {
    return await startAdmin({ ...address, observed, log });
  } catch (error) {
    throw cannotAdminister(address, error);
  }
}

/** A disk that has not said by then whether the root is there does not serve it either. */
const PATIENCE_MS = 1000;

/** Why nothing can be served from the root. A disk that hangs has one look waiting, however many ask. */
function rootLook(root: string): () => Promise<string | undefined> {
  let looking: Promise<string | undefined> | undefined;
  const look = () =>
    stat(root)
      .then(
        (found) => (found.isDirectory() ? undefined : 'the root is no directory'),
        (error: NodeJS.ErrnoException) => `the root is gone (${error.code})`,
      )
      .finally(() => {
        looking = undefined;
      });
  return () => {
    looking ??= look();
    const answered = looking;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, PATIENCE_MS, 'the root does not answer');
      answered.then((reason) => {
        clearTimeout(timer);
        resolve(reason);
      });
    });
  };
}
