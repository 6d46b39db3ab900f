// Which of the prebuilt engines a process loads.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { systemOf } from '../../src/addon/load.ts';

/** The start of an executable: an ELF header, and the path of its loader (PT_INTERP). */
const executable = (loader: string) =>
  Buffer.from(`\x7fELF\x02\x01\x01\0\0\0${loader}\0`, 'latin1');

t.test('the engine is the one for the C library that runs the program', async (t) => {
  t.equal(systemOf('x64', executable('/lib64/ld-linux-x86-64.so.2')), 'linux-x64');
  t.equal(systemOf('arm64', executable('/lib/ld-linux-aarch64.so.1')), 'linux-arm64');
  t.equal(systemOf('x64', executable('/lib/ld-musl-x86_64.so.1')), 'linux-x64-musl');
  t.equal(systemOf('arm64', executable('/lib/ld-musl-aarch64.so.1')), 'linux-arm64-musl');
  // Another system, or one that hides it: the usual library.
  t.equal(systemOf('x64', Buffer.of()), 'linux-x64');
});

t.test('a program that names its loader does so in its first page', async (t) => {
  const program = readFileSync(process.execPath);
  const [loader] =
    /\/lib[\w/]*\/ld-[\w.-]+\.so\.\d/.exec(program.toString('latin1', 0, 4096)) ?? [];
  t.type(loader, 'string');
});
