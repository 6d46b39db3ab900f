// Programs that tests make of the engine's sources: built by the system's compiler once for all tests that use them.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';
import { CXX_FLAGS, findCompiler, NATIVE, ROOMS } from './native.ts';

/** For those that look for what must not happen. */
export const SANITIZERS = ['-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

/**
 * Builds native/test/`source` with `parts`, in native/build. Returns the program, or ends a test file that finds no C++
 * compiler.
 */
export function buildProgram(
  t: Test,
  source: string,
  parts: readonly string[],
  flags: readonly string[] = [],
): string {
  const compiler = findCompiler();
  if (compiler === undefined) {
    t.plan(0, 'no C++ compiler here to build a part of the engine by itself');
    process.exit();
  }
  const command = [...CXX_FLAGS, '-O2', ...flags, ...parts, join(NATIVE, 'test', source)];
  const program = join(
    NATIVE,
    'build/programs',
    keyOf(compiler, command),
    source.replace('.cc', ''),
  );
  if (existsSync(program)) return program;
  mkdirSync(dirname(program), { recursive: true });
  // Another test may be at it: whoever is last puts the same thing in its place.
  const own = `${program}.${process.pid}`;
  execFileSync(compiler, [...command, '-o', own]);
  renameSync(own, program);
  return program;
}

/** What a program is made of: the compiler, what it is told, and every source and header. */
function keyOf(compiler: string, command: readonly string[]): string {
  const hash = createHash('sha256');
  hash.update(execFileSync(compiler, ['--version'])).update(command.join('\0'));
  for (const room of [...ROOMS, 'test']) {
    const folder = join(NATIVE, room);
    for (const name of readdirSync(folder).toSorted()) {
      hash.update(`\0${name}\0`).update(readFileSync(join(folder, name)));
    }
  }
  return hash.digest('hex').slice(0, 16);
}
