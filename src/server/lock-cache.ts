// `lockCache`: the memory cache stays in memory, or the operator is told why it does not.
import { lockLimit } from '../files/lock-limit.ts';
import type { MemoryCache } from '../files/memory.ts';
import type { Log } from '../log/log.ts';
import type { Options } from '../options/options.ts';
import { StartError } from '../options/table.ts';
import { formatSize } from '../plan/listing.ts';

/** Throws a StartError for `on` where it cannot be had; for `auto`, that is a warning. */
export function lockCache(
  memory: Pick<MemoryCache, 'lock' | 'capacity'>,
  { lockCache: wanted }: Pick<Options, 'lockCache'>,
  log: Log,
): void {
  if (wanted === 'off') return;
  const refusal = memory.lock();
  if (refusal === undefined) return;
  const reason = reasonOf(refusal, memory.capacity);
  if (wanted === 'on') throw new StartError((call) => `${call('lockCache')}: ${reason}`);
  log.warn(`the memory cache is not locked: ${reason}`);
}

/** `refusal`: as of `MemoryCache.lock`; `capacity`: bytes. */
export function reasonOf(refusal: string, capacity: number): string {
  switch (refusal) {
    case 'no-cache':
      return 'there is no memory cache of copies here';
    case 'ENOMEM':
    case 'EPERM': {
      const hard = lockLimit()?.hard ?? 0;
      return `a cache of ${formatSize(capacity)} is more than this process may lock (${formatSize(hard)}: RLIMIT_MEMLOCK, LimitMEMLOCK= of systemd, --ulimit memlock of Docker), or may lock beside what it has locked already`;
    }
    case 'ENOSYS':
      return 'this kernel cannot lock what is only reserved (mlock2, Linux 4.4)';
    default:
      return refusal;
  }
}
