// Run by volumes.test.ts in a mount namespace of its own.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { CARRIERS, type Carrier, startOrigin } from '../http/carriers.ts';
import { startHost } from '../http/host.ts';
import { request } from '../support/client.ts';
import { makeTree, pattern, plant } from '../support/tree.ts';
import { until } from './process.ts';

const SMALL = 20_000;
const LARGE = 3_000_000;
const FILES = { 'small.bin': SMALL, 'large.bin': LARGE };
const [library = ''] = process.argv.slice(2);

function mount(type: string, at: string, options: string): void {
  execFileSync('mount', ['-t', type, '-o', options, type, at]);
}

/** A root whose files lie in the lower layer, which is a disk's. */
function overlay(t: Test, names: Readonly<Record<string, number>>): string {
  const base = makeTree(t);
  const [lower, layers, root] = ['lower', 'layers', 'root'].map((name) => join(base, name));
  if (lower === undefined || layers === undefined || root === undefined) throw new Error('no path');
  for (const directory of [lower, layers, root]) mkdirSync(directory);
  for (const [name, size] of Object.entries(names)) plant(join(lower, name), { size });
  plant(join(lower, 'link.bin'), { link: 'small.bin' });
  mount('tmpfs', layers, 'size=16m');
  const [upper, work] = [join(layers, 'upper'), join(layers, 'work')];
  for (const directory of [upper, work]) mkdirSync(directory);
  mount('overlay', root, `lowerdir=${lower},upperdir=${upper},workdir=${work}`);
  t.teardown(() => execFileSync('umount', ['-l', root, layers]));
  return root;
}

function memory(t: Test, names: Readonly<Record<string, number>>): string {
  const root = makeTree(t);
  mount('tmpfs', root, 'size=16m');
  for (const [name, size] of Object.entries(names)) plant(join(root, name), { size });
  plant(join(root, 'link.bin'), { link: 'small.bin' });
  t.teardown(() => execFileSync('umount', ['-l', root]));
  return root;
}

for (const carrier of CARRIERS.filter(({ sendfile }) => sendfile)) {
  t.test(`${carrier.name}, overlayfs`, async (t) => {
    await serving(t, carrier, overlay(t, FILES));
    await stalling(t, carrier);
  });
  t.test(`${carrier.name}, tmpfs`, (t) => serving(t, carrier, memory(t, FILES)));
}

async function serving(t: Test, carrier: Carrier, root: string): Promise<void> {
  const host = startHost(t, { addon: true });
  // Without a watcher, and each request looks at the file: the look is the engine's.
  const origin = await startOrigin(carrier, host, { root, watch: false, revalidate: 0 });
  for (let i = 0; i < 20; i++) {
    for (const [name, size] of Object.entries(FILES)) {
      const { body } = await request(origin.address, `/${name}`);
      if (!body.equals(pattern(size))) t.fail(`${name} has wrong bytes`);
    }
    const { body } = await request(origin.address, '/link.bin');
    if (!body.equals(pattern(SMALL))) t.fail('link.bin has wrong bytes');
  }
  const { hot } = await origin.stats();
  if (carrier.transport === 'native') {
    t.ok(hot > 30, `a look that finds everything in memory is the engine's: ${hot} of 60 hot`);
  }
  writeFileSync(join(root, 'small.bin'), 'new');
  const { body } = await request(origin.address, '/small.bin');
  t.equal(body.toString(), 'new', 'and it finds a change');
  await origin.close();
}

async function stalling(t: Test, carrier: Carrier): Promise<void> {
  const root = overlay(t, { ...FILES, 'cold.gated': LARGE });
  const host = startHost(t, { addon: true, env: { LD_PRELOAD: library } });
  const origin = await startOrigin(carrier, host, { root });
  const gate = join(root, 'cold.gated.gate');
  writeFileSync(gate, '');
  const stuck = request(origin.address, '/cold.gated');
  await until(async () => (await origin.stats()).transfers === 1);
  for (let i = 0; i < 50; i++) {
    const { body } = await request(origin.address, '/small.bin');
    if (!body.equals(pattern(SMALL))) t.fail('small.bin has wrong bytes');
  }
  t.pass('others are served while one waits for the disk');
  rmSync(gate);
  t.ok((await stuck).body.equals(pattern(LARGE)), 'then it goes on');
  await origin.close();
}
