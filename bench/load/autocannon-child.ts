// The process that runs autocannon: a Load as JSON in its argument, a LoadResult as JSON on stdout.
import { createHistogram } from 'node:perf_hooks';
import autocannon from 'autocannon';
import { clientTls } from '../certificate.ts';
import type { Load, LoadResult } from './load.ts';

const load = JSON.parse(process.argv[2] ?? '') as Load;
const histogram = createHistogram({ lowest: 1, highest: 60_000_000, figures: 3 });

const cpuBefore = process.cpuUsage();
const instance = autocannon(
  {
    url: load.url.toString(),
    connections: load.connections,
    pipelining: load.pipelining,
    duration: load.seconds,
    timeout: 60,
    tlsOptions: clientTls(),
    requests: load.requests.map(({ path, headers }) => ({
      path,
      headers: load.keepAlive ? headers : { ...headers, connection: 'close' },
    })),
    ...(load.coreCount > 1 ? { workers: load.coreCount } : {}),
  },
  (error: Error | null, result: autocannon.Result) => {
    if (error !== null) throw error;
    const cpu = process.cpuUsage(cpuBefore);
    process.stdout.write(`${JSON.stringify(summarise(result, cpu.user + cpu.system))}\n`);
  },
);
// autocannon's own histogram counts whole milliseconds. Its workers report no single times.
instance.on('response', (_client, _status, _bytes, milliseconds) => {
  histogram.record(Math.max(1, Math.round(milliseconds * 1000)));
});

function summarise(result: autocannon.Result, cpuMicroseconds: number): LoadResult {
  const right = result.statusCodeStats?.[`${load.status}`]?.count ?? 0;
  const wrong = result.requests.total - right;
  const single = histogram.count > 0;
  return {
    seconds: result.duration,
    requests: right,
    bytes: result.throughput.total,
    latency: {
      p50: single ? histogram.percentile(50) : result.latency.p50 * 1000,
      p99: single ? histogram.percentile(99) : result.latency.p99 * 1000,
      p999: single ? histogram.percentile(99.9) : result.latency.p99_9 * 1000,
      max: single ? histogram.max : result.latency.max * 1000,
    },
    errors: result.errors + result.timeouts + wrong,
    cpuSeconds: cpuMicroseconds / 1e6,
    startSeconds: (cpuBefore.user + cpuBefore.system) / 1e6,
  };
}
