// Many mixed requests, aborts among them, leave descriptors, mappings and memory where they were.
// ZCSERVE_LEAK_REQUESTS sets how many; the full count is 100,000.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { connect, requestBytes } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import type { Usage } from './leak-child.ts';

t.setTimeout(240_000);

const REQUESTS = Number(process.env.ZCSERVE_LEAK_REQUESTS ?? 20_000);
const CLIENTS = 16;
/** Requests that a client sends in one write; the last of them may be aborted. */
const BURST = 10;
const MIB = 2 ** 20;

interface Asked {
  readonly method?: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly body?: string;
}
type Row = readonly [target: string, options: Asked];

t.test(`${REQUESTS} mixed requests, a tenth of the connections aborted`, async (t) => {
  t.setTimeout(240_000);
  const mtime = new Date('2024-01-02T03:04:05Z');
  const root = makeTree(t, {
    'index.html': { text: '<p>home', mtime },
    'small.txt': { size: 1000, mtime },
    'medium.bin': { size: 40_000, mtime },
    'middle.bin': { size: 131_072, mtime },
    'large.bin': { size: 700_000, mtime },
    'cut.bin': { size: 8 * MIB, mtime },
  });
  const program = fileURLToPath(new URL('./leak-child.ts', import.meta.url));
  const child = fork(program, [root], { execArgv: ['--import=tsx', '--expose-gc'] });
  t.teardown(() => child.kill('SIGKILL'));
  const [port] = (await once(child, 'message')) as [number];
  const measure = async (): Promise<Usage> => {
    child.send('measure');
    const [usage] = await once(child, 'message');
    return usage as Usage;
  };

  let sent = 0;
  const requests: readonly Row[] = [
    ['/', {}],
    ['/small.txt', {}],
    ['/small.txt', { method: 'HEAD' }],
    ['/medium.bin', {}],
    ['/middle.bin', {}],
    ['/large.bin', { fields: { range: 'bytes=100-600000' } }],
    ['/small.txt', { fields: { 'if-modified-since': mtime.toUTCString() } }],
    ['/small.txt', { fields: { range: 'bytes=0-0,5-5' } }],
    ['/missing', {}],
    ['/small.txt', { method: 'POST', body: 'x' }],
  ];

  /** One connection: a burst that is read, then perhaps one that is not. */
  async function converse(abort: boolean): Promise<void> {
    const connection = await connect({ port });
    const burst = Array.from(
      { length: BURST },
      (_, i): Row => requests[(sent + i) % requests.length] ?? ['/', {}],
    );
    sent += BURST;
    const bytes = burst.map(([target, options]) => {
      const fields = { connection: 'keep-alive', ...options.fields };
      return requestBytes(target, { ...options, fields });
    });
    await connection.send(Buffer.concat(bytes));
    for (const [, options] of burst) await connection.read(options.method);
    if (abort) {
      const cut = requestBytes('/cut.bin', { fields: { connection: 'keep-alive' } });
      await connection.send(Buffer.concat([cut, ...bytes]));
      sent += 1 + BURST;
      connection.reset();
    } else {
      connection.close();
    }
  }

  async function run(total: number): Promise<void> {
    const client = async () => {
      for (let i = 0; sent < total; i++) await converse(i % 10 === 0);
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
  }

  await run(REQUESTS / 2);
  const before = await measure();
  await run(REQUESTS);
  const after = await measure();
  t.comment(`before ${JSON.stringify(before)}`);
  t.comment(`after  ${JSON.stringify(after)}`);
  t.equal(after.transfers, 0, 'nothing is in flight');
  t.equal(after.connections, 0);
  t.equal(after.descriptors, before.descriptors, 'descriptors');
  t.equal(after.openFiles, before.openFiles, 'files of the table');
  t.equal(after.mappings, before.mappings, 'mappings');
  t.ok(after.rss < before.rss + 24 * MIB, `RSS ${before.rss} → ${after.rss}`);
});
