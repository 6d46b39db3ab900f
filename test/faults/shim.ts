// Builds the disk that fails (shim.c).
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeTree, type Teardown } from '../support/tree.ts';

/** The path of the library, or why there is none. */
export function buildShim(
  t: Teardown,
): { readonly library: string } | { readonly library: undefined; readonly reason: string } {
  if (spawnSync('cc', ['--version']).status !== 0) {
    return { library: undefined, reason: 'no C compiler here to build a failing disk' };
  }
  const library = join(makeTree(t), 'shim.so');
  const source = fileURLToPath(new URL('./shim.c', import.meta.url));
  const flags = ['-shared', '-fPIC', '-O2', '-Wall', '-Wextra', '-Werror'];
  execFileSync('cc', [...flags, '-o', library, source, '-ldl']);
  return { library };
}
