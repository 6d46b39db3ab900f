// Two parsers, one command line: where the quick one reads it at all, it reads what yargs does.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { readPlainArguments, SERVER } from '../../src/command/arguments.ts';
import { readArguments } from '../../src/command/usage.ts';

const flag = fc.constantFrom(
  ...[...SERVER.nameOf.keys()].map((name) => `--${name}`),
  '-p',
  '--no-watch',
);
const text = fc.oneof(
  fc.constantFrom('', '-', '80', '-1', 'a=b', '"quoted"', "'", 'true', './a b', 'x\ny', '0x10'),
  fc.string({ maxLength: 6 }),
);
const argument = fc.oneof(
  text,
  flag,
  fc.tuple(flag, text).map(([name, value]) => `${name}=${value}`),
  fc.tuple(flag, text).map(([name, value]) => `${name}${value}`),
  fc.constantFrom(
    '--',
    '--help',
    '-h',
    '-v',
    '--version',
    '--prt',
    '-x',
    '-px',
    '--no-port',
    'doctor',
  ),
);

t.test('what the plain parser reads is what yargs reads, whatever the line', async (t) => {
  let read = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(argument, { maxLength: 4 }), async (args) => {
      const plain = readPlainArguments(args);
      if (plain === undefined) return;
      read++;
      assert.deepEqual(plain, await readArguments(args));
    }),
    { numRuns: 2000 },
  );
  t.ok(read > 100, `${read} lines were plain`);
});

t.test('ordinary lines are plain: they start without yargs', async (t) => {
  for (const args of [
    [],
    ['public'],
    ['./dir', '--port', '9000', '--listing'],
    ['-p', '80', 'dir', '--no-watch', '--cors', '--mmap-max=64k', '--server-timing'],
    ['doctor', 'dir', '--json'],
  ]) {
    t.ok(readPlainArguments(args), args.join(' '));
  }
});

t.test('help, mistakes and every unusual form are left to yargs', async (t) => {
  for (const args of [
    ['--help'],
    ['-v'],
    ['--prt', '1'],
    ['--port'],
    ['--port', '--listing'],
    ['--port=1', '--port=2'],
    ['-p=80'],
    ['--', 'dir'],
    ['--host="::1"'],
  ]) {
    t.equal(readPlainArguments(args), undefined, args.join(' '));
  }
});
