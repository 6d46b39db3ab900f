// Memory under pressure: the cache keeps its budget to the page, and what is not there costs nothing.

import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import type { ServerStats } from '../../src/server/server.ts';
import { type Host, startHost } from '../http/host.ts';
import { type Connection, connect, requestBytes } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import { times } from './effort.ts';
import { residentOf } from './process.ts';

const { addon } = loadNative();
const KEEP = { fields: { connection: 'keep-alive' } };

/** Requests that are on their way at the same time, on one connection. */
const DEPTH = 64;

/** Written long enough ago to be copied into the cache. */
const OLD = new Date('2001-01-01T00:00:00Z');

t.test('more small files than the cache can hold', { skip: !addon && 'no addon' }, async (t) => {
  const files = times(2500, 100_000);
  const cacheSize = times(2 ** 20, 2 ** 24);
  // No more files are open than maxOpenFiles: they must be large enough to fill the cache.
  const least = times(300, 4500);
  const nodes = Array.from(
    { length: files },
    (_, i) => [name(i), { size: least + (i % 900) }] as const,
  );
  const root = makeTree(t, Object.fromEntries(nodes));
  const host = startHost(t, { addon: true });
  const server = await host.start({ root, cacheSize, mmapMinUses: 1, logLevel: 'silent' });
  const connection = await connect({ port: server.port });
  let most = 0;
  let mapped = 0;
  let bytes = 0;
  const rounds = times(3, 1);
  for (let round = 0; round < rounds; round++) {
    for (let from = 0; from < files; from += DEPTH) {
      const targets = Array.from({ length: Math.min(DEPTH, files - from) }, (_, i) =>
        name(from + i),
      );
      for (const { length } of await ask(connection, targets)) bytes += length;
      if (from % (DEPTH * 8) !== 0) continue;
      most = Math.max(most, cachePages(host));
      mapped = Math.max(mapped, (await server.stats()).files.memory.bytes);
    }
  }
  const expected = nodes.reduce((sum, [, { size }]) => sum + size, 0);
  t.equal(bytes, rounds * expected, 'every byte came');
  t.ok(most > cacheSize / 2, 'the cache was filled');
  t.ok(most <= cacheSize, `${most} bytes of memory in the cache, ${cacheSize} allowed`);
  t.ok(mapped <= cacheSize, `${mapped} bytes counted`);
  const rss = Math.round(residentOf(host.pid) / 2 ** 20);
  t.comment(
    `${files} files: at most ${most} of ${cacheSize} bytes in pages, ${mapped} counted; RSS ${rss} MiB`,
  );
  connection.close();
});

t.test('paths that are not there', async (t) => {
  const host = startHost(t, { addon: addon !== undefined });
  const root = makeTree(t, { 'a/b.txt': 'here' });
  const server = await host.start({ root, logLevel: 'silent' });
  const connection = await connect({ port: server.port });
  const flood = async (paths: number, prefix: string) => {
    for (let from = 0; from < paths; from += DEPTH) {
      await ask(
        connection,
        Array.from({ length: DEPTH }, (_, i) => `a/${prefix}${from + i}.txt`),
        404,
      );
    }
  };
  // As many as are remembered: from here on nothing may grow.
  await flood(times(17_000, 50_000), 'warm');
  await host.collect();
  const before = residentOf(host.pid);
  const paths = times(6000, 1_000_000);
  await flood(paths, 'x');
  await host.collect();
  const grown = residentOf(host.pid) - before;
  t.ok(grown < 12 * 2 ** 20, `grew by ${grown} bytes`);
  const { files } = await server.stats();
  t.comment(
    `${paths} missing paths: ${Math.round(grown / 1024)} KiB more in memory, ${files.paths} remembered`,
  );
  connection.close();
});

