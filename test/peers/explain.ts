// Tells intended differences from others, and finds those that are listed and no longer occur.
import { DIFFERENCES, type Difference, type Seen } from './differences.ts';
import type { PeerName } from './pairs.ts';

/** One aspect of one case in which a peer and zcserve differ. */
export interface Found {
  readonly peer: PeerName;
  readonly title: string;
  readonly aspect: string;
  readonly ours: string;
  readonly theirs: string;
}

export interface Explanation {
  readonly unexplained: readonly Found[];
  /** Listed, and seen with no case of that peer. */
  readonly stale: ReadonlyArray<{
    readonly what: string;
    readonly peer: PeerName;
    readonly where: RegExp;
  }>;
}

export function explain(
  found: readonly Found[],
  differences: readonly Difference[] = DIFFERENCES,
): Explanation {
  const unexplained = found.filter(
    (each) => !differences.some(({ seen }) => seen.some((one) => matches(one, each))),
  );
  const stale = differences.flatMap(({ what, seen }) =>
    seen.flatMap((one) =>
      one.peers
        .filter((peer) => !found.some((each) => each.peer === peer && matches(one, each)))
        .map((peer) => ({ what, peer, where: one.where })),
    ),
  );
  return { unexplained, stale };
}

function matches(seen: Seen, found: Found): boolean {
  return (
    seen.peers.includes(found.peer) &&
    seen.where.test(found.title) &&
    seen.aspect.test(found.aspect) &&
    seen.ours.test(found.ours) &&
    seen.theirs.test(found.theirs)
  );
}
