// Disks that fail, stall or refuse sendfile, played by a library under the server's system calls (shim.c).
import { writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { CARRIERS, type Carrier, missing, type Origin, startOrigin } from '../http/carriers.ts';
import { type Host, startHost } from '../http/host.ts';
import { type Answer, request } from '../support/client.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { times } from './effort.ts';
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
    if (carrier.sendfile) await t.test('sendfile refused', (t) => refusing(t, carrier, host));
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

async function stalling(t: Test, carrier: Carrier, host: Host): Promise<void> {
  const files = { 'a.stuck': LARGE, 'b.stuck': LARGE };
  const origin = await serve(t, carrier, host, files);
  const gates = Object.keys(files).map((name) => join(origin.root, `${name}.gate`));
  for (const gate of gates) writeFileSync(gate, '');
  const stuck = Object.keys(files).map((name) => request(origin.address, `/${name}`));
  const delays: number[] = [];
  for (let i = 0; i < times(100, 2000); i++) {
    const start = performance.now();
    await healthy(t, origin);
    delays.push(performance.now() - start);
  }
  const worst = Math.max(...delays);
  t.comment(
    `${delays.length} others served beside 2 stuck files, the slowest in ${worst.toFixed(1)} ms`,
  );
  await Promise.all(gates.map((gate) => rm(gate)));
  for (const { body } of await Promise.all(stuck))
    t.ok(body.equals(pattern(LARGE)), 'then it goes on');
  await origin.close();
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
