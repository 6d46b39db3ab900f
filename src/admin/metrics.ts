// Every metric of ours.
import { WIRE } from '../addon/wire.ts';
import { byWord, histogram, type Metric, plain } from './metric.ts';
import { streams } from './stream-metrics.ts';
import { VERSION } from './version.ts';

/** By strategy and reason; what is no file's has no reason of its own. */
function byWay(name: string, help: string, what: 'responses' | 'bytes'): Metric {
  return {
    name,
    type: 'counter',
    help,
    labels: ['strategy', 'reason'],
    read: ({ stats }) =>
      Object.entries(stats.byStrategy).map(([way, tally]) => {
        const [strategy = '', reason = ''] = way.split(':');
        return { labels: { strategy, reason }, value: tally[what] };
      }),
  };
}

const responses: readonly Metric[] = [
  {
    name: 'zcserve_http_responses_total',
    type: 'counter',
    help: 'Answers that have ended, whole or not, by protocol and status.',
    labels: ['protocol', 'status'],
    read: ({ stats }) =>
      WIRE.protocols.flatMap((protocol) =>
        Object.entries(stats.byStatus[protocol] ?? {}).map(([status, value]) => ({
          labels: { protocol, status },
          value,
        })),
      ),
  },
  byWord(
    'counter',
    'zcserve_http_responses_cut_total',
    'Answers that were not sent whole: the client left or took too little, the file changed or could not be read, the server stopped.',
    'cause',
    ({ stats }) => ({
      client: stats.aborted,
      file: stats.truncated,
      stop: stats.cancelled,
    }),
  ),
  byWay(
    'zcserve_http_responses_whole_total',
    'Answers that were sent whole, by how their bodies left and why.',
    'responses',
  ),
  byWay(
    'zcserve_http_response_bytes_total',
    'Bytes of bodies that the kernel took, by how they left and why.',
    'bytes',
  ),
  histogram(
    'zcserve_http_response_duration_seconds',
    'Of answers that were sent whole: from the head of the request to the last byte that the kernel took.',
    1000,
    ({ stats }) => stats.durations,
  ),
  histogram(
    'zcserve_http_response_size_bytes',
    'Of answers that were sent whole: bytes of the body.',
    1,
    ({ stats }) => stats.sizes,
  ),
  plain(
    'gauge',
    'zcserve_http_responses_in_flight',
    'Bodies that are being sent.',
    ({ stats }) => stats.transfers,
  ),
  byWord(
    'counter',
    'zcserve_http_answers_total',
    'Answers by who made them: the engine had it prepared, the engine opened the file, or JavaScript planned it.',
    'by',
    ({ stats }) => ({ prepared: stats.hot, opened: stats.opened, planned: stats.planned }),
  ),
  plain(
    'counter',
    'zcserve_http_timeouts_total',
    'Request heads that came too slowly, and answers that were taken too slowly.',
    ({ stats }) => stats.timeouts,
  ),
  plain(
    'counter',
    'zcserve_sendfile_refused_total',
    'Answers whose file the kernel would not send by sendfile, so that it was read.',
    ({ stats }) => stats.refused,
  ),
];

const connections: readonly Metric[] = [
  plain(
    'counter',
    'zcserve_connections_accepted_total',
    'Connections accepted, those rejected among them.',
    ({ stats }) => stats.accepted,
  ),
  plain(
    'counter',
    'zcserve_connections_rejected_total',
    'Connections turned away over --max-connections.',
    ({ stats }) => stats.rejected,
  ),
  plain('gauge', 'zcserve_connections', 'Open connections.', ({ stats }) => stats.connections),
  plain(
    'gauge',
    'zcserve_connections_limit',
    'Most connections at a time (--max-connections).',
    ({ about }) => about.limits.connections,
  ),
  plain(
    'counter',
    'zcserve_http2_connections_total',
    'Connections that spoke HTTP/2.',
    ({ stats }) => stats.http2,
  ),
  byWord(
    'counter',
    'zcserve_tls_handshakes_total',
    'TLS handshakes that were completed, by version.',
    'version',
    ({ stats }) => ({ '1.2': stats.tls12, '1.3': stats.handshakes - stats.tls12 }),
  ),
  plain(
    'counter',
    'zcserve_tls_resumptions_total',
    'TLS handshakes that were completed by a ticket of an earlier one.',
    ({ stats }) => stats.resumed,
  ),
  plain(
    'counter',
    'zcserve_tls_handshakes_unfinished_total',
    'TLS handshakes that were not completed.',
    ({ stats }) => stats.unfinished,
  ),
  plain(
    'counter',
    'zcserve_tls_sealed_connections_total',
    'Connections whose TLS records the engine makes itself.',
    ({ stats }) => stats.sealed,
  ),
];

const files: readonly Metric[] = [
  plain(
    'gauge',
    'zcserve_open_files',
    'Descriptors of files that are kept open.',
    ({ stats }) => stats.files.descriptors,
  ),
  plain(
    'gauge',
    'zcserve_open_files_limit',
    'Most descriptors that are kept open (--max-open-files).',
    ({ about }) => about.limits.openFiles,
  ),
  plain(
    'gauge',
    'zcserve_remembered_paths',
    'Paths of which it is remembered where they lead.',
    ({ stats }) => stats.files.paths,
  ),
  byWord(
    'gauge',
    'zcserve_memory_cache_bytes',
    'Memory that cached files take, by who keeps them.',
    'keeper',
    ({ stats }) => ({ engine: stats.copied, javascript: stats.files.memory.bytes }),
  ),
  byWord(
    'gauge',
    'zcserve_memory_cache_files',
    'Files in memory, by who keeps them.',
    'keeper',
    ({ stats }) => ({ engine: stats.kept, javascript: stats.files.memory.entries }),
  ),
  plain(
    'gauge',
    'zcserve_memory_cache_limit_bytes',
    'Size of the memory cache (--cache-size).',
    ({ about }) => about.limits.cacheBytes,
  ),
  plain(
    'counter',
    'zcserve_memory_cache_hits_total',
    'Answers planned in JavaScript whose file was in memory.',
    ({ stats }) => stats.files.memory.hits,
  ),
  plain(
    'counter',
    'zcserve_memory_cache_misses_total',
    'Answers planned in JavaScript whose file was small enough and not in memory.',
    ({ stats }) => stats.files.memory.misses,
  ),
  plain(
    'gauge',
    'zcserve_encoded_forms',
    'Encoded forms that were made here and are kept, and files that got no smaller (--compress).',
    ({ stats }) => stats.files.encoded?.forms ?? 0,
  ),
  plain(
    'gauge',
    'zcserve_encoded_bytes',
    'What they take together (at most --compress-size).',
    ({ stats }) => stats.files.encoded?.size ?? 0,
  ),
  plain(
    'gauge',
    'zcserve_encoding_waiting',
    'Forms that are being made, or wait for it.',
    ({ stats }) => stats.files.encoded?.waiting ?? 0,
  ),
];

export const METRICS: readonly Metric[] = [
  {
    name: 'zcserve_build_info',
    type: 'gauge',
    help: 'Always 1: the version, and who speaks HTTP.',
    labels: ['version', 'transport'],
    read: ({ about }) => [{ labels: { version: VERSION, transport: about.transport }, value: 1 }],
  },
  ...responses,
  ...connections,
  ...files,
  ...streams,
  byWord(
    'counter',
    'zcserve_log_lines_dropped_total',
    'Lines that could not be written, of the log and of the access log.',
    'log',
    ({ logLinesDropped, stats }) => ({
      server: logLinesDropped,
      access: stats.accessLog?.lost ?? 0,
    }),
  ),
];
