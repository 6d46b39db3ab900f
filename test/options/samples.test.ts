// Files of options that pages show are taken as they stand.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { gatherOptions } from '../../src/command/config.ts';
import { makeTree } from '../support/tree.ts';

const DOCS = new URL('../../docs/', import.meta.url);

for (const page of ['nginx.md', 'hosts.md']) {
  t.test(page, async (t) => {
    const [, sample = ''] =
      /```json\n(.*?)```/s.exec(readFileSync(new URL(page, DOCS), 'utf8')) ?? [];
    const file = join(makeTree(t, { 'zc.json': sample }), 'zc.json');
    const { options, process: own } = gatherOptions({ config: file }, {});
    const taken: Readonly<Record<string, unknown>> = { ...options, ...own };
    for (const name of Object.keys(JSON.parse(sample))) t.ok(taken[name] !== undefined, name);
  });
}
