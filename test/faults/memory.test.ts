// Memory under pressure: the cache keeps its budget to the page, and what is not there costs nothing.
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import t from 'tap';
import { loadNative } from '../../src/native.ts';
import { type Host, startHost } from '../http/host.ts';
import { type Connection, connect, requestBytes } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import { times } from './effort.ts';
import { residentOf } from './process.ts';

const { addon } = loadNative();
const KEEP = { fields: { connection: 'keep-alive' } };

/** Requests that are on their way at the same time, on one connection. */
const DEPTH = 64;

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
