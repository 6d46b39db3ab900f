// A file that the engine keeps may change before JavaScript has heard of it, and watches its directory.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import t from 'tap';
import { connect, requestBytes } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import { onEveryCarrier } from './carriers.ts';

onEveryCarrier(
  t,
  async (t, serve) => {
    const others = Array.from({ length: 50 }, (_, i) => `d/${i}.txt`);
    const tree = Object.fromEntries(others.map((name) => [name, name]));
    const root = makeTree(t, { ...tree, 'd/b.txt': 'old' });
    const origin = await serve({ root, revalidate: '1h', precompressed: 'none' });
    const connection = await connect(origin.address);
    t.teardown(() => connection.close());
    const get = async (target: string) => {
      await connection.send(requestBytes(target, { fields: { connection: 'keep-alive' } }));
      return (await connection.read()).body.toString();
    };
    // None of them twice, until the engine opens those of the directory by itself: nothing is kept there yet.
    for (const name of others) {
      await get(`/${name}`);
      if ((await origin.stats()).opened > 0) break;
    }
    const file = join(makeTree(t), 'blocked');
    const over = origin.host.block(file);
    while (!existsSync(file)) await setTimeout(5);
    for (let i = 0; i < 4; i++) t.equal(await get('/d/b.txt'), 'old');
    writeFileSync(join(root, 'd/b.txt'), 'new');
    rmSync(file);
    await over;
    // What was kept for an hour would be told for an hour: that it never changes is the test's time-out.
    while ((await get('/d/b.txt')) !== 'new') await setTimeout(5);
    t.ok((await origin.stats()).hot > 0, 'it was kept');
  },
  ({ name }) => name === 'native',
);
