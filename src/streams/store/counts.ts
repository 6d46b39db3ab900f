// What is counted of all streams of a directory.
import type { Appended } from './types.ts';

export interface AppendCounts {
  appends: number;
  bytes: number;
  waiting: number;
  readonly outcomes: Record<Appended['kind'], number>;
}

export function noCounts(): AppendCounts {
  const outcomes = {
    appended: 0,
    duplicate: 0,
    closed: 0,
    'seq-regressed': 0,
    'stale-epoch': 0,
    'epoch-must-start': 0,
    'seq-gap': 0,
    'too-large': 0,
    quota: 0,
    busy: 0,
    failed: 0,
    gone: 0,
  };
  return { appends: 0, bytes: 0, waiting: 0, outcomes };
}
