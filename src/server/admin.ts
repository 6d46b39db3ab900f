// The admin listener of one server: what it is told, and when it says that the server is ready.
import { stat } from 'node:fs/promises';
import type { NativeAddon } from '../addon/types.ts';
import { type Admin, startAdmin } from '../admin/admin.ts';
import type { About, Stats } from '../admin/observed.ts';
import type { Log } from '../log/log.ts';
import type { HostPort } from '../options/operating.ts';
import { plainListener } from '../rules/listeners.ts';
import { bindBy } from '../transport/listening-sockets.ts';
import { type Held, heldBy } from './listeners.ts';
import { cannotAdminister } from './problems.ts';

export interface Administered {
  readonly addon: NativeAddon | undefined;
  /** Where its socket is among them, it is taken over. */
  readonly sockets: readonly Held[];
  readonly log: Log;
  about(): About;
  /** To be there. */
  root(): string;
  stats(): Stats;
  /** Has it begun to stop? */
  isDraining(): boolean;
}

export interface AdminListening extends Admin {
  readonly held: Held;
}

/** Rejects with a StartError that names the option. */
export async function listenForAdmin(
  address: HostPort,
  { addon, sockets, log, about, root, stats, isDraining }: Administered,
): Promise<AdminListening> {
  const lookAtRoot = rootLook(root);
  const observed = {
    get about() {
      return about();
    },
    stats,
    unready: async () => (isDraining() ? 'draining' : lookAtRoot()),
  };
  try {
    const held =
      sockets.find(({ keys }) => keys.includes(adminKey(address))) ?? (await hold(address, addon));
    const [socket] = held.descriptors;
    const descriptor = socket === undefined ? undefined : addon?.duplicate(socket);
    try {
      return { ...(await startAdmin({ ...address, descriptor, observed, log })), held };
    } catch (error) {
      if (!sockets.includes(held)) held.release();
      throw error;
    }
  } catch (error) {
    throw cannotAdminister(address, error);
  }
}

export function adminKey({ host, port }: HostPort): string {
  return `admin ${host}:${port}`;
}

/** Without the addon, node binds by itself: then nobody can take it over. */
async function hold(address: HostPort, addon: NativeAddon | undefined): Promise<Held> {
  const keys = [adminKey(address)];
  if (addon === undefined) return heldBy(keys, { address, descriptors: [], close() {} });
  const one = { count: 1, shared: false };
  return heldBy(keys, await bindBy(addon, plainListener(address), one, () => {}));
}

/** A disk that has not said by then whether the root is there does not serve it either. */
const PATIENCE_MS = 1000;

/** Why nothing can be served from the root. A disk that hangs has one look waiting, however many ask. */
function rootLook(root: () => string): () => Promise<string | undefined> {
  let looking: Promise<string | undefined> | undefined;
  const look = () =>
    stat(root())
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
