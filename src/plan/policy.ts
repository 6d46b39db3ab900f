// What the operator decides about answers: fixed per server and transport.

import type { FieldList } from '../http/field-list.ts';
import type { StrategyLimits } from './types.ts';

export interface PlanPolicy {
  /** Can the transport repeat answers? Only then do plans have a `memo`. */
  readonly memos: boolean;
  readonly limits: StrategyLimits;
  /** Ranges that one request may ask for; more are answered by the whole file. 0 = no ranges at all. */
  readonly maxRanges: number;
  /** Add Server-Timing with strategy and reason to answers that carry a file. */
  readonly serverTiming: boolean;
  /** Origins that may read answers: none, `['*']`, or a list of serialised origins (WHATWG Fetch). */
  readonly cors: readonly string[];
  /** Fields of every answer that is not a file's: errors, redirects, listings (`Rules.common`). */
  readonly common: FieldList;
}
