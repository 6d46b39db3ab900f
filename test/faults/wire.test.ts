// --sendfile-verify over a network: with the end held back until the rest is acknowledged, no mixed body completes.
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { makeTree } from '../support/tree.ts';
import { isLong, times } from './effort.ts';

const KIB = 1024;

function missing(): string | undefined {
  if (!isLong) return 'half a minute: npm run test:soak';
  if (loadNative().addon === undefined) return 'no addon';
  if (spawnSync('cc', ['--version']).status !== 0) return 'no C compiler';
  const alone = spawnSync('unshare', ['-nm', 'ip', 'link', 'add', 'v0', 'type', 'veth']);
  return alone.status === 0 ? undefined : 'no rights to network namespaces with veth';
}

interface Sum {
  readonly whole: number;
  readonly mixed: number;
  readonly cut: number;
  readonly changes: number;
}

t.test('between network namespaces', { skip: missing() ?? false }, async (t) => {
  const wire = join(makeTree(t), 'wire');
  const source = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  execFileSync('cc', ['-O2', '-Wall', '-Werror', '-o', wire, source('./wire.c')]);
  const storm = (flag: string): Sum => {
    const sizes = [64, 256, 1024].map((kib) => [`${kib}k.bin`, { size: kib * KIB }] as const);
    const root = makeTree(t, Object.fromEntries(sizes));
    const inner = [process.execPath, '--import=tsx', source('./wire.ts'), root, wire];
    const requests = String(times(1000, 6000));
    const args = ['-nm', '--propagation=private', ...inner, requests, '--sendfile-min=0', flag];
    const sum = JSON.parse(execFileSync('unshare', args, { encoding: 'utf8' })) as Sum;
    t.comment(
      `${flag}: ${sum.whole} whole, ${sum.mixed} mixed, ${sum.cut} cut off, ${sum.changes} changes`,
    );
    return sum;
  };
  const plain = storm('--no-sendfile-verify');
  const verified = storm('--sendfile-verify');
  t.ok(plain.mixed > 0, 'without it the storm does mix bodies');
  t.equal(verified.mixed, 0, 'with it none');
  t.ok(verified.whole > 0, 'and answers get through');
});
