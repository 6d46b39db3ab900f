// A file that is rewritten in place where nobody watches, on every host.
import t from 'tap';
import { BEFORE, bytesOf, checkRewritten, UNWATCHED } from '../http/versions.ts';
import { makeTree } from '../support/tree.ts';
import { HOSTS } from './hosts.ts';

const { watch, revalidate } = UNWATCHED;

for (const { name, start } of HOSTS) {
  t.test(`${name}: rewritten in place`, async (t) => {
    const root = makeTree(t, { 'f.bin': bytesOf(-1, BEFORE) });
    const address = await start(t, root, { watch, revalidate });
    await checkRewritten(t, address, root, 'f.bin');
  });
}
