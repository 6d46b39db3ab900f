// A file to whose end bytes are added: open by what a root has found or by a descriptor, with the addon and without it.
import { appendFileSync, fstatSync, openSync, renameSync, truncateSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { GrowingFile, openGrowing } from '../../src/files/growing-file.ts';
import { openRoot } from '../../src/files/open.ts';
import { makeTree } from '../support/tree.ts';

const { addon } = loadNative();

for (const native of addon === undefined ? [undefined] : [addon, undefined]) {
  const how = native ? 'with the addon' : 'without it';

  t.test(`${how}: one look tells what has become of it`, async (t) => {
    const folder = makeTree(t, { 'a.log': 'hello', 'b.log': 'b' });
    const path = join(folder, 'a.log');
    const root = openRoot(folder, 'inside', native);
    t.teardown(() => root.close());
    const [found] = await root.open(['a.log']);
    if (found?.type !== 'file') throw new Error('no file');
    const file = await openGrowing(found, 'a.log', native);
    t.match(file, { path: 'a.log', size: 5, etag: undefined, cached: false, grows: true });
    t.equal(file.file.native !== undefined, native !== undefined);

    t.same(await file.look(), { kind: 'same', unlinked: false });
    appendFileSync(path, ', world');
    t.equal(file.size, 5, 'as of the last look');
    t.same(await file.look(), { kind: 'grown', unlinked: false });
    t.equal(file.size, 12);
    truncateSync(path, 3);
    t.same(await file.look(), { kind: 'truncated', unlinked: false });
    t.equal(file.size, 3);
    appendFileSync(path, '!');
    renameSync(path, join(folder, 'a.log.1'));
    t.same(await file.look(), { kind: 'grown', unlinked: false }, 'rotated: it is the old one');
    unlinkSync(join(folder, 'a.log.1'));
    t.same(await file.look(), { kind: 'same', unlinked: true });

    const { fd } = file.file;
    file.retain();
    file.release();
    t.equal(fstatSync(fd).size, 4, 'open while anybody holds it');
    file.release();
    t.throws(() => file.retain(), /closed/);
    t.throws(() => file.release(), /more often/);
  });

  t.test(`${how}: a descriptor is taken over, of a file alone`, async (t) => {
    const folder = makeTree(t, { 'a.log': 'hello' });
    const file = await openGrowing(openSync(join(folder, 'a.log'), 'r+'), 'a.log', native);
    t.ok(file instanceof GrowingFile);
    t.equal(file.size, 5);
    file.release();
    await t.rejects(openGrowing(openSync(folder, 'r'), 'folder', native), { code: 'EINVAL' });
    await t.rejects(openGrowing(999_999, 'none', native), { code: 'EBADF' });
  });
}
