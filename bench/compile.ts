// The benchmark's programs in C, built by the system's compiler when they are first used.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const COMPILER = process.env.CC ?? 'cc';

const BINARIES = fileURLToPath(new URL('.work/bin', import.meta.url));

/** The program of one source file; compiled again only when that is newer. Throws where it does not compile. */
export function compile(source: string): string {
  const binary = join(BINARIES, basename(source, '.c'));
  if (existsSync(binary) && statSync(binary).mtimeMs > statSync(source).mtimeMs) return binary;
  mkdirSync(dirname(binary), { recursive: true });
  execFileSync(COMPILER, ['-O2', '-std=c11', '-Wall', '-Wextra', '-Werror', '-o', binary, source]);
  return binary;
}
