// The floor servers: built from floor.c by the system's compiler when they are first used.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { firstLine, isInstalled } from '../process.ts';
import { type ServerKind, startAndRead } from './server.ts';

const SOURCE = fileURLToPath(new URL('../floor/floor.c', import.meta.url));
const BINARY = fileURLToPath(new URL('../.work/bin/floor', import.meta.url));
const COMPILER = process.env.CC ?? 'cc';

export const floors: readonly ServerKind[] = [floor('mmap'), floor('sendfile')];

/** The textbook's baseline, for the comparison of strategies only: it is no floor. */
export const floorRead = floor('read');

function floor(mode: 'mmap' | 'sendfile' | 'read'): ServerKind {
  return {
    name: `floor-${mode}`,
    tags: ['floor'],
    lacks: ['multi-range', 'gzip'],
    missing: () =>
      isInstalled(COMPILER) ? undefined : 'needs a C compiler: apt-get install gcc libc6-dev',
    version: () => `bench/floor/floor.c, ${firstLine(COMPILER, ['--version'])}, -O2`,
    start: async ({ root, cores }) =>
      startAndRead({ program: build(), args: [root, mode], cores }, (stdout) => {
        const port = /^listening (\d+)$/m.exec(stdout)?.[1];
        return port === undefined ? undefined : { url: new URL(`http://127.0.0.1:${port}`) };
      }),
  };
}

function build(): string {
  if (existsSync(BINARY) && statSync(BINARY).mtimeMs > statSync(SOURCE).mtimeMs) return BINARY;
  mkdirSync(dirname(BINARY), { recursive: true });
  execFileSync(COMPILER, ['-O2', '-std=c11', '-Wall', '-Wextra', '-o', BINARY, SOURCE]);
  return BINARY;
}
