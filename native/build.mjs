// Builds the native engine with node-gyp into native/prebuilt/<system>/zcserve.node, for the system that the compiler
// builds for (CC=aarch64-linux-gnu-gcc CXX=aarch64-linux-gnu-g++ builds linux-arm64 anywhere).
// Where that is not possible it says so in one line and succeeds: zcserve then runs on node:http.
// --required makes that a failure. ZCSERVE_SANITIZE=address|thread builds native/build/<sanitizer>.node instead.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { makeLibrary } from './glibc-floor.mjs';
import { FOLDER as folder, ROOMS } from './sources.mjs';

const SANITIZERS = { address: 'address,undefined', thread: 'thread' };

/** The machines that the engine is built for, by GNU's names. */
const ARCHITECTURES = { x86_64: 'x64', aarch64: 'arm64' };

const sanitizer = process.env.ZCSERVE_SANITIZE;
const compiler = process.env.CXX ?? 'c++';

const problem = build();
if (problem !== undefined) {
  console.error(`zcserve: native engine not built: ${problem}`);
  process.exitCode = process.argv.includes('--required') || sanitizer ? 1 : 0;
}

/** Returns why there is no binary, or undefined when there is one that is newer than its sources. */
function build() {
  if (process.platform !== 'linux') return `it needs Linux, this is ${process.platform}`;
  if (sanitizer && !Object.hasOwn(SANITIZERS, sanitizer)) {
    return `ZCSERVE_SANITIZE=${sanitizer} is not one of ${Object.keys(SANITIZERS).join(', ')}`;
  }
  const machine = spawnSync(compiler, ['-dumpmachine'], { encoding: 'utf8' });
  if (machine.status !== 0) return `no C++ compiler (${compiler})`;
  const arch = ARCHITECTURES[machine.stdout.split('-')[0]] ?? process.arch;
  const musl = machine.stdout.includes('musl') ? '-musl' : '';
  const target = sanitizer
    ? join(folder, 'build', `${sanitizer}.node`)
    : join(folder, 'prebuilt', `linux-${arch}${musl}`, 'zcserve.node');
  if (isFresh(target)) return undefined;
  const gyp = findGyp();
  if (gyp === undefined) return 'node-gyp is not installed';
  if (spawnSync('make', ['--version']).status !== 0) return 'no make';
  // A sanitizer's runtime wants the library of this machine.
  const floor = join(folder, 'build', 'glibc-floor');
  const floored = !sanitizer && makeLibrary(compiler, floor);
  const defines = [
    `sanitize=${SANITIZERS[sanitizer] ?? ''}`,
    `glibc_floor=${floored ? floor : ''}`,
    `lto=${!sanitizer && optimizesAtLink() ? 'yes' : ''}`,
  ];
  const run = spawnSync(
    process.execPath,
    [
      ...[gyp, 'configure', 'build', '-C', folder, `--arch=${arch}`],
      ...['--loglevel', 'error', '--jobs=max', ...ownHeaders()],
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      encoding: 'utf8',
      env: { ...process.env, GYP_DEFINES: defines.join(' ') },
    },
  );
  if (run.status !== 0) return `node-gyp failed (${run.status ?? run.signal})\n${run.stdout}`;
  mkdirSync(dirname(target), { recursive: true });
  // By rename: a running server keeps the old file mapped.
  copyFileSync(join(folder, 'build', 'Release', 'zcserve.node'), `${target}.new`);
  renameSync(`${target}.new`, target);
  return undefined;
}

function isFresh(binary) {
  if (!existsSync(binary)) return false;
  const built = statSync(binary).mtimeMs;
  return ['.', ...ROOMS]
    .flatMap((room) => readdirSync(join(folder, room)).map((name) => join(folder, room, name)))
    .filter((file) => /\.(cc|h|gyp|mjs)$/.test(file))
    .every((file) => statSync(file).mtimeMs <= built);
}

/** Whether the linker goes along: clang brings none of its own that would. */
function optimizesAtLink() {
  const program = ['-flto=auto', '-x', 'c++', '-', '-o', '/dev/null'];
  return spawnSync(compiler, program, { input: 'int main() {}' }).status === 0;
}

function findGyp() {
  try {
    return createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
  } catch {
    return undefined;
  }
}

/** The headers beside the running node, so that none are downloaded. */
function ownHeaders() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? [`--nodedir=${prefix}`] : [];
}