t.test(
  'hot files that outnumber the cache do not wear it out',
  { skip: !addon && 'no addon' },
  async (t) => {
    const size = 448;
    const capacity = 40;
    const names = Array.from({ length: 400 }, (_, i) => name(i));
    const root = makeTree(t, Object.fromEntries(names.map((each) => [each, { size, mtime: OLD }])));
    const host = startHost(t, { addon: true });
    const cacheSize = capacity * size;
    const server = await host.start({ root, cacheSize, logLevel: 'silent' });
    // So many requests reach JavaScript in one turn.
    const connections = await Promise.all(
      Array.from({ length: 64 }, () => connect({ port: server.port })),
    );
    let random = 1;
    const burst = () =>
      Promise.all(
        connections.map((connection) => {
          random = Math.imul(random, 1664525) + 1013904223;
          return ask(connection, [names[(random >>> 8) % names.length] ?? '']);
        }),
      );
    const rounds = times(250, 5000);
    for (let round = 0; round < rounds; round++) await burst();
    const before = await server.stats();
    for (let round = 0; round < rounds; round++) await burst();
    const after = await server.stats();
    const inMemory = async () => {
      const { files, kept } = await server.stats();
      return files.memory.entries + kept;
    };
    // On a busy machine many leave at once, and come again.
    for (let round = 0; round < rounds && (await inMemory()) <= capacity / 2; round++)
      await burst();
    const entries = await inMemory();
    t.ok(entries > capacity / 2, `${entries} of ${capacity} in memory`);
    const answers = rounds * connections.length;
    const crowded = responses(after, 'read:budget') - responses(before, 'read:budget');
    t.ok(crowded < answers / 2, `${crowded} of ${answers} answers found no room`);
    for (const connection of connections) connection.close();
  },
);

for (const transport of ['native', 'http1'] as const) {
  const skip = transport === 'native' && !addon && 'no addon';
  t.test(`what clients choose to say, over ${transport}`, { skip }, async (t) => {
    const host = startHost(t, { addon: addon !== undefined });
    const text = 'let a = 1;\n'.repeat(100);
    const root = makeTree(t, {
      'app.js': { text, mtime: OLD },
      'app.js.gz': { text: gzipSync(text), mtime: OLD },
      'application.js': { text, mtime: OLD },
      'application.js.gz': { text: gzipSync(text), mtime: OLD },
      'index.html': '<p>app',
      '404.html': '<p>gone',
    });
    const cors = ['https://a.example'];
    // The budget of prepared answers goes by maxOpenFiles: it must be full before memory can be flat.
    const maxOpenFiles = 512;
    const options = { root, transport, cors, maxOpenFiles, spa: 'index.html' } as const;
    const server = await host.start({ ...options, logLevel: 'silent' });
    const connections = await Promise.all([1, 2, 3, 4].map(() => connect({ port: server.port })));
    const flood = async (from: number, count: number) => {
      for (let at = from; at < from + count; at += connections.length * 16) {
        await Promise.all(
          connections.map(async (connection, c) => {
            const asked = Array.from({ length: 16 }, (_, i) => hostile(at + c * 16 + i));
            await connection.send(Buffer.concat(asked));
            for (const _ of asked) await connection.read();
          }),
        );
      }
      await host.collect();
      return residentOf(host.pid);
    };
    // The tables are full before growth is judged.
    const warm = times(8192, 100_096);
    const before = await flood(0, warm);
    const requests = times(16_384, 1_000_000);
    const grown = ((await flood(warm, requests)) - before) / 2 ** 20;
    // A copy of each head would be 70 MiB.
    t.ok(grown < 12, `${requests} requests, and ${grown.toFixed(1)} MiB more`);
    t.comment(`${requests} requests: ${grown.toFixed(1)} MiB more`);
    for (const connection of connections) connection.close();
  });
}

/** The i-th of the requests by which a client tries to be remembered; each comes twice. */
function hostile(i: number): Buffer {
  const nth = i >> 1;
  const kinds = nth % 2 === 0 ? ALIASES : LURES;
  const { target, fields = {} } = kinds[(nth >> 1) % kinds.length]?.(nth) ?? { target: '/' };
  return requestBytes(target, { fields: { connection: 'keep-alive', ...fields } });
}

