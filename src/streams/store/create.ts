// Creates a stream that is not there: within the limits, and with what has to be said to its source before.
import { codeOf } from '../../files/errno.ts';
import type { Shared } from './file-stream.ts';
import { type Made, makeStream, newId } from './make.ts';
import type { StreamFileNames } from './names.ts';
import type { Header } from './sidecar.ts';
import type { Created } from './types.ts';
import { type Beginning, beginningOf, type Wish } from './wish.ts';

export type Creation = { readonly kind: 'made'; readonly made: Made } | Created;

/** Of a source: notes a fork before it is there, so that none can be there of which it does not know. */
export interface Forkable {
  /** Undefined when it is noted, else an errno's name, or `gone`. */
  addFork(fork: string): Promise<string | undefined>;
  removeFork(fork: string): Promise<unknown>;
}

/** Rejects with an Error that has `code`. */
export async function createStream(
  shared: Shared,
  name: string,
  names: StreamFileNames,
  wish: Wish,
  source: Forkable | undefined,
): Promise<Creation> {
  const beginning = await beginningOf(wish);
  if (beginning.kind !== 'beginning') return beginning;
  const { options, rooms, space } = shared;
  const added = wish.first?.bytes.length ?? 0;
  const tail = added + (beginning.inherited?.bytes ?? 0);
  if (added > options.maxAppend) return { kind: 'too-large', of: 'append' };
  if (tail > options.maxStream) return { kind: 'too-large', of: 'stream' };
  const room = wish.room ?? rooms.take(added);
  if (room === undefined) return { kind: 'busy' };
  try {
    const refused = space.take(tail);
    if (refused !== undefined) return refused;
    const creation = await noted(name, source, () => make(shared, name, names, beginning, wish));
    if (creation.kind !== 'made') space.give(tail);
    return creation;
  } finally {
    if (wish.room === undefined) room.free();
  }
}

async function noted(
  name: string,
  source: Forkable | undefined,
  create: () => Promise<Creation>,
): Promise<Creation> {
  if (source === undefined) return create();
  const failure = await source.addFork(name);
  if (failure === 'gone') return { kind: 'no-source' };
  if (failure !== undefined) return { kind: 'failed', errno: failure };
  const creation = await create();
  if (creation.kind !== 'made') await source.removeFork(name);
  return creation;
}

async function make(
  { disk, options, now }: Shared,
  name: string,
  names: StreamFileNames,
  { config, fork, inherited }: Beginning,
  { first }: Wish,
): Promise<Creation> {
  const header: Header = { stream: name, id: newId(), createdMs: now(), config, fork };
  const isSynced = options.durability !== 'none';
  try {
    const made = await makeStream(disk, names, header, inherited, first, isSynced);
    return { kind: 'made', made };
  } catch (error) {
    return { kind: 'failed', errno: codeOf(error) };
  }
}
