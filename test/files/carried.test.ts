// The files of rules in a root: what they are called, how they are read, and when they are read again.
import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { holds, isCarried, MAX_CARRIED, readCarried } from '../../src/files/carried.ts';
import { openRoot } from '../../src/files/open.ts';
import { until } from '../faults/process.ts';
import { makeTree } from '../support/tree.ts';
import { WAYS } from './fixture.ts';

t.test('their names, however they are spelled', (t) => {
  const theirs = [
    '_headers',
    '_redirects',
    '_HEADERS',
    '_Redirects.GZ',
    '_headers.br',
    '_redirects.zst',
  ];
  for (const name of [...theirs, '_headers.', '_headers ', '_redirect\u017f', '_head\u200bers'])
    t.ok(isCarried(name), name);
  for (const name of [
    'headers',
    '_headersx',
    'a/_headers',
    '_headers/a',
    '_headers.txt',
    '_next/x',
    '',
  ]) {
    t.notOk(isCarried(name), name);
  }
  t.end();
});

for (const [way, addon] of WAYS) {
  t.test(way, async (t) => {
    const outside = makeTree(t, { text: 'outside' });
    const path = makeTree(t, { rules: 'inside' });
    const at = (name: string) => join(path, name);
    const plant = (nodes: Parameters<typeof makeTree>[1]) => {
      for (const name of ['_headers', '_redirects'])
        rmSync(at(name), { recursive: true, force: true });
      const made = makeTree(t, nodes);
      for (const name of Object.keys(nodes ?? {})) renameSync(join(made, name), at(name));
    };
    const root = openRoot(path, 'inside', addon);
    t.teardown(() => root.close());

    const none = await readCarried(root, undefined);
    t.same([none.headers, none.redirects], [undefined, undefined]);
    t.same(none.evidence, ['_headers', '', '_redirects', ''], 'that there is none is known too');
    t.equal(await readCarried(root, none), none, 'the same is not read again');

    plant({ _headers: 'a', _redirects: { link: 'rules' } });
    const some = await readCarried(root, none);
    t.same([some.headers, some.redirects], [{ text: 'a' }, { text: 'inside' }]);
    if (addon !== undefined) {
      // Not at once while the link's access time is to be written (relatime): whoever follows it and may wait does that.
      await until(async () => {
        await readCarried(root, some);
        return holds(some, root);
      });
    }
    t.notOk(holds(none, root));
    appendFileSync(at('_headers'), 'b');
    t.notOk(holds(some, root));
    t.same((await readCarried(root, some)).headers, { text: 'ab' });

    plant({ _headers: { link: join(outside, 'text') }, _redirects: '' });
    t.match((await readCarried(root, some)).headers, { flaw: /^cannot be opened: E/ });
    plant({ _redirects: '' });
    mkdirSync(at('_headers'));
    t.same((await readCarried(root, some)).evidence.slice(0, 1), ['_redirects']);
    plant({ _headers: '' });
    writeFileSync(at('_headers'), 'x'.repeat(MAX_CARRIED + 1));
    t.match((await readCarried(root, some)).headers, { flaw: /more than 1048576 bytes/ });
  });
}
