// The engine's sources against the headers of musl: nothing of glibc's alone. LLVM's C++ library is the one that can be
// told so on a system of glibc.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { NATIVE, NODE_HEADERS, ROOMS, sourcesUpTo } from '../support/native.ts';
import { makeTree } from '../support/tree.ts';

const MACHINE = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
const MUSL = `/usr/include/${MACHINE}-linux-musl`;

/** Where clang looks for LLVM's C++ library; undefined where one of the two is missing. */
function findLibrary(): string | undefined {
  const args = ['-stdlib=libc++', '-x', 'c++', '-E', '-v', '/dev/null'];
  const { stderr } = spawnSync('clang++', args, { encoding: 'utf8' });
  return /^ (.*\/c\+\+\/v1)$/m.exec(stderr ?? '')?.[1];
}

const library = findLibrary();
const missing =
  (library === undefined && 'needs clang and libc++-dev') ||
  (!existsSync(MUSL) && 'needs musl-dev') ||
  false;

t.test('every file of the engine compiles against musl', { skip: missing }, async (t) => {
  // The kernel's headers, and no others of the system.
  const kernel = makeTree(t);
  symlinkSync('/usr/include/linux', join(kernel, 'linux'));
  symlinkSync('/usr/include/asm-generic', join(kernel, 'asm-generic'));
  symlinkSync(`/usr/include/${MACHINE}-linux-gnu/asm`, join(kernel, 'asm'));
  const flags = [
    ...[`--target=${MACHINE}-linux-musl`, '-std=c++17', '-fno-exceptions'],
    ...['-Wall', '-Wextra', '-Werror', '-DNAPI_VERSION=9', '-D_FILE_OFFSET_BITS=64', `-I${NATIVE}`],
    ...['-D_LIBCPP_HAS_MUSL_LIBC', '-nostdinc++', '-nostdlibinc'],
    ...[library ?? '', MUSL, kernel, ...NODE_HEADERS].flatMap((folder) => ['-isystem', folder]),
  ];
  const files = sourcesUpTo('addon');
  t.ok(files.length > 0);
  // The system's headers once for all: they are most of what is read.
  const folders = ROOMS.map((room) => join(NATIVE, room));
  const own = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  const named = own.flatMap((file) => readFileSync(file, 'utf8').match(/^#include <.+>$/gm) ?? []);
  const folder = makeTree(t, { 'all.h': [...new Set(named)].join('\n') });
  const compiled = join(folder, 'all.pch');
  const errorOf = (...args: string[]) =>
    promisify(execFile)('clang++', [...flags, ...args]).then(
      () => '',
      (failure: { readonly stderr: string }) => failure.stderr,
    );
  t.equal(await errorOf('-x', 'c++-header', join(folder, 'all.h'), '-o', compiled), '', 'headers');
  for (const name of files) {
    t.equal(await errorOf('-fsyntax-only', '-include-pch', compiled, name), '', name);
  }
});
