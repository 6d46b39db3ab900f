// What answers are made by: what the operator decides, and what the connection takes.

import type { FieldList } from '../http/field-list.ts';
import type { Reach, StrategyLimits } from './types.ts';

/** The operator's part; fixed for a site's life. */
export interface PlanPolicy {
  readonly limits: StrategyLimits;
  /** Ranges that one request may ask for; more are answered by the whole file. 0 = no ranges at all. */
  readonly maxRanges: number;
  /** Accept-Ranges of files; none where nothing is to be said of ranges. */
  readonly acceptRanges: 'bytes' | 'none' | undefined;
  /** Add Server-Timing with strategy and reason to answers that carry a file. */
  readonly serverTiming: boolean;
  /** Origins that may read answers: none, `['*']`, or a list of serialised origins (WHATWG Fetch). */
  readonly cors: readonly string[];
  /** Are digests sent (RFC 9530)? Then the client has a say. */
  readonly digest: boolean;
  /** Fields of every answer that is not a file's: errors, redirects, listings (`Rules.common`). */
  readonly common: FieldList;
}

/** For one request. */
export interface Terms extends PlanPolicy {
  readonly reach: Reach;
}

/** The terms of each reach, so that a request needs none of its own. */
export function termsOf(policy: PlanPolicy): { readonly [reach in Reach]: Terms } {
  const within = (reach: Reach): Terms => ({ ...policy, reach });
  return {
    engine: within('engine'),
    'engine-tls': within('engine-tls'),
    socket: within('socket'),
    memory: within('memory'),
    tls: within('tls'),
    none: within('none'),
  };
}
