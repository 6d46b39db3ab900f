// The engine's sources as its own build names them, for the programs that tests make of them.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const NATIVE = fileURLToPath(new URL('../../native/', import.meta.url));

/** The engine's rooms, lowest first. */
export const { ROOMS }: { readonly ROOMS: readonly string[] } = await import(
  join(NATIVE, 'sources.mjs')
);

/** Where Node's headers may lie, OpenSSL's among them. */
export const NODE_HEADERS = [
  join(dirname(dirname(process.execPath)), 'include/node'),
  '/usr/include/node',
].filter((folder) => existsSync(folder));

/** The flags of every program of ours. */
export const CXX_FLAGS = [
  ...['-std=c++17', '-Wall', '-Wextra', '-Werror', '-pthread', `-I${NATIVE}`],
  ...NODE_HEADERS.flatMap((folder) => ['-isystem', folder]),
];

/** A C++ compiler of this machine, if it has one. */
export function findCompiler(): string | undefined {
  return ['g++', 'c++', 'clang++'].find((name) => spawnSync(name, ['--version']).status === 0);
}

/** Paths of the sources of a room and of all rooms below it. */
export function sourcesUpTo(room: string): string[] {
  const list = execFileSync(process.execPath, [join(NATIVE, 'sources.mjs'), room], {
    encoding: 'utf8',
  });
  return list
    .trim()
    .split(' ')
    .map((name) => join(NATIVE, name));
}
