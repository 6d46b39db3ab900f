// npm run bench:compress: what --compress=on costs and saves over HTTPS, beside off: a hot script, and scripts that are asked for once.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { certificate } from './certificate.ts';
import { untilEncoded } from './encoded/made-once.ts';
import { findWrk, WRK_MISSING } from './load/wrk.ts';
import { measure } from './measure.ts';
import { findPinning } from './process.ts';
import { number, times, withSpread } from './report/format.ts';
import { table } from './report/table.ts';
import { figure, type Sample } from './results.ts';
import type { Asked } from './scenario.ts';
import { getHttps } from './scenarios.ts';
import type { RunningServer } from './servers/server.ts';
import { zcserveWith } from './servers/zcserve.ts';
import { KIB, text } from './site.ts';

const FILES = 4000;
const ACCEPTED = { 'Accept-Encoding': 'gzip, deflate, br, zstd' };
const HOT = [30 * KIB, 300 * KIB];

const { rounds, seconds } = await yargs(hideBin(process.argv))
  .scriptName('npm run bench:compress --')
  .option('rounds', { type: 'number', default: 5, describe: 'Turns of each' })
  .option('seconds', { type: 'number', default: 1, describe: 'Length of a turn, whole seconds' })
  .strict()
  .parse();

const found = findWrk();
if (found === undefined) throw new Error(WRK_MISSING);
const generator = found;
const pinning = findPinning();
const root = mkdtempSync(join(tmpdir(), 'zcserve-compress-'));
const asked = (path: string) => ({ path, headers: ACCEPTED });
const once: Asked = {
  requests: Array.from({ length: FILES }, (_, at) => asked(`/once-${at}.js`)),
  once: true,
};

try {
  const write = (path: string, size: number) =>
    writeFileSync(join(root, path), Buffer.concat([...text({ path, size, content: 'text' })]));
  for (const size of HOT) write(`/hot-${size}.js`, size);
  // As in the scenarios of many files.
  for (const [at, { path }] of once.requests.entries()) write(path, KIB * (1 + (at % 4)));
  const rows = ['each once', ...HOT.map((size) => `${size / KIB} KiB, hot`)];
  const samples = rows.map(() => ({ off: [] as Sample[], on: [] as Sample[] }));
  for (let round = 0; round < rounds; round++) {
    for (const way of ['off', 'on'] as const) {
      const place = { root, work: root, cores: pinning?.server, certificate };
      const server = await zcserveWith('', [`--compress=${way}`]).start(place);
      try {
        samples[0]?.[way].push(await turn(server, once));
        for (const [at, size] of HOT.entries()) {
          const path = `/hot-${size}.js`;
          if (way === 'on') await untilEncoded(server.url, asked(path));
          samples[at + 1]?.[way].push(await turn(server, { requests: [asked(path)], once: false }));
        }
      } finally {
        await server.stop();
      }
    }
  }
  console.log(
    table(
      ['HTTPS', 'CPU µs/request, off', 'on', 'on ÷ off', 'bytes/answer, off', 'on', 'on ÷ off'],
      rows.map((name, at) => {
        const { off = [], on = [] } = samples[at] ?? {};
        const cpu = [off, on].map((each) => figure(each, (sample) => sample.cpu));
        const bytes = [off, on].map(
          (each) =>
            figure(each, (sample) => sample.bytesPerSecond / sample.requestsPerSecond).median,
        );
        const [cpuOff, cpuOn] = cpu.map(({ median }) => median) as [number, number];
        const [bytesOff, bytesOn] = bytes as [number, number];
        return [
          ...[name, ...cpu.map(withSpread), times(cpuOn / cpuOff)],
          ...[...bytes.map(number), times(bytesOn / bytesOff)],
        ];
      }),
    ),
  );
} finally {
  rmSync(root, { recursive: true, force: true });
}

function turn(server: RunningServer, list: Asked): Promise<Sample> {
  return measure(server, {
    ...{ scenario: getHttps(KIB), asked: list, generator },
    ...{ root, pinning, seconds },
  });
}
