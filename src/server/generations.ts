// The generations of one server: the one that serves, and those before it that have clients yet.
import { isDeepStrictEqual } from 'node:util';
import type { Options } from '../options/options.ts';
import { StartError } from '../options/table.ts';
import { sumOf, withoutMoment } from '../transport/totals.ts';
import type { Retirement, TransportStats } from '../transport/transport.ts';
import { type Generation, type Grounds, openGeneration } from './generation.ts';
import { closeListeners, type Held, type ListeningSocket, setModes } from './listeners.ts';

export interface Generations {
  /** The one that serves. */
  readonly current: Generation;
  /** Its sockets. */
  readonly held: readonly Held[];
  /** Of all that there were. */
  stats(): TransportStats;
  /**
   * Serves by these options: listeners that stay lose nobody, and whoever is connected gets what he has asked for and comes
   * anew. `confirm` is called when all is open, and has the last word. Rejects, and all stays as it was, where something
   * cannot be opened.
   */
  replace(options: Options, confirm: (next: Generation) => Promise<void>): Promise<void>;
  /** Another process has the sockets: resolves when the last client has left. */
  leave(): Promise<void>;
  /** Ends all connections, within `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** Rejects as `openGeneration`. */
export async function firstGeneration(
  options: Options,
  grounds: Omit<Grounds, 'before' | 'leftOver'>,
): Promise<Generations> {
  let past: readonly TransportStats[] = [];
  const leftOver = (stats: TransportStats) => {
    past = [sumOf(withoutMoment(stats), past)];
  };
  let current = await openGeneration(options, { ...grounds, before: undefined, leftOver });
  if (grounds.sockets.length > 0) setModes(current.sockets, current.log);
  /** When each will have ended. */
  const leaving = new Map<Generation, Promise<void> | undefined>();

  function retire(generation: Generation): Retirement | undefined {
    const retirement = generation.retire?.();
    const ended = retirement?.ended.then(() => {
      leaving.delete(generation);
      leftOver(generation.transport.stats());
    });
    leaving.set(generation, ended);
    return retirement;
  }

  return {
    get current() {
      return current;
    },
    get held() {
      return heldOf(current);
    },
    stats() {
      const others = [...leaving.keys()].filter((each) => each !== current);
      const before = [...past, ...others.map(({ transport }) => transport.stats())];
      return sumOf(current.transport.stats(), before);
    },
    async replace(wanted, confirm) {
      refuseWhereFixed(current, wanted);
      const sockets = heldOf(current);
      const { native } = grounds;
      const ground = { native, sockets, before: current, beforeOpening() {}, leftOver };
      const next = await openGeneration(wanted, ground);
      try {
        await confirm(next);
      } catch (error) {
        closeListeners(socketsOf(next), sockets);
        // Whom it has taken in gets an answer.
        retire(next);
        throw error;
      }
      const before = current;
      current = next;
      const retirement = retire(before);
      closeListeners(socketsOf(before), heldOf(next));
      setModes(next.sockets, next.log);
      await retirement?.left;
    },
    async leave() {
      for (const held of heldOf(current)) held.leave();
      retire(current);
      // It waits for the streams.
      await current.streams?.close();
      await Promise.all(leaving.values());
    },
    async close(graceMs) {
      const generations = new Set([current, ...leaving.keys()]);
      const ends = [...generations].map((each) => each.close(graceMs));
      // At once: nobody is to wait in a queue from which no more is taken.
      for (const held of heldOf(current)) held.release();
      await Promise.all(ends);
    },
  };
}

function socketsOf({ sockets, redirect }: Generation): ListeningSocket[] {
  return [...sockets, ...(redirect === undefined ? [] : [redirect])];
}

function heldOf(generation: Generation): Held[] {
  return socketsOf(generation).map(({ held }) => held);
}

function refuseWhereFixed({ chosen, retire, options }: Generation, wanted: Options): void {
  const why =
    retire === undefined
      ? "node's own sockets cannot be shared without the native addon"
      : (chosen.name === 'uws') !== (wanted.transport === 'uws')
        ? 'uWebSockets.js keeps its listeners to itself'
        : chosen.name === 'uws' && !isDeepStrictEqual(tlsOf(options), tlsOf(wanted))
          ? 'uWebSockets.js keeps its certificate'
          : undefined;
  if (why === undefined) return;
  throw new StartError((call) => `${call('transport')}: other options need a restart: ${why}`);
}

function tlsOf({ tlsCert, tlsKey, tlsCiphers }: Options): readonly unknown[] {
  return [tlsCert, tlsKey, tlsCiphers];
}
