// The import table is law, for types as for code: which room may use which rooms and packages. Nothing looks back.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import {
  circlesIn,
  graphOf,
  type Import,
  importsOf,
  readImports,
  roomOf,
  sourcesIn,
} from './support/imports.ts';

interface Law {
  readonly rooms: readonly string[];
  /** `node:` stands for every built-in module. */
  readonly packages: readonly string[];
}

/** From the ground up: a room may use those that it names, which all stand before it, and itself. */
const LAWS: Readonly<Record<string, Law>> = {
  http: { rooms: [], packages: [] },
  packages: {
    rooms: [],
    packages: [
      'content-disposition',
      'etag',
      'mime-types',
      'modern-tar',
      'node:',
      'picomatch',
      'prom-client',
      'yazl',
    ],
  },
  rules: { rooms: ['http', 'packages'], packages: ['node:'] },
  log: { rooms: ['rules'], packages: ['lru-cache', 'node:'] },
  options: { rooms: ['http', 'rules'], packages: ['leven'] },
  plan: { rooms: ['http', 'rules'], packages: [] },
  encode: { rooms: ['packages', 'plan'], packages: ['node:'] },
  addon: { rooms: ['plan', 'rules'], packages: ['node:'] },
  files: {
    rooms: ['addon', 'encode', 'http', 'log', 'packages', 'plan', 'rules'],
    packages: ['lru-cache', 'node:'],
  },
  archive: { rooms: ['encode', 'files', 'log', 'packages', 'plan'], packages: ['node:'] },
  live: { rooms: ['addon', 'files', 'http', 'log', 'plan'], packages: [] },
  auth: { rooms: ['http', 'log', 'packages'], packages: ['lru-cache', 'node:'] },
  'streams/store': {
    rooms: ['addon', 'files', 'http', 'log', 'packages'],
    packages: ['node:'],
  },
  streams: {
    rooms: ['files', 'http', 'log', 'plan', 'streams/store'],
    packages: ['node:'],
  },
  site: {
    rooms: [
      'addon',
      'archive',
      'auth',
      'encode',
      'files',
      'http',
      'live',
      'log',
      'options',
      'packages',
      'plan',
      'rules',
      'streams',
    ],
    packages: ['lru-cache', 'node:'],
  },
  transport: { rooms: ['addon', 'files', 'http', 'log', 'plan', 'rules'], packages: ['node:'] },
  admin: {
    rooms: ['addon', 'files', 'http', 'log', 'packages', 'plan', 'streams/store', 'transport'],
    packages: ['node:', 'prom-client'],
  },
  'transport/engine': {
    rooms: ['addon', 'files', 'http', 'log', 'plan', 'site', 'transport'],
    packages: ['lru-cache'],
  },
  'transport/node': {
    rooms: [
      'addon',
      'files',
      'http',
      'log',
      'plan',
      'rules',
      'site',
      'transport',
      'transport/engine',
    ],
    packages: ['node:'],
  },
  'transport/uws': {
    rooms: ['addon', 'files', 'http', 'log', 'plan', 'rules', 'site', 'transport'],
    // And uWebSockets.js, by a name that bundlers do not follow.
    packages: ['node:'],
  },
  middleware: {
    rooms: [
      'addon',
      'files',
      'http',
      'log',
      'options',
      'plan',
      'rules',
      'site',
      'transport',
      'transport/node',
      'transport/uws',
    ],
    packages: ['@hono/node-server', 'content-disposition', 'fastify', 'hono', 'koa', 'ms', 'node:'],
  },
  server: {
    rooms: [
      'addon',
      'admin',
      'files',
      'http',
      'log',
      'options',
      'plan',
      'rules',
      'site',
      'streams',
      'streams/store',
      'transport',
      'transport/engine',
      'transport/node',
      'transport/uws',
    ],
    packages: ['node:'],
  },
  command: {
    rooms: [
      'addon',
      'encode',
      'files',
      'http',
      'log',
      'options',
      'packages',
      'plan',
      'rules',
      'server',
      'site',
      'transport/uws',
    ],
    packages: ['node:', 'yargs'],
  },
  index: {
    rooms: ['middleware', 'options', 'plan', 'server', 'streams'],
    packages: [],
  },
  cli: { rooms: ['command', 'log', 'options', 'server'], packages: ['node:'] },
};

