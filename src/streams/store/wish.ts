// What somebody wants to create: whether a stream that is there is that, and what one that is not would begin with.

import { isSameType } from '../../http/media-type.ts';
import { configOf, type ForkSource, forkPoint, inheritedFrom, inheritsExpiry } from './forks.ts';
import type { Inherited } from './make.ts';
import type { HeaderFork } from './sidecar.ts';
import type { Created, First, Fork, ForkConfig, Room, Stream, StreamConfig } from './types.ts';

export type Wish = {
  readonly first: First | undefined;
  /** Taken for it already. */
  readonly room: Room | undefined;
} & (
  | { readonly config: StreamConfig; readonly fork?: undefined }
  | { readonly config: ForkConfig; readonly fork: WishedFork }
);

export interface WishedFork extends Fork {
  readonly source: (ForkSource & { readonly id: string }) | 'soft-deleted' | undefined;
}

/** A stream as its header has it. */
interface There extends Pick<Stream, 'config' | 'closed'> {
  readonly fork?: HeaderFork | undefined;
}

/** PROTOCOL.md §5.1, and §4.2 for forks: what a request leaves out of a fork is its source's. */
export function isAsWished(there: There, { config, fork, first }: Wish): boolean {
  const { contentType, ttlSeconds, expiresAt } = config;
  const hasType = contentType === undefined || isSameType(contentType, there.config.contentType);
  const isInherited = there.fork?.inherits === true && inheritsExpiry(config);
  const hasExpiry = ttlSeconds === there.config.ttlSeconds && expiresAt === there.config.expiresAt;
  const isClosed = first?.close ?? false;
  return (
    hasType && (hasExpiry || isInherited) && isClosed === there.closed && isFork(there.fork, fork)
  );
}

function isFork(there: HeaderFork | undefined, wished: Fork | undefined): boolean {
  if (there === undefined || wished === undefined) return there === wished;
  return (
    there.from === wished.from &&
    there.subOffset === wished.subOffset &&
    (wished.offset === undefined || there.offset === wished.offset)
  );
}

export interface Beginning {
  readonly kind: 'beginning';
  readonly config: StreamConfig;
  readonly fork: HeaderFork | undefined;
  readonly inherited: Inherited | undefined;
}

/** Or why there can be no such fork. Rejects with an Error that has `code`. */
export async function beginningOf(wish: Wish): Promise<Beginning | Created> {
  if (wish.fork === undefined) {
    return { kind: 'beginning', config: wish.config, fork: undefined, inherited: undefined };
  }
  const { source, from, subOffset, offset } = wish.fork;
  if (source === undefined) return { kind: 'no-source' };
  if (source === 'soft-deleted') return { kind: 'source-soft-deleted' };
  const { contentType } = wish.config;
  if (contentType !== undefined && !isSameType(contentType, source.config.contentType)) {
    return { kind: 'other-type' };
  }
  const point = await forkPoint(source, wish.fork);
  if (point === undefined) return { kind: 'bad-offset' };
  const inherits = inheritsExpiry(wish.config);
  return {
    kind: 'beginning',
    config: configOf(wish.config, source.config),
    fork: { from, id: source.id, offset: offset ?? source.tail, subOffset, inherits },
    inherited: inheritedFrom(source, point),
  };
}
