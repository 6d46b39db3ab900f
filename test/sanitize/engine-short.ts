// The engine under its stress program (native/test/engine_stress.cc), with the address and undefined-behaviour
// sanitizers, then with the thread sanitizer; where neither is here, under valgrind. OpenSSL is the system's, and not
// built with any of them: of it they see what it takes, frees and locks, and what we do when it calls us.
import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { sourcesUpTo } from '../support/native.ts';
import { buildProgram, SANITIZERS } from '../support/native-program.ts';
import { makeTree } from '../support/tree.ts';

/** Rounds of each scenario; valgrind is some twenty times slower. */
const SCENARIOS = {
  arena: 200,
  lifetime: 50,
  transfers: 60,
  http1: 2,
  h2c: 2,
  tls: 2,
} as const;
const SEED = process.env.ZCSERVE_FUZZ_SEED ?? '6';
const CERTIFICATES = fileURLToPath(new URL('../support/tls', import.meta.url));
const OPENSSL = ['-lssl', '-lcrypto'];

interface Watcher {
  readonly name: string;
  readonly flags: readonly string[];
  /** Runs the program under it. */
  readonly under: readonly string[];
  readonly share: number;
}

const WATCHERS: readonly Watcher[] = [
  { name: 'address,undefined', flags: SANITIZERS, under: [], share: 1 },
  { name: 'thread', flags: ['-g', '-fsanitize=thread'], under: [], share: 1 },
];

const VALGRIND: Watcher = {
  name: 'valgrind',
  flags: ['-g'],
  under: ['valgrind', '--error-exitcode=9', '--leak-check=full', '-q'],
  share: 0.05,
};

const works = ([program = '', ...args]: readonly string[]) => spawnSync(program, args).status === 0;

const here = WATCHERS.filter(({ flags }) => canLink([...flags, ...OPENSSL]));
for (const { name } of WATCHERS.filter((watcher) => !here.includes(watcher))) {
  const skip = 'a library is not installed (libssl-dev; libasan, libubsan, libtsan)';
  t.test(`-fsanitize=${name}`, { skip }, async () => {});
}
if (here.length === 0 && works(['valgrind', '--version']) && canLink(OPENSSL)) here.push(VALGRIND);

for (const watcher of here) {
  t.test(watcher.name, async (t) => {
    const { flags } = watcher;
    const program = buildProgram(t, 'engine_stress.cc', sourcesUpTo('engine'), flags, OPENSSL);
    for (const [scenario, rounds] of Object.entries(SCENARIOS)) {
      const count = String(Math.ceil(rounds * watcher.share));
      const given = [scenario, count, SEED, CERTIFICATES];
      const [command = '', ...args] = [...watcher.under, program, ...given];
      // Rejects with what the sanitizer has said.
      const { stdout, stderr } = await promisify(execFile)(command, args, {
        env: { ...process.env, TSAN_OPTIONS: 'halt_on_error=1' },
      });
      t.equal(stderr, '', `${scenario}: nothing to say`);
      t.comment(stdout.trim());
    }
  });
}

/** Is there a compiler that builds and runs a program with these flags? */
function canLink(flags: readonly string[]): boolean {
  const program = join(makeTree(t), 'probe');
  const args = ['-x', 'c++', '-', '-o', program, ...flags];
  return spawnSync('c++', args, { input: 'int main() {}' }).status === 0 && works([program]);
}
