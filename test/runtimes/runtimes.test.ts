// Bun and Deno serve every file whole, by middleware and by each transport. Runs where they are: `BUN` and `DENO` name
// them, or they stand on the PATH.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { makeTree } from '../support/tree.ts';

const PROGRAM = fileURLToPath(new URL('program.mjs', import.meta.url));
const SIZES = { small: 100, mid: 40_000, large: 3_000_000 };

const ROUNDS = [0, 1, 2];
const EXPECTED = {
  ...Object.fromEntries(
    ROUNDS.flatMap((round) =>
      Object.entries(SIZES).map(([name, size]) => [`${name} ${round}`, `200 ${size}`]),
    ),
  ),
  part: '206 70000',
  none: '404',
};

interface Result {
  readonly answers: Readonly<Record<string, string>>;
  readonly name?: string;
  readonly sendfile?: boolean;
  readonly reason?: string;
}

type Results = Readonly<Record<'middleware' | 'http1' | 'auto', Result>>;

const RUNTIMES: ReadonlyArray<readonly [name: string, program: string, args: readonly string[]]> = [
  ['node', process.execPath, ['--import=tsx']],
  ['bun', process.env.BUN ?? 'bun', ['run']],
  ['deno', process.env.DENO ?? 'deno', ['run', '-A']],
];

for (const [name, program, args] of RUNTIMES) {
  const missing = spawnSync(program, ['--version']).error !== undefined;
  t.test(name, { skip: missing && `no ${name} here` }, async (t) => {
    const root = makeTree(
      t,
      Object.fromEntries(Object.entries(SIZES).map(([file, size]) => [file, 'x'.repeat(size)])),
    );
    const run = spawnSync(program, [...args, PROGRAM, root, ...Object.keys(SIZES)], {
      encoding: 'utf8',
    });
    t.equal(run.status, 0, run.stderr);
    const results = JSON.parse(run.stdout) as Results;
    for (const [how, { answers }] of Object.entries(results)) t.same(answers, EXPECTED, how);
    const lines = run.stderr.split('\n').filter((line) => line.startsWith('zcserve:'));
    switch (name) {
      case 'bun':
        t.equal(results.http1.sendfile, false, 'no socket of it has a descriptor');
        t.same(lines, [], 'its node:fs takes the descriptors of the addon');
        break;
      case 'deno':
        t.equal(results.http1.sendfile, false);
        t.match(results.auto.reason, /does not take the addon's descriptors \(EBADF\)$/);
        t.match(lines, [/files go the slow way.*\(EBADF\)$/], 'one line says so');
        break;
      default:
        t.same(lines, []);
    }
  });
}