/** What package.json names. */
const LOOSE = ['cli.ts', 'index.ts'];

const SRC = fileURLToPath(new URL('../src/', import.meta.url));
const files = sourcesIn(SRC, /\.ts$/);
const imports = readImports(SRC, files, importsOf);

/** `@hono/node-server/utils/response` → `@hono/node-server`; every built-in module is `node:`. */
function packageOf({ specifier }: Import): string {
  if (specifier.startsWith('node:')) return 'node:';
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

/** What a room really uses. */
function uses(room: string): Law {
  const own = imports.filter(({ from }) => roomOf(from) === room);
  const rooms = own.flatMap(({ target }) => (target === undefined ? [] : [roomOf(target)]));
  const packages = own.filter(({ target }) => target === undefined).map(packageOf);
  return {
    rooms: [...new Set(rooms)].filter((one) => one !== room).sort(),
    packages: [...new Set(packages)].sort(),
  };
}

t.test('the parser of this test sees every form of import', async (t) => {
  const source = [
    "import type { A } from './a.ts';",
    "import { b, type B } from './b.ts';",
    "import {\n  c,\n} from './c.ts';",
    "export { d } from './d.ts';",
    "import './e.ts';",
    "const f = await import('./f.ts');",
    "import * as g from 'node:g';",
    "export type { H } from './h.ts';",
    "type I = import('./i.ts').I;",
    "const { j } = require('j') as typeof J;",
  ].join('\n');
  t.same(
    importsOf('x.ts', source).map(({ specifier }) => specifier),
    ['./a.ts', './b.ts', './c.ts', './d.ts', './e.ts', './f.ts', 'node:g', './h.ts', './i.ts', 'j'],
  );
});

t.test('at the root of src is only what package.json names', async (t) => {
  t.same(
    files.filter((file) => !file.includes('/')),
    LOOSE,
  );
});

t.test('every room uses what the table grants it, no more and no less', async (t) => {
  t.ok(imports.length > 50, 'imports were found');
  t.same([...new Set(files.map(roomOf))].sort(), Object.keys(LAWS).sort(), 'the rooms');
  for (const [room, law] of Object.entries(LAWS)) t.same(uses(room), law, room);
});

t.test('every room stands on those before it', async (t) => {
  const order = Object.keys(LAWS);
  for (const [at, room] of order.entries()) {
    for (const used of uses(room).rooms) t.ok(order.indexOf(used) < at, `${room} uses ${used}`);
  }
});

t.test('whatever the table says, nothing below the transports knows of them', async (t) => {
  for (const room of [
    'http',
    'addon',
    'log',
    'rules',
    'options',
    'plan',
    'files',
    'streams',
    'site',
  ]) {
    t.notMatch(uses(room).rooms.join(' '), /transport/, room);
  }
});

t.test('plan is pure: no built-in module, no clock, no randomness', async (t) => {
  t.same(uses('plan').packages, []);
  for (const file of files.filter((name) => roomOf(name) === 'plan')) {
    const source = readFileSync(join(SRC, file), 'utf8');
    t.notMatch(source, /Date\.now|new Date\(\)|performance\.|Math\.random|process\./, file);
  }
});

t.test('no file needs itself by way of others', async (t) => {
  t.same(circlesIn(graphOf(imports, (file) => file)), []);
});

t.test('a circle is found, with all who are in it', async (t) => {
  const needs = { a: 'b', b: 'c', c: 'b', d: 'a', x: 'y', y: 'z', z: 'x' };
  const graph = graphOf(
    Object.entries(needs).map(([from, target]) => ({ from, specifier: target, target })),
    (file) => file,
  );
  t.same(circlesIn(graph), [
    ['b', 'c'],
    ['x', 'y', 'z'],
  ]);
});
