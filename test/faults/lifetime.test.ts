// Servers and their addon come and go in one process, in its workers, and with it: no crash, nothing left behind.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { makeTree } from '../support/tree.ts';
import { times } from './effort.ts';

const CHILD = fileURLToPath(new URL('./lifetime-child.ts', import.meta.url));
const SMALL = 1000;
const LARGE = 16_000_000;

const many = Array.from({ length: 40 }, (_, i) => [`many/${i}.bin`, { size: 5000 + i }] as const);
const root = makeTree(t, {
  'small.bin': { size: SMALL },
  'large.bin': { size: LARGE },
  ...Object.fromEntries(many),
});

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
  readonly left: unknown;
}

async function run(way: string, rounds = 1): Promise<Ended> {
  const child = spawn(
    process.execPath,
    ['--import=tsx', '--expose-gc', CHILD, way, root, String(rounds)],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null, string | null]>,
  ]);
  return { code, signal, stderr, left: stdout === '' ? undefined : JSON.parse(stdout) };
}

t.test('started and closed over and over', async (t) => {
  const rounds = times(100, 1000);
  const { code, signal, stderr, left } = await run('restart', rounds);
  t.strictSame({ code, signal, stderr }, { code: 0, signal: null, stderr: '' });
  const { before, after } = left as Readonly<Record<'before' | 'after', Figures>>;
  // The first server's last socket may have been closing when it was counted.
  t.ok(
    after.descriptors <= before.descriptors,
    `no descriptor is left: ${after.descriptors} of ${before.descriptors}`,
  );
  t.equal(after.threads, before.threads, 'no thread is left');
  t.equal(after.mappings, 0, 'no mapping is left');
  t.comment(`${rounds} servers; no descriptor, thread or mapping left`);
});

interface Figures {
  readonly descriptors: number;
  readonly mappings: number;
  readonly threads: number;
}

t.test('two servers in a process do not know each other', async (t) => {
  const { code, left } = await run('two');
  t.equal(code, 0);
  t.strictSame(left, { bytes: [SMALL, SMALL, LARGE] });
});

t.test('closed with transfers in flight', async (t) => {
  const rounds = times(10, 200);
  const { code, signal, stderr } = await run('closeBusy', rounds);
  t.strictSame({ code, signal, stderr }, { code: 0, signal: null, stderr: '' });
  t.comment(`${rounds} servers closed over 4 transfers each`);
});

t.test('process.exit with transfers in flight', async (t) => {
  const rounds = times(3, 50);
  for (let i = 0; i < rounds; i++) {
    const { code, signal, stderr } = await run('exit');
    t.strictSame({ code, signal, stderr }, { code: 7, signal: null, stderr: '' });
  }
});

t.test('garbage collections among evictions', async (t) => {
  const rounds = times(200, 5000);
  const { code, signal, left } = await run('collect', rounds);
  t.strictSame({ code, signal }, { code: 0, signal: null });
  const { bytes, cached } = left as { readonly bytes: number; readonly cached: number };
  const expected = Array.from({ length: rounds }, (_, i) => 5000 + (i % 40)).reduce(
    (a, b) => a + b,
  );
  t.equal(bytes, expected, 'every byte came');
  t.ok(cached <= 65_536, `${cached} bytes cached`);
});

t.test('in worker threads, closed or terminated', async (t) => {
  const rounds = times(4, 100);
  const { code, signal, stderr } = await run('workers', rounds);
  t.strictSame({ code, signal, stderr }, { code: 0, signal: null, stderr: '' });
  t.comment(`${rounds} workers, each with a server`);
});
