// npm run bench:front-end: a page by React and Chart.js in Chromium, over a line of 10 Mbit/s: what its first release and, for who
// comes back, its second one take in bytes and time, by what the server has of them.
import type { Browser } from 'playwright-core';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { dictionaryEncoders } from '../src/encode/encoders.ts';
import { launchChromium, missingChromium } from '../test/browser/chromium.ts';
import { certificate } from './certificate.ts';
import { untilEncoded } from './encoded/made-once.ts';
import { buildReleases, type Forms, type Release } from './front-end/releases.ts';
import { type Visit, visit } from './front-end/visit.ts';
import { number } from './report/format.ts';
import { table } from './report/table.ts';
import { figure } from './results.ts';
import { freePort, startOnPort } from './servers/server.ts';
import { CLI } from './servers/zcserve.ts';

interface Way {
  readonly name: string;
  readonly forms: Forms;
  readonly flags: readonly string[];
  /** The server makes the forms: it is asked until it has. */
  readonly warm?: boolean;
}

const WAYS: readonly Way[] = [
  { name: 'nothing', forms: 'none', flags: ['--compress=off'] },
  { name: 'gzip siblings', forms: 'gzip', flags: ['--compress=off'] },
  { name: 'siblings', forms: 'siblings', flags: ['--compress=off'] },
  { name: 'compressed once', forms: 'none', flags: ['--compress=on'], warm: true },
  { name: 'dictionaries', forms: 'dictionaries', flags: ['--compress=off', '--dictionaries'] },
];

/** A page is asked for anew, what its name tells apart is kept: as any such site is served. */
const CACHING = ['--cache-control=no-cache', '--immutable-hashed'];

/** As Chromium's. */
const ACCEPTED = { 'accept-encoding': 'gzip, deflate, br, zstd' };

/** Of gzip's bytes, at most: what the second release by dictionary is to take. */
const CLAIM = 0.1;

const { rounds } = await yargs(hideBin(process.argv))
  .scriptName('npm run bench:front-end --')
  .option('rounds', { type: 'number', default: 7, describe: 'Visitors of each way, by turns' })
  .strict()
  .parse();

if (missingChromium !== undefined) throw new Error(missingChromium);
if (dictionaryEncoders().length === 0) throw new Error('needs Node 24.6 or newer: dictionaries');

const releases = await buildReleases();
const visits = WAYS.map((way) => ({ way, first: [] as Visit[], second: [] as Visit[] }));
await inChromium(async (browser) => {
  for (let round = 0; round < rounds; round++) {
    for (const { way, first, second } of visits) {
      const context = await browser.newContext();
      const port = await freePort();
      first.push(await served(way, releases[0], port, (url) => visitOf(url, releases[0])));
      second.push(await served(way, releases[1], port, (url) => visitOf(url, releases[1])));
      await context.close();

      function visitOf(url: URL, { script, says }: Release): Promise<Visit> {
        return visit(context, url, script, says);
      }
    }
  }
});
report();

async function inChromium(use: (browser: Browser) => Promise<void>): Promise<void> {
  let end: (() => unknown) | undefined;
  const teardown = (release: () => unknown) => {
    end = release;
  };
  try {
    await use(await launchChromium({ teardown }));
  } finally {
    await end?.();
  }
}

/** On the same port for both releases: a visitor comes back to the same origin. */
async function served<T>(
  { forms, flags, warm }: Way,
  { roots, script }: Release,
  port: number,
  use: (url: URL) => Promise<T>,
): Promise<T> {
  const { cert, key } = certificate;
  const at = ['--host=127.0.0.1', `--port=${port}`, `--tls-cert=${cert}`, `--tls-key=${key}`];
  const args = [CLI, roots[forms], ...at, '--quiet', ...CACHING, ...flags];
  const server = await startOnPort(port, { program: process.execPath, args }, certificate);
  try {
    if (warm === true) await untilEncoded(server.url, { path: script, headers: ACCEPTED });
    // The tests' certificate is for this name, and dictionaries are for certificates of a known root or this name.
    return await use(new URL(`https://localhost:${port}/`));
  } finally {
    await server.stop();
  }
}

function report(): void {
  const [one, two] = releases;
  console.log(
    `scripts: ${one.size} and ${two.size} bytes, ${one.gzipped} and ${two.gzipped} by gzip\n`,
  );
  const cells = (samples: readonly Visit[]) => [
    number(figure(samples, ({ bytes }) => bytes).median),
    number(figure(samples, ({ ms }) => ms).median),
    [...new Set(samples.map(({ coding }) => coding || 'none'))].join(' '),
  ];
  console.log(
    table(
      ['', ...['1st release, bytes', 'ms', 'coding'], ...['2nd release, bytes', 'ms', 'coding']],
      visits.map(({ way, first, second }) => [way.name, ...cells(first), ...cells(second)]),
    ),
  );
  const by = visits.find(({ way }) => way.forms === 'dictionaries')?.second ?? [];
  const least = figure(by, ({ scriptBytes }) => scriptBytes).median / two.gzipped;
  console.log(`\nthe second script by dictionary: ${number(least * 100)} % of gzip's bytes`);
  const isDictionary = by.every(({ coding }) => /^dc[bz]$/.test(coding));
  if (!isDictionary || least > CLAIM) {
    console.error(`claimed: by dictionary, and at most ${CLAIM * 100} %`);
    process.exitCode = 1;
  }
}
