// Run by descriptors.test.ts: an engine is wanted when there is no descriptor left, or only some of those that it needs.
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { loadNative } from '../../src/addon/load.ts';
import { resolveOptions } from '../../src/options/options.ts';
import { limitsOf } from '../../src/site/policies.ts';

const THREADS = 4;
/** More attempts than one engine takes descriptors. */
const ATTEMPTS = 20;

const { addon } = loadNative();
if (addon === undefined) throw new Error('no addon');
const root = addon.openRoot(process.argv[2] ?? '');
const make = () =>
  addon.createEngine(root, 'inside', THREADS, limitsOf(resolveOptions()), [], [], () => {});
const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

spawnSync('prlimit', [`--pid=${process.pid}`, '--nofile=128:']);
const fds: number[] = [];
try {
  for (;;) fds.push(openSync('/dev/null', 'r'));
} catch (error) {
  if (codeOf(error) !== 'EMFILE') throw error;
}

const codes = new Set<string | undefined>();
let refused = 0;
for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
  try {
    make().close();
  } catch (error) {
    codes.add(codeOf(error));
    refused++;
  }
}
for (const fd of fds) closeSync(fd);
const engine = make();
engine.listen(addon.listen('127.0.0.1', 0, false, 1, false), false, undefined);
const made = engine.threads > 0;
engine.close();
process.stdout.write(JSON.stringify({ refused, codes: [...codes], made }));
