// The order of the engine's rooms is law: a room includes itself and those below it, builds without the others, and no
// header leans on what was included before it.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import {
  circlesIn,
  graphOf,
  includesOf,
  moduleOf,
  readImports,
  roomOf,
  sourcesIn,
} from './support/imports.ts';
import { CXX_FLAGS, findCompiler, NATIVE, ROOMS } from './support/native.ts';
import { compileSources } from './support/native-program.ts';
import { makeTree } from './support/tree.ts';

const files = sourcesIn(NATIVE, /\.(?:cc|h)$/);
const headers = files.filter((file) => file.endsWith('.h'));
const includes = readImports(NATIVE, files, includesOf);

const compiler = findCompiler();
const compile = promisify(execFile);

/** The others link elsewhere: http1 and http2 in the programs of test/native, the engine in that of test/sanitize, the addon as a whole. */
const LINKED = ROOMS.slice(0, ROOMS.indexOf('http1'));

t.test('the reader of this test sees every form of include', async (t) => {
  const source =
    '#pragma once\n#include <a.h>\n#include "b/c.h"\n  #  include "d/e.h"\n// #include "f.h"\n';
  t.same(includesOf('x.h', source), [
    { from: 'x.h', specifier: 'a.h', target: undefined },
    { from: 'x.h', specifier: 'b/c.h', target: 'b/c.h' },
    { from: 'x.h', specifier: 'd/e.h', target: 'd/e.h' },
  ]);
});

t.test('every source stands in a room, and every room has some', async (t) => {
  t.same([...new Set(files.map(roomOf))].sort(), [...ROOMS].sort());
});

t.test('every include in quotes is a header of ours, named from the top', async (t) => {
  const unknown = includes.filter(({ target }) => target && !headers.includes(target));
  t.same(unknown, []);
});

t.test('a room includes itself and those below it', async (t) => {
  t.ok(includes.length > 100, 'includes were found');
  for (const { from, target } of includes) {
    if (target === undefined) continue;
    t.ok(
      ROOMS.indexOf(roomOf(target)) <= ROOMS.indexOf(roomOf(from)),
      `${from} includes ${target}`,
    );
  }
});

t.test('HTTP/1 and HTTP/2 know nothing of each other', async (t) => {
  const versions = ['http1', 'http2'];
  const between = includes.filter(
    ({ from, target }) =>
      target !== undefined &&
      roomOf(from) !== roomOf(target) &&
      [from, target].every((file) => versions.includes(roomOf(file))),
  );
  t.same(between, []);
});

t.test('no header needs itself by way of others', async (t) => {
  const between = includes.filter(({ from }) => from.endsWith('.h'));
  t.same(circlesIn(graphOf(between, moduleOf)), []);
});

t.test('only the addon knows of Node', async (t) => {
  const knowing = includes.filter(({ specifier }) => /node_api|\bnode\.h$|^uv|^v8/.test(specifier));
  t.same([...new Set(knowing.map(({ from }) => roomOf(from)))], ['addon']);
});

t.test(
  'a source includes its own header before all else, so that its build shows it whole',
  async (t) => {
    for (const file of files.filter((name) => name.endsWith('.cc'))) {
      const own = `${moduleOf(file)}.h`;
      if (!headers.includes(own)) continue;
      t.equal(includes.find(({ from }) => from === file)?.specifier, own, file);
    }
  },
);

const skip = compiler ? false : 'no C++ compiler';

t.test('a header without a source compiles alone', { skip }, async (t) => {
  const alone = headers.filter((file) => !files.includes(`${moduleOf(file)}.cc`));
  t.ok(alone.length > 20, 'there are some');
  // An input that is a header itself would be warned of its #pragma once.
  const inputs = alone.map((file) => [`${file}.cc`, `#include "${file}"\n`]);
  const folder = makeTree(t, Object.fromEntries(inputs));
  const builds = ROOMS.map(async (room) => {
    const own = alone.filter((file) => roomOf(file) === room);
    const paths = own.map((file) => join(folder, `${file}.cc`));
    if (own.length > 0) await t.resolves(build(['-fsyntax-only', ...paths], folder), room);
  });
  await Promise.all(builds);
});

t.test('a room links with those below it alone', { skip }, async (t) => {
  const sources = files.filter((file) => file.endsWith('.cc') && LINKED.includes(roomOf(file)));
  const paths = sources.map((file) => join(NATIVE, file));
  const objects = compileSources(compiler ?? '', paths);
  for (const [at, room] of LINKED.entries()) {
    const below = objects.filter((_, i) => LINKED.indexOf(roomOf(sources[i] ?? '')) <= at);
    const link = build(['-shared', '-Wl,-z,defs', '-o', 'room.so', ...below], makeTree(t));
    await t.resolves(link, room);
  }
});

/** Rejects with what the compiler has said. */
async function build(args: readonly string[], cwd: string): Promise<void> {
  await compile(compiler ?? '', [...CXX_FLAGS, ...args], { cwd });
}
