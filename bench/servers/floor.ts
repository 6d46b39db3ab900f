// The floor servers: built from floor.c by the system's compiler when they are first used.
import { fileURLToPath } from 'node:url';
import { COMPILER, compile } from '../compile.ts';
import { firstLine, isInstalled } from '../process.ts';
import { type ServerKind, startAndRead } from './server.ts';

const SOURCE = fileURLToPath(new URL('../floor/floor.c', import.meta.url));

export const floors: readonly ServerKind[] = [floor('mmap'), floor('sendfile')];

/** The textbook's baseline, for the comparison of strategies only: it is no floor. */
export const floorRead = floor('read');

/** Opens a file for each request and keeps nothing: the others keep every file that they have seen. */
export const floorOpen: ServerKind = {
  ...floor('open'),
  tags: ['floor', 'many-only'],
  lacks: ['multi-range', 'gzip', 'If-Modified-Since', 'listing'],
};

function floor(mode: 'mmap' | 'sendfile' | 'read' | 'open'): ServerKind {
  return {
    name: `floor-${mode}`,
    tags: ['floor'],
    speaks: ['http'],
    lacks: ['multi-range', 'gzip', 'many files', 'listing'],
    missing: () =>
      isInstalled(COMPILER) ? undefined : 'needs a C compiler: apt-get install gcc libc6-dev',
    version: () => `bench/floor/floor.c, ${firstLine(COMPILER, ['--version'])}, -O2`,
    start: async ({ root, cores }) =>
      startAndRead({ program: compile(SOURCE), args: [root, mode], cores }, (stdout) => {
        const port = /^listening (\d+)$/m.exec(stdout)?.[1];
        return port === undefined ? undefined : { url: new URL(`http://127.0.0.1:${port}`) };
      }),
  };
}
