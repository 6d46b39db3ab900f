// --warm and --lock-cache: the page cache is filled while requests are answered, and the memory cache is locked, or it is said why not.
import { execFileSync } from 'node:child_process';
import { closeSync, fsyncSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { dropFromPageCache } from '../../bench/page-cache.ts';
import { loadNative } from '../../src/addon/load.ts';
import type { NativeAddon } from '../../src/addon/types.ts';
import { openRoot } from '../../src/files/open.ts';
import { closeAll } from '../../src/files/root.ts';
import { until } from '../faults/process.ts';
import { request } from '../support/client.ts';
import { runCommand, startCommand, startProgram } from '../support/command.ts';
import { makeTree, type Teardown } from '../support/tree.ts';

const { addon } = loadNative();
const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const COMMAND = [process.execPath, `--import=${import.meta.resolve('tsx')}`, CLI];
const MIB = 2 ** 20;

const skip = addon === undefined && 'no addon here';

/** Where the command writes its log, and what it says of this. */
function logIn(t: Teardown) {
  const file = join(makeTree(t, { log: '' }), 'log');
  const stderr = openSync(file, 'a');
  t.teardown(() => closeSync(stderr));
  return { stderr, said: () => readFileSync(file, 'utf8') };
}

/** Writes it out and lets go of its pages. */
async function cool(file: string): Promise<void> {
  const fd = openSync(file, 'r+');
  fsyncSync(fd);
  closeSync(fd);
  await dropFromPageCache(file);
}

async function residentIn(directory: string, path: string): Promise<number | undefined> {
  const root = openRoot(directory, 'inside', addon);
  const opened = await root.open([path]);
  const [found] = opened;
  try {
    if (found?.type !== 'file' || found.file.native === undefined) return undefined;
    return await (addon as NativeAddon).residentBytes(found.file.native, 0, found.size);
  } finally {
    closeAll(opened);
    root.close();
  }
}

t.test(
  '--warm reads what is served, of hosts too, and says so in one line',
  { skip },
  async (t) => {
    const first = makeTree(t, { 'a.bin': { size: 5 * MIB }, '.secret': { size: MIB } });
    const second = makeTree(t, { 'b.js': { size: MIB }, 'b.bin': { size: MIB } });
    const config = makeTree(t, {
      'c.json': JSON.stringify({ hosts: { 'b.test': { root: second, warm: '*.js' } } }),
    });
    const files = [join(first, 'a.bin'), join(first, '.secret')].concat(
      ['b.js', 'b.bin'].map((name) => join(second, name)),
    );
    for (const file of files) await cool(file);
    if ((await residentIn(first, 'a.bin')) !== 0)
      return t.comment('a file system that keeps pages');
    const { stderr, said } = logIn(t);
    const flags = [first, '--warm', '--warm-max=100m', `--config=${join(config, 'c.json')}`];
    const { port } = await startCommand(t, flags, { stderr });
    t.equal((await request({ port }, '/none')).status, 404, 'it serves');
    await until(() => said().includes('warm: '));
    t.match(
      said(),
      /^zcserve: warm: 2 files, 6\.0 MiB in the page cache after [\d.]+ s, of which 0 B were there before\n$/,
    );
    t.equal(await residentIn(first, 'a.bin'), 5 * MIB);
    t.equal(await residentIn(second, 'b.js'), MIB);
    t.equal(await residentIn(first, '.secret'), 0, 'nobody can ask for it');
    t.equal(await residentIn(second, 'b.bin'), 0, 'the glob does not match it');
  },
);

t.test('--warm-max: what does not fit is told', { skip }, async (t) => {
  const root = makeTree(t, { a: { size: 2 * MIB }, b: { size: 2 * MIB } });
  const { stderr, said } = logIn(t);
  await startCommand(t, [root, '--warm', '--warm-max=1m'], { stderr });
  await until(() => said().includes('warm: '));
  t.match(said(), /warm: 0 files, 1\.0 MiB .*; 2 files do not fit into warmMax, 1\.0 MiB\n$/);
});

t.test('a glob that is none ends the start, by its name', async (t) => {
  const { code, stderr } = await runCommand([makeTree(t), '--warm=/']);
  t.equal(code, 2);
  t.match(stderr, '--warm: the glob is empty');
});

/** Without the right to lock more than the limit, which root has else; as whoever runs the tests. */
function limited(bytes: string): string[] {
  const own = process.geteuid?.() === 0 ? ['setpriv', '--bounding-set=-ipc_lock'] : [];
  return [`--memlock=${bytes}`, ...own, ...COMMAND];
}

const cannotLimit = (() => {
  if (addon === undefined) return 'no addon here';
  try {
    execFileSync('prlimit', [...limited('65536:65536').slice(0, -COMMAND.length), 'true']);
    return false;
  } catch {
    return 'no prlimit(1), or it may not';
  }
})();

function lockedOf(pid: number): string | undefined {
  return /^VmLck:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
}

t.test('--lock-cache locks the memory cache', { skip: cannotLimit }, async (t) => {
  const root = makeTree(t, { a: 'hello' });
  // The soft limit is too low, and raised.
  const flags = [...limited('65536:8388608'), root, '--lock-cache', '--cache-size=4m'];
  const { port, report } = await startProgram(t, 'prlimit', flags);
  t.equal(lockedOf(report.pid), '4096');
  for (let i = 0; i < 4; i++) t.equal((await request({ port }, '/a')).body.toString(), 'hello');
});

t.test(
  'where the limit forbids it, the start fails and says how much',
  {
    skip: cannotLimit,
  },
  async (t) => {
    const root = makeTree(t, { a: 'hello' });
    const flags = [...limited('65536:65536'), root, '--cache-size=4m'];
    const failed = startProgram(t, 'prlimit', [...flags, '--lock-cache']);
    await t.rejects(
      failed,
      /exit 1: zcserve: --lock-cache: a cache of 4\.0 MiB is more than this process may lock \(64 KiB: RLIMIT_MEMLOCK/,
    );
    const { stderr, said } = logIn(t);
    const auto = await startProgram(t, 'prlimit', [...flags, '--lock-cache=auto'], { stderr });
    t.equal(lockedOf(auto.report.pid), '0');
    t.equal((await request(auto, '/a')).status, 200);
    t.match(said(), /^zcserve: warn: the memory cache is not locked: a cache of 4\.0 MiB is more/);
  },
);

t.test(
  'a reload has two caches for a while: where one fits, all stays as it was',
  {
    skip: cannotLimit,
  },
  async (t) => {
    const root = makeTree(t, { a: 'hello' });
    const config = join(makeTree(t, { 'c.json': '{}' }), 'c.json');
    const { stderr, said } = logIn(t);
    const words = [root, '--lock-cache', '--cache-size=4m', `--config=${config}`];
    const flags = [...limited('6291456:6291456'), ...words];
    const { port, report } = await startProgram(t, 'prlimit', flags, { stderr });
    writeFileSync(config, '{ "cacheControl": "no-store" }');
    process.kill(report.pid, 'SIGHUP');
    await until(() => said().includes('--lock-cache'));
    const answer = await request({ port }, '/a');
    t.equal(answer.status, 200);
    t.not(answer.field('cache-control'), 'no-store');
  },
);

t.test('where there is no such cache, there is nothing to lock', async (t) => {
  const { code, stderr } = await runCommand([makeTree(t), '--lock-cache', '--cache-size=0']);
  t.equal(code, 1);
  t.match(stderr, '--lock-cache: there is no memory cache of copies here');
});

t.test(
  'with --user, root locks it before it is gone',
  {
    skip: skip || (process.geteuid?.() !== 0 && 'only root may'),
  },
  async (t) => {
    const root = makeTree(t, { a: 'hello' });
    execFileSync('chmod', ['755', root]);
    const words = [root, '--user=65534:65534', '--lock-cache', '--cache-size=4m'];
    const flags = ['--memlock=65536:65536', ...COMMAND, ...words];
    const { report } = await startProgram(t, 'prlimit', flags);
    t.equal(lockedOf(report.pid), '4096');
    const status = readFileSync(`/proc/${report.pid}/status`, 'latin1');
    t.match(status, /^CapEff:\s+0{16}$/m);
  },
);

t.test('the doctor tells what is in memory, and what may be locked', { skip }, async (t) => {
  const root = makeTree(t, { a: { size: MIB }, b: { size: MIB }, '.h': { size: MIB } });
  for (const name of ['a', 'b', '.h']) await cool(join(root, name));
  if ((await residentIn(root, 'a')) !== 0) return t.comment('a file system that keeps pages');
  readFileSync(join(root, 'b'));
  const { stdout } = await runCommand(['doctor', root, '--cache-size=4m']);
  t.match(stdout, / page cache +1 of 2 files, 1\.0 MiB of 2\.0 MiB; --warm reads at most \d/);
  t.match(stdout, / locked memory +--lock-cache can keep the memory cache, 4\.0 MiB \(limit: /);
});
