// A process that turns a directory and a file into links out of the root and back, as often as it is told.
import { renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const [root = '', outside = '', turns = '0'] = process.argv.slice(2);

for (const name of ['directory', 'file.txt']) {
  symlinkSync(join(outside, name), join(root, `${name}.link`));
}
for (let turn = 0; turn < Number(turns); turn++) {
  for (const name of ['directory', 'file.txt']) {
    const path = join(root, name);
    renameSync(path, `${path}.real`);
    renameSync(`${path}.link`, path);
    renameSync(path, `${path}.link`);
    renameSync(`${path}.real`, path);
  }
}
for (const name of ['directory', 'file.txt']) rmSync(join(root, `${name}.link`));
process.send?.('done', () => process.disconnect());
