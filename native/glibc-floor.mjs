// A C library to link against that has only what glibc 2.28 had, so that the engine loads on every glibc from there on
// (what Node's own binaries ask for), however new the one of the machine that builds it.
//
// The linker notes for each function the newest version that the library before it offers: pthread_create is
// GLIBC_2.34 here and GLIBC_2.2.5 on an older system, and is the same function; both are in the library of today. So it
// is shown a library of the same names without code, each in its newest version up to the floor. What did not exist then
// does not link; native/base/glibc_floor.cc has the few such functions that the compiler's own libraries ask for.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

const FLOOR = [2, 28];

/**
 * Makes the library in `folder`, which `-L` then puts before the system's. Returns whether that is possible: another C
 * library (musl) has no such versions, and a tool chain with a root directory of its own may not take ours.
 */
export function makeLibrary(compiler, folder) {
  const [system, script] = ['libc.so.6', 'libc.so'].map((name) =>
    run(compiler, `-print-file-name=${name}`)?.trim(),
  );
  if (!system || !script || !isAbsolute(system) || !isAbsolute(script)) return false;
  const symbols = readSymbols(run('readelf', '--dyn-syms', '--wide', system) ?? '');
  mkdirSync(folder, { recursive: true });
  const file = (name) => join(folder, name);
  writeFileSync(file('libc.s'), assembly(symbols));
  writeFileSync(file('libc.map'), versions(symbols));
  // The system's own list of what -lc means (GROUP of the library, its static part and the loader), with our library.
  writeFileSync(
    file('libc.so'),
    readFileSync(script, 'latin1').replace(/\S*libc\.so\.6/, () => file('libc.so.6')),
  );
  writeFileSync(file('probe.s'), '.globl probe\n.data\nprobe: .quad pthread_create\n');
  const shared = ['-shared', '-Wl,-z,defs', '-x', 'assembler'];
  const own = ['-nostdlib', '-Wl,-soname,libc.so.6', `-Wl,--version-script=${file('libc.map')}`];
  return (
    run(compiler, ...shared, file('libc.s'), ...own, '-o', file('libc.so.6')) !== undefined &&
    run(compiler, ...shared, file('probe.s'), `-L${folder}`, '-o', file('probe.so')) !== undefined
  );
}

function run(program, ...args) {
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  return status === 0 ? stdout : undefined;
}

/** Name → { kind, version }: the newest version up to the floor. */
function readSymbols(listing) {
  const symbols = new Map();
  for (const line of listing.split('\n')) {
    // Num: Value Size Type Bind Visibility Index name@version, or @@ before a default version
    const [, , , type, , , index, name = ''] = line.trim().split(/\s+/);
    const parts = /^(\w+)@@?GLIBC_([\d.]+)$/.exec(name);
    if (parts === null || index === 'UND' || index === 'ABS') continue;
    const [, symbol, version] = parts;
    if (compare(version, FLOOR.join('.')) > 0) continue;
    const known = symbols.get(symbol);
    if (known !== undefined && compare(known.version, version) > 0) continue;
    symbols.set(symbol, { kind: type === 'OBJECT' ? 'object' : 'function', version });
  }
  return symbols;
}

function assembly(symbols) {
  const lines = [...symbols].map(
    ([name, { kind }]) => `.globl ${name}\n.type ${name}, %${kind}\n${name}:\n`,
  );
  return `.data\n${lines.join('')}.quad 0\n`;
}

/** The linker's version script. */
function versions(symbols) {
  const byVersion = new Map();
  for (const [name, { version }] of symbols) {
    byVersion.set(version, `${byVersion.get(version) ?? ''} ${name};`);
  }
  return [...byVersion].map(([version, names]) => `GLIBC_${version} {${names} };\n`).join('');
}

/** Of versions such as 2.3.4: negative, 0 or positive. */
function compare(a, b) {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
