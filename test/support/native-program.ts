// Programs that tests make of the engine's sources: each source is compiled once for all programs with the same flags.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Test } from 'tap';
import { CXX_FLAGS, findCompiler, NATIVE, ROOMS } from './native.ts';

/** For those that look for what must not happen. */
export const SANITIZERS = ['-g1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

const BUILD = join(NATIVE, 'build/programs');

/**
 * Builds native/test/`source` with `parts`, in native/build, and links `libraries` (`-lssl`). Returns the program, or ends
 * a test file that finds no C++ compiler.
 */
export function buildProgram(
  t: Test,
  source: string,
  parts: readonly string[],
  flags: readonly string[] = [],
  libraries: readonly string[] = [],
): string {
  const compiler = findCompiler();
  if (compiler === undefined) {
    t.plan(0, 'no C++ compiler here to build a part of the engine by itself');
    process.exit();
  }
  const objects = compileSources(compiler, [...parts, join(NATIVE, 'test', source)], flags);
  const program = join(
    BUILD,
    `${keyOf([...flags, ...objects, ...libraries])}-${basename(source, '.cc')}`,
  );
  const link = [compiler, '-pthread', ...flags, ...objects, ...libraries];
  return make(program, (to) => [...link, '-o', to]);
}

/** The objects of some sources, in native/build. */
export function compileSources(
  compiler: string,
  sources: readonly string[],
  flags: readonly string[] = [],
): string[] {
  mkdirSync(BUILD, { recursive: true });
  const command = [compiler, ...CXX_FLAGS, '-O1', '-fPIC', ...flags, '-c'];
  const common = keyOf([execFileSync(compiler, ['--version']), ...command, ...readHeaders()]);
  const objects = sources.map((source) => {
    const key = keyOf([common, source, readFileSync(source)]);
    return { source, object: join(BUILD, `${key}-${basename(source, '.cc')}.o`) };
  });
  // Several tests begin at once: each at another place, so that they share the work.
  const first = Math.floor(Math.random() * objects.length);
  for (const { source, object } of [...objects.slice(first), ...objects.slice(0, first)]) {
    make(object, (to) => [...command, source, '-o', to]);
  }
  return objects.map(({ object }) => object);
}

function make(file: string, command: (to: string) => readonly string[]): string {
  if (existsSync(file)) return file;
  // Another test may be at it: whoever is last puts the same thing in its place.
  const own = `${file}.${process.pid}`;
  const [program = '', ...args] = command(own);
  execFileSync(program, args);
  renameSync(own, file);
  return file;
}

/** Any header may be included by any source. */
function* readHeaders(): Generator<string | Buffer> {
  for (const room of [...ROOMS, 'test']) {
    const folder = join(NATIVE, room);
    const names = readdirSync(folder).filter((name) => name.endsWith('.h'));
    for (const name of names.toSorted()) yield* [room, name, readFileSync(join(folder, name))];
  }
}

function keyOf(parts: Iterable<string | Buffer>): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex').slice(0, 16);
}
