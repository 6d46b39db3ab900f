// immutableHashed in Vite's directory, on every carrier: all of a build or, where that cannot be known, what is certain; and
// what is known follows the build.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Address, request } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import { onEveryCarrier } from './carriers.ts';

const BUILD = ['index-C2XY30cd.js', 'index-Ex25EthO.css', 'p14-t-8HMCo4.js', 'bg-DGpaxi46.jpg'];
/** By its name alone. */
const CERTAIN = BUILD.slice(0, 1);

const newTree = (t: Test) =>
  makeTree(t, Object.fromEntries(BUILD.map((name) => [`assets/${name}`, name])));

/** Asked often enough to be prepared, where the carrier prepares answers. */
async function immutableOf(address: Address, prefix = '/assets'): Promise<string[]> {
  const found: string[] = [];
  for (const name of BUILD) {
    let field: string | undefined;
    for (let i = 0; i < 4; i++) {
      const { status, field: fieldOf } = await request(address, `${prefix}/${name}`);
      if (status !== 200) throw new Error(`${name}: ${status}`);
      field = fieldOf('cache-control');
    }
    if (field?.includes('immutable')) found.push(name);
  }
  return found;
}

onEveryCarrier(t, async (t, serve) => {
  const options = { immutableHashed: true, revalidate: 0, watch: false } as const;

  await t.test(
    'a build is immutable as a whole, or what is certain of it, as it changes',
    async (t) => {
      const root = newTree(t);
      const { address } = await serve({ ...options, root });
      t.same(await immutableOf(address), BUILD, 'all names are of a build');
      writeFileSync(join(root, 'assets/jquery.js'), 'by hand');
      t.same(await immutableOf(address), [...CERTAIN, 'bg-DGpaxi46.jpg'], 'a script by hand');
      mkdirSync(join(root, '.vite'));
      const chunks = BUILD.map((name) => [name, { file: `assets/${name}` }]);
      writeFileSync(join(root, '.vite/manifest.json'), JSON.stringify(Object.fromEntries(chunks)));
      t.same(await immutableOf(address), BUILD, 'a manifest');
      rmSync(join(root, '.vite'), { recursive: true });
      t.same(await immutableOf(address), [...CERTAIN, 'bg-DGpaxi46.jpg'], 'no manifest');
      rmSync(join(root, 'assets/jquery.js'));
      t.same(await immutableOf(address), BUILD, 'no script by hand');
      t.equal((await request(address, '/.vite/manifest.json')).status, 404);
    },
  );

  await t.test('also where the directory is the root', async (t) => {
    const { address } = await serve({ ...options, root: join(newTree(t), 'assets') });
    t.same(await immutableOf(address, ''), BUILD);
  });
});
