// Where an open file is, told by its path: only where the way to it has been at rest since before the first look.
import { closeSync, fstatSync, lstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { placesFor } from '../../src/files/place.ts';
import { makeTree } from '../support/tree.ts';

t.test('looks that take long do not make a change before them an old one', async (t) => {
  const root = makeTree(t, { f: 'x' });
  const name = join(root, 'f');
  const fd = openSync(name, 'r');
  const clock = Date.now;
  t.teardown(() => {
    Date.now = clock;
    closeSync(fd);
  });
  const { dev, ino, nlink } = fstatSync(fd, { bigint: true });
  const changed = Number(lstatSync(root, { bigint: true }).ctimeNs / 1_000_000n);
  const places = placesFor(root, '/none');
  /** Asked so long after the last change; the looks take another second. */
  const ask = (since: number) => {
    Date.now = () => changed + since;
    const asked = places.of(name, { fd, dev, ino, nlink });
    Date.now = () => changed + since + 1000;
    return asked;
  };
  await t.rejects(ask(5), { code: 'EAGAIN' }, 'of a root that has just changed');
  t.equal(await ask(100), name, 'of one that is at rest');
});
