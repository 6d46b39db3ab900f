// Disks that fail, stall or refuse sendfile, played by a library under the server's system calls (shim.c).
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { CARRIERS, type Carrier, missing, type Origin, startOrigin } from '../http/carriers.ts';
import { type Host, startHost } from '../http/host.ts';
import { type Answer, request } from '../support/client.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { times } from './effort.ts';
import { until } from './process.ts';
import { buildShim } from './shim.ts';

const SMALL = 20_000;
const LARGE = 1_000_000;
const HEALTHY = 'healthy.bin';

const built = buildShim(t);

for (const carrier of CARRIERS) {
  const reason = missing(carrier) ?? (built.library === undefined ? built.reason : undefined);
  t.test(carrier.name, { skip: reason ?? false }, async (t) => {
    const host = startHost(t, { addon: carrier.addon, env: { LD_PRELOAD: built.library ?? '' } });
    await t.test('an I/O error', (t) => failing(t, carrier, host));
    await t.test('a disk that does not answer', (t) => stalling(t, carrier, host));
    await t.test('closed while a disk does not answer', (t) => closing(t, carrier, host));
    await t.test('a close that takes long', (t) => dragging(t, carrier, host));
    if (!carrier.sendfile) return;
    await t.test('sendfile refused', (t) => refusing(t, carrier, host));
    await t.test('many files on a disk that does not answer', (t) => crowding(t, carrier, host));
    await t.test('a file system that cannot be asked', (t) => repeating(t, carrier, host));
    await t.test('an engine thread that hangs', (t) => hanging(t, carrier, host));
  });
}

async function failing(t: Test, carrier: Carrier, host: Host): Promise<void> {
  const files = { 'small.eio': SMALL, 'large.eio': LARGE, 'late.page.eio': LARGE };
  const origin = await serve(t, carrier, host, files);
  const tries = times(10, 100);
  for (const name of Object.keys(files)) {
    let complete = 0;
    for (let i = 0; i < tries; i++) {
      if ((await attempt(origin, name))?.status === 200) complete++;
      await healthy(t, origin);
    }
    t.equal(complete, 0, `${name}: no answer is complete`);
    const said = host.lines.filter((line) => line.includes(name));
    t.equal(said.length, 1, `${name}: said once`);
    t.match(said[0], /EIO/, `${name}: and why`);
  }
  t.comment(`${tries * 3} answers cut off by EIO, 3 lines in the log`);
  await origin.close();
}

/** Whatever the file system says of what is in memory, or does not. */
const STALLED = ['a.stuck', 'b.stuck', 'c.hole', 'd.blind'];

async function stalling(t: Test, carrier: Carrier, host: Host): Promise<void> {
  const isEngine = carrier.transport === 'native';
  // Whatever goes by read(2) on node's side waits in libuv's pool, which has four threads.
  const names = isEngine || carrier.sendfile ? STALLED : STALLED.slice(0, 2);
  const ranges = isEngine ? [0, 1, 2, 3, 4, 5, 6, 7] : [];
  const origin = await serve(t, carrier, host, sized(names));
  const open = shut(origin.root, names);
  const stuck = names.map((name) => request(origin.address, `/${name}`));
  const parts = ranges.map((i) => oneByte(origin, 530_000 + i));
  const delays: number[] = [];
  for (let i = 0; i < times(100, 2000); i++) {
    const start = performance.now();
    await healthy(t, origin);
    delays.push(performance.now() - start);
  }
  const worst = Math.max(...delays);
  t.comment(
    `${delays.length} others served beside ${names.length} stuck files, the slowest in ${worst.toFixed(1)} ms`,
  );
  open();
  for (const { status } of await Promise.all(parts)) t.equal(status, 206);
  for (const { body } of await Promise.all(stuck))
    t.ok(body.equals(pattern(LARGE)), 'then it goes on');
  await origin.close();
}

const oneByte = ({ address }: Origin, at: number) =>
  request(address, '/c.hole', { fields: { range: `bytes=${at}-${at}` } });

/** More than the engine's threads for disks. */
const CROWD = 40;

async function crowding(t: Test, carrier: Carrier, host: Host): Promise<void> {
  const names = Array.from({ length: CROWD }, (_, i) => `${i}.stuck`);
  const origin = await serve(t, carrier, host, sized([...names, 'other.far']));
  const open = shut(origin.root, names);
  const stuck = names.map((name) => request(origin.address, `/${name}`));
  await until(async () => (await origin.stats()).transfers === CROWD);
  const { body } = await request(origin.address, '/other.far');
  t.ok(body.equals(pattern(LARGE)), 'a cold file of another disk is served');
  open();
  for (const answer of await Promise.all(stuck)) {
    if (!answer.body.equals(pattern(LARGE))) t.fail('a stuck file has wrong bytes');
  }
  await origin.close();
}

