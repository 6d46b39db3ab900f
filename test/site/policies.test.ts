// Where files are encoded here: by the option, and by who can reach the server.
import { join } from 'node:path';
import t from 'tap';
import { type OptionsInput, resolveOptions } from '../../src/options/options.ts';
import { policiesOf } from '../../src/site/policies.ts';
import { TLS_OPTIONS } from '../support/tls.ts';
import { makeTree } from '../support/tree.ts';

const root = makeTree(t, { 'a.js': 'a' });

const CASES: ReadonlyArray<readonly [title: string, options: OptionsInput, encodes: boolean]> = [
  ['by default on loopback', {}, false],
  ['where others reach it', { host: '0.0.0.0' }, true],
  ['where there is TLS', TLS_OPTIONS, true],
  ['where a proxy stands before it', { listen: 'unix:/tmp/zc.sock' }, true],
  ['on', { compress: 'on' }, true],
  ['on, as code has it', { compress: true }, true],
  ['off', { compress: 'off', host: '0.0.0.0' }, false],
];

t.test('files are encoded where it pays', async (t) => {
  for (const [title, options, encodes] of CASES) {
    const { compress } = policiesOf(resolveOptions({ root, ...options })).files;
    t.equal(compress !== undefined, encodes, title);
  }
});

t.test('forms are not kept where they would be served', async (t) => {
  const within = (compressCache: string) =>
    policiesOf(resolveOptions({ root, compress: 'on', compressCache })).files.compress?.directory;
  t.throws(() => within(join(root, 'forms')), /option compressCache: .*forms would be served/);
  t.equal(within(join(root, '.forms')), join(root, '.forms'), 'a hidden place is none of those');
  t.equal(within(`${root}-forms`), `${root}-forms`);
});