interface Lure {
  readonly target: string;
  readonly fields?: Readonly<Record<string, string>>;
}

const ALIASES: ReadonlyArray<(nth: number) => Lure> = [
  (nth) => long(`${'/'.repeat(2 + few(nth))}app.js`, nth),
  (nth) => long(`/${'./'.repeat(few(nth))}app.js`, nth),
  (nth) => long(`/${spell('application.js', few(nth))}`, nth),
  (nth) => long(`/x${few(nth)}/../app.js`, nth),
  (nth) => long(`/app.js`, nth),
];

const LURES: ReadonlyArray<(nth: number) => Lure> = [
  (nth) => ({ target: '/app.js', fields: { 'accept-encoding': `gzip, x${nth}` } }),
  (nth) => ({ target: '/app.js', fields: { origin: `https://${nth}.example` } }),
  (nth) => ({ target: '/app.js', fields: { host: `h${nth}.example` } }),
  (nth) => ({ target: '/app.js', fields: { 'if-none-match': `"${nth}${'z'.repeat(8000)}"` } }),
  (nth) => ({ target: '/app.js', fields: { range: `bytes=0-1,${nth % 1000}-${nth}` } }),
  (nth) => ({ target: '/app.js', fields: { range: `bytes=0-1,5-7${' '.repeat(8000)},9-${nth}` } }),
  (nth) => ({ target: `/app.js?${nth}${'q'.repeat(4000)}` }),
  (nth) => ({ target: `/page${nth}`, fields: { accept: 'text/html' } }),
  (nth) => ({ target: '/page', fields: { accept: `text/html, x/${nth}${'y'.repeat(8000)}` } }),
  (nth) => ({ target: `/gone/${nth}/${'d/'.repeat(30)}a.txt` }),
  (nth) => ({ target: `/${'g'.repeat(3000)}${nth}/a.txt` }),
];

/** One of a hundred: enough aliases to fill any table of paths, each with as many values as there is room for. */
function few(nth: number): number {
  return (nth >> 4) % 100;
}

/** An Accept-Encoding that chooses the gzip variant, as long as a head may be. */
function long(target: string, nth: number): Lure {
  return {
    target,
    fields: { 'accept-encoding': `gzip, x${nth}${'y'.repeat(15_000 - target.length)}` },
  };
}

/** One of the 2ⁿ ways to percent-encode n letters. */
function spell(text: string, nth: number): string {
  const code = (letter: string) => `%${letter.charCodeAt(0).toString(16)}`;
  return [...text].map((letter, i) => ((nth >> i) & 1 ? code(letter) : letter)).join('');
}

function responses({ byStrategy }: ServerStats, key: string): number {
  return byStrategy[key]?.responses ?? 0;
}

function name(i: number): string {
  return `${i % 64}/${i}.bin`;
}

/** Pipelined; the bodies in order. */
async function ask(
  connection: Connection,
  names: readonly string[],
  status = 200,
): Promise<Buffer[]> {
  await connection.send(Buffer.concat(names.map((each) => requestBytes(`/${each}`, KEEP))));
  const bodies: Buffer[] = [];
  for (const each of names) {
    const answer = await connection.read();
    if (answer.status !== status) throw new Error(`${each}: ${answer.status}`);
    bodies.push(answer.body);
  }
  return bodies;
}

/** Bytes of memory that the cache's memfd really has. */
function cachePages({ pid }: Host): number {
  const folder = `/proc/${pid}/fd`;
  const of = (fd: string) => {
    try {
      return readlinkSync(`${folder}/${fd}`).startsWith('/memfd:zcserve')
        ? statSync(`${folder}/${fd}`).blocks * 512
        : 0;
    } catch {
      return 0; // Closed since it was listed.
    }
  };
  return readdirSync(folder).reduce((sum, fd) => sum + of(fd), 0);
}
