// Which stream a path names, below the prefix of all streams. Pure.
import { parseTarget, type Target } from '../http/target.ts';

export type Place =
  | { readonly kind: 'stream'; readonly name: string }
  /** Below the prefix, and no stream's: the prefix itself, and what the protocol keeps for itself (§6). */
  | { readonly kind: 'reserved' };

/** First segment of the names for subscriptions, which there are none of here. */
const RESERVED = '__ds';

/**
 * Undefined where the path is not below the prefix (as in requests, decoded and without a slash at its end). A name is what
 * follows, decoded; a slash at its end names something else.
 */
export function placeOf(target: Target, prefix: string): Place | undefined {
  if (target.kind !== 'path') return undefined;
  const { path, slash } = target;
  if (path === prefix) return { kind: 'reserved' };
  if (!path.startsWith(`${prefix}/`)) return undefined;
  const name = path.slice(prefix.length + 1);
  const isReserved = slash || name === RESERVED || name.startsWith(`${RESERVED}/`);
  return isReserved ? { kind: 'reserved' } : { kind: 'stream', name };
}

/** The stream that a path, as in requests, names in a field (Stream-Forked-From); undefined where it names none. */
export function namedIn(field: string, prefix: string): string | undefined {
  const place = placeOf(parseTarget(field), prefix);
  return place?.kind === 'stream' ? place.name : undefined;
}
