// A volume as Kubernetes makes it of a ConfigMap or Secret: names are links through ..data, a link that is swapped for
// another set of files (its atomic_writer.go). Every answer is of one set, and of the new one within `revalidate`.
import {
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { until } from '../faults/process.ts';
import { request } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import { onEveryCarrier } from './carriers.ts';

const SETS = 6;
const LARGE = 200_000;

/** As kubelet writes a new set of files, makes it the one that ..data leads to, and removes the old one. */
function project(volume: string, files: Readonly<Record<string, string>>): void {
  const data = join(volume, '..data');
  const old = readdirSync(volume).includes('..data') ? readlinkSync(data) : undefined;
  const set = `..2026_01_01_00_00_00.${Number(old?.split('.').at(-1) ?? 0) + 1}`;
  mkdirSync(join(volume, set));
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(volume, set, name), content);
  }
  symlinkSync(set, join(volume, '..data_tmp'));
  renameSync(join(volume, '..data_tmp'), data);
  for (const name of Object.keys(files)) {
    if (old === undefined) symlinkSync(join('..data', name), join(volume, name));
  }
  if (old !== undefined) rmSync(join(volume, old), { recursive: true });
}

const filesOf = (set: number) => ({
  'index.html': `<p>${set}</p>`,
  'large.txt': String(set).repeat(LARGE),
});

const sets = Array.from({ length: SETS }, (_, set) => filesOf(set));
const FILES = { '/': 'index.html', '/large.txt': 'large.txt' } as const;

onEveryCarrier(
  t,
  async (t, serve) => {
    for (const revalidate of [0, 50]) {
      const root = makeTree(t);
      project(root, filesOf(0));
      const { address } = await serve({ root, revalidate });
      /** Which set an answer is of. */
      const setOf = async (path: '/' | '/large.txt') => {
        const { status, body } = await request(address, path);
        const text = body.toString();
        const set = sets.findIndex((files) => text === files[FILES[path]]);
        return status === 200 ? set : `status ${status}`;
      };
      for (let set = 0; set < SETS; set++) {
        if (set > 0) project(root, filesOf(set));
        for (const path of ['/', '/large.txt'] as const) {
          if (revalidate === 0) t.equal(await setOf(path), set, `${path} at once`);
          await until(async () => {
            const found = await setOf(path);
            if (typeof found === 'string' || found < 0) t.fail(`${path}, set ${set}: ${found}`);
            return found === set;
          });
          // Kept, prepared, on every way that this carrier has, when the next one comes.
          for (let i = 0; i < 3; i++) t.type(await setOf(path), 'number');
        }
      }
      t.equal((await request(address, '/..data/index.html')).status, 404, 'hidden');
    }
  },
  ({ name }) => ['native', 'native TLS', 'http1'].includes(name),
);
