// How body bytes travel: one choice, made from data, with its reason.
import type { Terms } from './policy.ts';
import type { Choice, Reach, Representation } from './types.ts';

type StrategyTerms = Pick<Terms, 'limits' | 'reach'>;

/** Chooses how `length` body bytes of a file are sent. The first rule that applies gives the reason. */
export function chooseStrategy(
  file: Representation,
  length: number,
  { limits, reach }: StrategyTerms,
): Choice {
  const { forced } = limits;
  if (forced === 'read') return { strategy: 'read', reason: 'forced' };
  if (reach === 'none') return { strategy: 'read', reason: 'no-addon' };
  if (forced !== 'auto') return force(forced, file, reach);

  if (!file.trusted) return { strategy: 'read', reason: 'filesystem' };
  // Any span of a file in memory goes from memory, however far descriptors get and whatever sendfile thinks of it.
  if (file.cached) return { strategy: 'mmap', reason: 'hot' };
  if (!takesDescriptors(reach)) return { strategy: 'read', reason: bytesOnly(reach) };
  if (file.refused) return { strategy: 'read', reason: 'refused' };
  if (length >= limits.sendfileMin) return { strategy: 'sendfile', reason: 'size' };
  if (file.size > limits.mmapMax) return { strategy: 'read', reason: 'size' };
  return { strategy: 'read', reason: file.crowded === true ? 'budget' : 'cold' };
}

/** A forced strategy outranks the thresholds and distrust of the file system, never what is possible. */
function force(strategy: 'mmap' | 'sendfile', file: Representation, reach: Reach): Choice {
  if (strategy === 'mmap') {
    return file.cached
      ? { strategy: 'mmap', reason: 'forced' }
      : { strategy: 'read', reason: file.crowded === true ? 'budget' : 'cold' };
  }
  if (!takesDescriptors(reach)) return { strategy: 'read', reason: bytesOnly(reach) };
  if (file.refused) return { strategy: 'read', reason: 'refused' };
  return { strategy: 'sendfile', reason: 'forced' };
}

/** Can a body within this reach leave by sendfile? */
export function takesDescriptors(reach: Reach): boolean {
  return reach === 'engine' || reach === 'socket';
}

/** Are answers with a memo repeated there, without asking again? */
export function repeats(reach: Reach): boolean {
  return reach === 'engine' || reach === 'engine-tls';
}

function bytesOnly(reach: Reach): 'transport' | 'tls' {
  return reach === 'tls' || reach === 'engine-tls' ? 'tls' : 'transport';
}

/**
 * May more uses still bring this file into the mmap cache? Then its uses must be counted, and the
 * engine must not answer for it unasked.
 */
export function isWarming(file: Representation, { limits, reach }: StrategyTerms): boolean {
  if (file.cached || file.crowded === true || file.size === 0) return false;
  if (reach === 'none') return false;
  if (limits.forced === 'auto') return file.trusted && file.size <= limits.mmapMax;
  return limits.forced === 'mmap' && file.size <= limits.mmapMax;
}
