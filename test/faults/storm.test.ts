// Files are cut, restored, rewritten in place and replaced while they are requested, on every transport and strategy.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { freePort, startOnPort } from '../../bench/servers/server.ts';
import { nginx } from '../../nginx-compare/nginx.ts';
import { loadNative } from '../../src/addon/load.ts';
import type { OptionsInput } from '../../src/options/options.ts';
import { type Carrier, onEveryCarrier, type Serve } from '../http/carriers.ts';
import { startHost } from '../http/host.ts';
import type { Address } from '../support/client.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { times } from './effort.ts';
import { type Harvest, harvest, isOneVersion, type StormFile, startStorm } from './storm.ts';

const { addon } = loadNative();
const KIB = 1024;
const FILES: readonly StormFile[] = [1, 4, 16, 63, 256, 1024].map((kib) => ({
  name: `${kib}k.bin`,
  size: kib * KIB,
}));

interface Case {
  readonly name: string;
  readonly options: OptionsInput;
  /** Every complete body below this size is one version; above it the kernel sends pages of the file itself. */
  readonly pureBelow: number;
}

const CASES: readonly Case[] = [
  { name: 'auto', options: {}, pureBelow: 32 * KIB },
  {
    name: 'snapshot',
    options: { strategy: 'mmap', mmapMax: '2M', mmapMinUses: 1 },
    pureBelow: Number.POSITIVE_INFINITY,
  },
  {
    name: 'mapped file',
    options: { strategy: 'mmap', mmapMax: '2M', mmapMinUses: 1, mmapSource: 'file' },
    pureBelow: 0,
  },
  { name: 'sendfile', options: { strategy: 'sendfile', sendfileMin: 0 }, pureBelow: 0 },
  {
    name: 'sendfile, verified',
    options: { strategy: 'sendfile', sendfileMin: 0, sendfileVerify: true },
    pureBelow: 0,
  },
  { name: 'read', options: { strategy: 'read' }, pureBelow: Number.POSITIVE_INFINITY },
];

t.test('the check itself tells versions from mixtures', (t) => {
  const one = pattern(4096, 7);
  t.ok(isOneVersion(one));
  t.ok(isOneVersion(one.subarray(0, 1001)));
  const mixed = Buffer.from(one);
  pattern(4096, 8).copy(mixed, 2048, 2048);
  t.notOk(isOneVersion(mixed));
  t.notOk(isOneVersion(Buffer.concat([one.subarray(0, 4000), Buffer.alloc(96)])));
  t.end();
});

onEveryCarrier(t, async (t, serve, carrier) => {
  for (const each of CASES) {
    if (applies(each, carrier)) await t.test(each.name, (t) => blow(t, serve, each));
  }
});

/** Strategies that need the engine are tried where there is one. */
function applies({ options }: Case, carrier: Carrier): boolean {
  if (options.sendfileVerify) return carrier.name === 'native';
  if (options.strategy === 'mmap') return carrier.addon;
  return options.strategy !== 'sendfile' || carrier.sendfile;
}

async function blow(t: Test, serve: Serve, { options, pureBelow }: Case) {
  const root = site(t);
  const origin = await serve({ root, logLevel: 'silent', ...options });
  const sum = await storm(t, root, origin.address);
  const { byStrategy, truncated } = await origin.stats();
  await origin.close();
  t.comment(`${tell(sum)}; ${truncated} noticed; ${ways(byStrategy)}`);
  const wrong = sum.mixed.filter((size) => size < pureBelow);
  t.strictSame(wrong, [], 'every complete body below the sendfile threshold is one version');
  t.ok(sum.whole > 0, 'answers get through');
}

/** A storm over the files, and what clients got. */
async function storm(t: Test, root: string, address: Address): Promise<Harvest> {
  const weather = await startStorm(t, { root, files: FILES, pauseMs: 1 });
  const sum = await harvest(address, FILES, { requests: times(120, 3000), clients: 8 });
  t.comment(`${await weather.stop()} changes`);
  return sum;
}

t.test('what verification costs', { skip: !addon && 'no addon' }, async (t) => {
  const host = startHost(t, { addon: true });
  const root = site(t);
  const sendfile = { root, strategy: 'sendfile', sendfileMin: 0, logLevel: 'silent' } as const;
  for (const sendfileVerify of [false, true]) {
    const { port } = await host.start({ ...sendfile, sendfileVerify });
    const start = performance.now();
    const { whole } = await harvest({ port }, FILES, { requests: times(60, 1200), clients: 1 });
    const each = (performance.now() - start) / whole;
    t.comment(`sendfileVerify=${sendfileVerify}: ${each.toFixed(1)} ms an answer, one client`);
    t.equal(whole, times(60, 1200));
  }
});

// With its cache of open files nginx goes on with the first version of a replaced file for a minute: stale, not mixed.
for (const cache of ['off', 'max=1000'] as const) {
  const title = `nginx on the same storm, open_file_cache ${cache}`;
  t.test(title, { skip: nginx.missing() ?? false }, async (t) => {
    const root = site(t);
    const port = await startNginx(t, root, cache);
    const sum = await storm(t, root, { port });
    t.comment(tell(sum));
    t.ok(sum.whole > 0);
  });
}

async function startNginx(t: Test, root: string, cache: string): Promise<number> {
  const work = makeTree(t);
  const port = await freePort();
  const config = `
    daemon off; pid ${work}/pid; error_log stderr crit; ${process.getuid?.() === 0 ? 'user root;' : ''}
    events {}
    http {
      access_log off; sendfile on; tcp_nopush on; open_file_cache ${cache};
      client_body_temp_path ${work}/1; proxy_temp_path ${work}/2; fastcgi_temp_path ${work}/3;
      uwsgi_temp_path ${work}/4; scgi_temp_path ${work}/5;
      server { listen 127.0.0.1:${port}; root ${root}; }
    }`;
  const path = join(work, 'nginx.conf');
  writeFileSync(path, config);
  const args = ['-p', work, '-c', path];
  const server = await startOnPort(port, { program: 'nginx', args, cores: undefined });
  t.teardown(() => server.stop());
  return port;
}

function site(t: Test): string {
  return makeTree(t, Object.fromEntries(FILES.map(({ name, size }) => [name, { size }])));
}

function tell({ whole, mixed, cut, other, bytes }: Harvest): string {
  return `${whole} whole (${Math.round(bytes / 1e6)} MB compared), ${mixed.length} mixed, ${cut} cut off, ${other} not 200`;
}

function ways(byStrategy: Readonly<Record<string, { readonly responses: number }>>): string {
  return Object.entries(byStrategy)
    .map(([way, { responses }]) => `${way} ${responses}`)
    .join(', ');
}
