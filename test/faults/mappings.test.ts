// A file shrinks under its mapping: only the kernel copies from a file's own pages, so that is an error of one send and
// no signal; and signals that are not ours do to the process what they always did.
import { readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { openRoot } from '../../src/files/open.ts';
import type { OptionsInput } from '../../src/options/options.ts';
import { type CARRIERS, type Origin, onEveryCarrier, type Serve } from '../http/carriers.ts';
import { startHost } from '../http/host.ts';
import { type Answer, request } from '../support/client.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { until } from './process.ts';

const SIZE = 60_000;
/** Where the last page begins: a cut behind it leaves zeros, for which no system call fails. */
const PAGES = SIZE - (SIZE % 4096);
const NAME = 'file.bin';

/** What the server has found once it believes for a day: the truncation falls between lookup and copy, every time. */
const BLIND: OptionsInput = {
  strategy: 'mmap',
  mmapMax: '1M',
  mmapMinUses: 1,
  revalidate: '86400s',
  watch: false,
  logLevel: 'silent',
};

const withAddon = (carrier: (typeof CARRIERS)[number]) => carrier.addon;

onEveryCarrier(
  t,
  async (t, serve) => {
    for (const left of [0, 1, 4096, 30_000, PAGES - 1, SIZE - 1]) {
      await t.test(`a mapped file cut to ${left} bytes`, (t) => cut(t, serve, left));
    }
    await t.test('a snapshot outlives its file', (t) => outlive(t, serve));
  },
  withAddon,
);

async function cut(t: Test, serve: Serve, left: number): Promise<void> {
  const root = makeTree(t, { [NAME]: { size: SIZE } });
  const origin = await serve({ root, ...BLIND, mmapSource: 'file' });
  // The others would have to touch its pages from JavaScript, and read it instead.
  const { transport, sendfile } = origin.carrier;
  await warm(t, origin, transport === 'native' && sendfile);
  truncateSync(join(root, NAME), left);
  for (let i = 0; i < 5; i++) {
    const answer = await get(origin);
    t.ok(answer?.body.equals(pattern(SIZE).subarray(0, left)), 'what is left, under its own head');
  }
  const { truncated } = await origin.stats();
  t.equal(truncated, 0, 'it was noticed before the head');
  await origin.close();
}

async function outlive(t: Test, serve: Serve): Promise<void> {
  const root = makeTree(t, { [NAME]: { size: SIZE } });
  const origin = await serve({ root, ...BLIND, mmapSource: 'snapshot' });
  await warm(t, origin, true);
  truncateSync(join(root, NAME), 0);
  for (let i = 0; i < 5; i++) {
    const body = (await get(origin))?.body;
    t.ok(body?.length === 0 || body?.equals(pattern(SIZE)), 'the old version or the new, whole');
  }
  await origin.close();
}

/** Asks until answers come from memory; `mapped` where the carrier does so from this source. */
async function warm(t: Test, origin: Origin, mapped: boolean): Promise<void> {
  await until(async () => {
    t.ok((await get(origin))?.body.equals(pattern(SIZE)));
    const { byStrategy } = await origin.stats();
    // The first is planned, and the engine looks at the file once more before it repeats it.
    return !mapped || (byStrategy['mmap:forced']?.responses ?? 0) >= 3;
  });
}

async function get({ address }: Origin): Promise<Answer | undefined> {
  return request(address, `/${NAME}`).catch(() => undefined);
}

t.test('JavaScript cannot touch the pages of a file', async (t) => {
  const { addon } = loadNative();
  if (addon === undefined) return t.plan(0, 'no addon');
  const root = openRoot(makeTree(t, { [NAME]: { size: SIZE } }), 'none', addon);
  const [opened] = await root.open([NAME]);
  if (opened?.type !== 'file' || opened.file.native === undefined) throw new Error('not opened');
  const mapping = addon.mapFile(opened.file.native, SIZE);
  t.equal(mapping?.size, SIZE);
  t.equal(mapping?.bytes(), undefined);
  mapping?.release();
  opened.file.close();
  root.close();
});

t.test('a fault that is not ours still kills the process', async (t) => {
  const host = startHost(t, { addon: true });
  const handlers = () =>
    /^SigCgt:\s*(\w+)$/m.exec(readFileSync(`/proc/${host.pid}/status`, 'latin1'))?.[1];
  await host.collect();
  const before = handlers();
  const root = makeTree(t, { [NAME]: { size: SIZE } });
  const server = await host.start({ root, ...BLIND, mmapSource: 'file' });
  for (let i = 0; i < 3; i++) await request({ port: server.port }, `/${NAME}`);
  t.equal(handlers(), before, 'a server installs no signal handler');
  process.kill(host.pid, 'SIGBUS');
  t.equal(await host.ended, 'SIGBUS');
});