async function repeating(t: Test, carrier: Carrier, host: Host): Promise<void> {
  const origin = await serve(t, carrier, host, sized(['a.blind']));
  const log = join(origin.root, 'a.blind.log');
  writeFileSync(log, '');
  const tries = times(20, 200);
  const start = performance.now();
  for (let i = 0; i < tries; i++) {
    const { body } = await request(origin.address, '/a.blind');
    if (!body.equals(pattern(LARGE))) t.fail('wrong bytes');
  }
  // A stretch of 128 KiB is remembered for a second (native/files/read.h kStretch, native/files/file.cc kResidentFor).
  const seconds = Math.floor((performance.now() - start) / 1000) + 1;
  const most = seconds * Math.ceil(LARGE / (128 * 1024));
  const { size } = statSync(log);
  t.ok(size > 0 && size <= most, `${tries} answers, paged in by ${size} reads of at most ${most}`);
  await origin.close();
}

async function closing(t: Test, carrier: Carrier, host: Host): Promise<void> {
  const names = ['a.stuck', 'b.stuck'];
  const origin = await serve(t, carrier, host, sized(names));
  const open = shut(origin.root, names);
  const stuck = names.map((name) => attempt(origin, name));
  await until(async () => (await origin.stats()).transfers === names.length);
  await origin.close();
  t.pass('close() settles');
  const next = await serve(t, carrier, host, {});
  t.pass('and a server after it works');
  open();
  for (const answer of await Promise.all(stuck)) t.equal(answer, undefined, 'cut off');
  await next.close();
}

async function dragging(t: Test, carrier: Carrier, host: Host): Promise<void> {
  const name = 'a.drag';
  const origin = await serve(t, carrier, host, { [name]: 2 * LARGE });
  for (let i = 0; i < 3; i++) await request(origin.address, `/${name}`);
  const open = shut(origin.root, [name]);
  rmSync(join(origin.root, name));
  await until(async () => (await request(origin.address, `/${name}`)).status === 404);
  // What was answered in this turn closes its files at the end of it, hot answers theirs in the engine's next.
  for (let i = 0; i < 20; i++) await healthy(t, origin);
  t.pass('others are served meanwhile');
  open();
  await origin.close();
}

async function hanging(t: Test, carrier: Carrier, host: Host): Promise<void> {
  const origin = await serve(t, carrier, host, sized(['a.wall']));
  const open = shut(origin.root, ['a.wall']);
  const stuck = attempt(origin, 'a.wall');
  await until(async () => (await origin.stats()).transfers === 1);
  await origin.close();
  t.pass('close() settles');
  open();
  // Whole or cut off: the thread finds out when the system call returns.
  await stuck;
}

const sized = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, LARGE]));

/** The disk of these files does not answer until the function that is returned is called. */
function shut(root: string, names: readonly string[]): () => void {
  const gates = names.map((name) => join(root, `${name}.gate`));
  for (const gate of gates) writeFileSync(gate, '');
  return () => {
    for (const gate of gates) rmSync(gate);
  };
}

async function refusing(t: Test, carrier: Carrier, host: Host): Promise<void> {
  const files = { 'a.einval': LARGE, 'b.enosys': LARGE };
  const origin = await serve(t, carrier, host, files);
  for (const name of Object.keys(files)) {
    for (let i = 0; i < 3; i++) {
      const { status, body } = await request(origin.address, `/${name}`);
      t.equal(status, 200);
      t.ok(body.equals(pattern(LARGE)), `${name}: every byte`);
    }
  }
  const { byStrategy } = await origin.stats();
  t.strictSame(byStrategy['read:refused'], { responses: 6, bytes: 6 * LARGE }, 'counted as read');
  await origin.close();
}

async function serve(
  t: Test,
  carrier: Carrier,
  host: Host,
  sizes: Readonly<Record<string, number>>,
): Promise<Origin & { readonly root: string }> {
  const all = Object.entries({ ...sizes, [HEALTHY]: SMALL });
  const root = makeTree(t, Object.fromEntries(all.map(([name, size]) => [name, { size }])));
  const origin = await startOrigin(carrier, host, { root });
  await healthy(t, origin);
  return { ...origin, root };
}

async function healthy(t: Test, { address }: Origin): Promise<void> {
  const { body } = await request(address, `/${HEALTHY}`);
  if (!body.equals(pattern(SMALL))) t.fail('a healthy file has wrong bytes');
}

/** Undefined when the connection closed within the answer. */
async function attempt({ address }: Origin, name: string): Promise<Answer | undefined> {
  return request(address, `/${name}`).catch(() => undefined);
}
