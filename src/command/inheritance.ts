// The listening sockets of the process whose place this one takes (hand-over.ts is the other side).
import { closeSync, writeSync } from 'node:fs';
import { loadNative } from '../addon/load.ts';
import { StartError } from '../options/table.ts';
import { type Held, heldBy } from '../server/listeners.ts';
import { holdFile } from '../server/socket-file.ts';

/** Of the new process: tells it what it gets. */
export const VARIABLE = '_ZCSERVE_HANDED';

/** What it says when it listens. */
export const READY = 'ready\n';

export interface Handed {
  /** Who gives: a variable may outlive what it says. */
  readonly from: number;
  readonly sockets: ReadonlyArray<Pick<Held, 'keys' | 'descriptors'>>;
  /** How many sockets were systemd's (`fd:3` and on). */
  readonly activated: number;
  /** Where it says that it listens. */
  readonly ready: number;
}

export interface Inheritance {
  /** The process that has the sockets yet. */
  readonly from: number;
  readonly sockets: readonly Held[];
  readonly activated: number;
  /** This process listens: what it has not taken of the sockets is closed. */
  accept(taken: readonly Held[]): void;
}

/** Undefined where this process was started otherwise. Takes the variable away. Throws where the sockets cannot be used. */
export function inheritance(env: NodeJS.ProcessEnv): Inheritance | undefined {
  const handed = handedBy(env);
  delete env[VARIABLE];
  if (handed === undefined) return undefined;
  const { addon } = loadNative();
  if (addon === undefined) {
    throw new StartError('sockets of another process can be taken with the native addon only');
  }
  const { from, activated, ready } = handed;
  // Until then their files are those of the process that goes on if this one fails.
  let accepted = false;
  const sockets = handed.sockets.map(({ keys, descriptors }) => {
    const [address] = descriptors.map((descriptor) => addon.adopt(descriptor));
    if (address === undefined) throw new StartError('a listener without a socket was handed over');
    const close = () => addon.closeSockets(descriptors);
    const removeFile = address.path === undefined ? () => {} : holdFile(address.path);
    return heldBy(keys, { address, descriptors, close }, () => accepted && removeFile());
  });
  return {
    from,
    sockets,
    activated,
    accept(taken) {
      accepted = true;
      for (const held of sockets) if (!taken.includes(held)) held.release();
      try {
        writeSync(ready, READY);
      } catch {
        // Whoever has started this process does not wait any more.
      }
      closeSync(ready);
    },
  };
}

/** To be kept where the process becomes another program. */
export function handedDescriptors(env: NodeJS.ProcessEnv): number[] {
  const handed = handedBy(env);
  return handed ? [...handed.sockets.flatMap(({ descriptors }) => descriptors), handed.ready] : [];
}

function handedBy(env: NodeJS.ProcessEnv): Handed | undefined {
  const handed = JSON.parse(env[VARIABLE] ?? 'null') as Handed | null;
  return handed?.from === process.ppid ? handed : undefined;
}
