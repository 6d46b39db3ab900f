// Builds the libraries that stand between a server and its system: a disk that fails (shim.c), no room for threads
// (threads.c), a kernel without openat2 (old-kernel.c), a disk whose power goes (power.c).
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeTree, type Teardown } from '../support/tree.ts';

/** The path of the library, or why there is none. */
export function buildShim(
  t: Teardown,
  name: 'shim.c' | 'threads.c' | 'old-kernel.c' | 'power.c' = 'shim.c',
): { readonly library: string } | { readonly library: undefined; readonly reason: string } {
  if (spawnSync('cc', ['--version']).status !== 0) {
    return { library: undefined, reason: 'no C compiler here to build a failing system' };
  }
  const library = join(makeTree(t), `${name}.so`);
  const source = fileURLToPath(new URL(name, import.meta.url));
  const flags = ['-shared', '-fPIC', '-O2', '-Wall', '-Wextra', '-Werror'];
  execFileSync('cc', [...flags, '-o', library, source, '-ldl']);
  return { library };
}
