// The metrics of streams (--streams): all 0 where there are none.

import type { StoreStats } from '../streams/store/types.ts';
import { byWord, type Metric, plain } from './metric.ts';

const of = (value: (stats: StoreStats) => number): Parameters<typeof plain>[3] => {
  return ({ stats }) => (stats.streams === undefined ? 0 : value(stats.streams));
};

export const streams: readonly Metric[] = [
  plain(
    'gauge',
    'zcserve_streams',
    'Streams that are there.',
    of((stats) => stats.streams),
  ),
  plain(
    'gauge',
    'zcserve_streams_open',
    'Streams whose files are open.',
    of((stats) => stats.open),
  ),
  plain(
    'gauge',
    'zcserve_streams_bytes',
    'Bytes of all streams (at most --streams-quota).',
    of((stats) => stats.storedBytes),
  ),
  byWord(
    'counter',
    'zcserve_streams_appends_total',
    'Appends that were answered, by what became of them.',
    'outcome',
    ({ stats }) => stats.streams?.outcomes ?? {},
  ),
  plain(
    'counter',
    'zcserve_streams_appended_bytes_total',
    'Bytes that were appended.',
    of((stats) => stats.bytes),
  ),
  plain(
    'counter',
    'zcserve_streams_commits_total',
    'Groups of appends, each written at once.',
    of((stats) => stats.commits),
  ),
  plain(
    'counter',
    'zcserve_streams_syncs_total',
    'Syncs of them.',
    of((stats) => stats.syncs),
  ),
  plain(
    'gauge',
    'zcserve_streams_waiting',
    'Appends that wait to be written.',
    of((stats) => stats.waiting),
  ),
  plain(
    'gauge',
    'zcserve_streams_waiting_bytes',
    'Memory that is taken for appends.',
    of((stats) => stats.waitingBytes),
  ),
];
