// Run by table.test.ts under a low RLIMIT_NOFILE: what the table does when there are no descriptors.
import { closeSync, openSync } from 'node:fs';
import { loadNative } from '../../src/addon/load.ts';
import { openRoot } from '../../src/files/open.ts';
import { FileTable } from '../../src/files/table.ts';
import { collect, descriptorsBeneath, NO_FIELDS, POLICY, until } from './fixture.ts';

const [path = '', way] = process.argv.slice(2);
const addon = way === 'addon' ? loadNative().addon : undefined;
const root = openRoot(path, 'inside', addon);
const table = new FileTable({
  policy: { ...POLICY, root: path, codings: [], maxOpenFiles: 1_000_000 },
  root,
  addon,
  describe: () => NO_FIELDS,
  log: collect([]),
});
const find = async (name: string) => table.lookup(name, false, false);

/** Takes every descriptor that is left. */
function fill(): { readonly fds: number[]; readonly code: unknown } {
  const fds: number[] = [];
  for (;;) {
    try {
      fds.push(openSync('/dev/null', 'r'));
    } catch (error) {
      return { fds, code: error instanceof Error && 'code' in error ? error.code : error };
    }
  }
}

for (const name of ['/d.txt', '/e.txt', '/a.txt']) await find(name);
const first = fill();
// A known file needs no descriptor, a new one takes the place of a cached one.
const cached = (await find('/a.txt')).kind;
const relieved = (await find('/b.txt')).kind;
for (const name of ['a.txt', 'b.txt', 'd.txt', 'e.txt']) table.drop(name);
await until(() => {
  try {
    return descriptorsBeneath(path).length === 0;
  } catch {
    // There is none to read /proc with: nothing is closed yet.
    return false;
  }
});
const second = fill();
const nothingToClose = await find('/c.txt');
for (const fd of [...first.fds, ...second.fds]) closeSync(fd);
const after = (await find('/c.txt')).kind;
const limited = first.fds.length < 96;
console.log(JSON.stringify({ limited, full: first.code, cached, relieved, nothingToClose, after }));
table.close();
root.close();
