// The import table is law: which room may use which, and which packages. Nothing looks back.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

interface Law {
  /** Rooms whose code may be used. */
  readonly code: readonly string[];
  /** Rooms of which only types may be used. */
  readonly types: readonly string[];
  /** Packages; `node:` stands for every built-in module. */
  readonly packages: readonly string[];
}

/** By room: a folder of src, or a file directly in it. Every room may use itself. */
const LAWS: Readonly<Record<string, Law>> = {
  addon: { code: [], types: [], packages: ['node:'] },
  cli: {
    code: ['command', 'log', 'options', 'server'],
    types: ['transport'],
    packages: ['node:', 'yargs'],
  },
  command: {
    code: ['addon', 'files', 'options', 'server', 'transport/uws'],
    types: [],
    packages: ['node:'],
  },
  files: {
    code: [],
    types: ['addon', 'plan', 'transport'],
    packages: ['etag', 'lru-cache', 'node:'],
  },
  http: { code: [], types: [], packages: [] },
  index: { code: ['middleware', 'options', 'server'], types: ['plan', 'transport'], packages: [] },
  log: { code: [], types: ['transport'], packages: ['lru-cache', 'node:'] },
  middleware: {
    code: [
      'addon',
      'http',
      'log',
      'options',
      'plan',
      'site',
      'transport',
      'transport/node',
      'transport/uws',
    ],
    types: ['files'],
    packages: ['@hono/node-server', 'content-disposition', 'fastify', 'hono', 'koa', 'ms', 'node:'],
  },
  options: { code: [], types: ['rules'], packages: ['leven'] },
  plan: { code: ['http'], types: ['rules'], packages: [] },
  rules: { code: ['http', 'plan'], types: [], packages: ['picomatch'] },
  server: {
    code: [
      'addon',
      'log',
      'options',
      'site',
      'transport/engine',
      'transport/node',
      'transport/uws',
    ],
    types: ['files', 'plan', 'transport'],
    packages: ['node:'],
  },
  site: {
    code: ['files', 'http', 'options', 'plan', 'rules'],
    types: ['addon', 'transport'],
    packages: ['lru-cache', 'mime-types', 'node:'],
  },
  transport: { code: ['http'], types: ['files', 'plan'], packages: ['node:'] },
  'transport/engine': {
    code: ['addon', 'http', 'plan', 'transport'],
    types: ['files'],
    packages: ['lru-cache', 'node:'],
  },
  'transport/node': {
    code: ['plan', 'transport', 'transport/engine'],
    types: ['addon', 'files', 'http'],
    packages: ['node:'],
  },
  'transport/uws': {
    code: ['http', 'plan', 'transport', 'transport/node'],
    types: ['addon', 'files'],
    packages: ['node:', 'uWebSockets.js'],
  },
};

interface Import {
  readonly from: string;
  readonly specifier: string;
  readonly typeOnly: boolean;
}

const SRC = fileURLToPath(new URL('../src/', import.meta.url));
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);
const imports = files.flatMap((file) => importsOf(file, readFileSync(join(SRC, file), 'utf8')));

/** Static, side-effect, re-exporting and dynamic imports. The formatter keeps them in these forms. */
function importsOf(from: string, source: string): Import[] {
  const statements =
    /^(?:import|export)\s+(?<type>type\s)?(?:[\w*\s{},$]+?\sfrom\s)?'(?<static>[^']+)'|\bimport\('(?<dynamic>[^']+)'\)/gm;
  return [...source.matchAll(statements)].map(({ groups }) => ({
    from,
    specifier: groups?.static ?? groups?.dynamic ?? '',
    typeOnly: groups?.type !== undefined,
  }));
}

function roomOf(file: string): string {
  const [wing = '', room, deeper] = file.split('/');
  return wing === 'transport' && deeper !== undefined
    ? `${wing}/${room}`
    : wing.replace(/\.ts$/, '');
}

function targetOf({ from, specifier }: Import): string {
  return posix.normalize(posix.join(dirname(from), specifier));
}

/** `@hono/node-server/utils/response` → `@hono/node-server`; every built-in module is `node:`. */
function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return 'node:';
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

function allows({ from, specifier, typeOnly }: Import): boolean {
  const law = LAWS[roomOf(from)];
  if (law === undefined) return false;
  if (!specifier.startsWith('.')) {
    const name = packageOf(specifier);
    return typeOnly ? name === 'node:' || law.packages.includes(name) : law.packages.includes(name);
  }
  const room = roomOf(targetOf({ from, specifier, typeOnly }));
  return room === roomOf(from) || law.code.includes(room) || (typeOnly && law.types.includes(room));
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
  ].join('\n');
  const found = importsOf('x.ts', source).map(({ specifier, typeOnly }) => [specifier, typeOnly]);
  t.same(found, [
    ['./a.ts', true],
    ['./b.ts', false],
    ['./c.ts', false],
    ['./d.ts', false],
    ['./e.ts', false],
    ['./f.ts', false],
    ['node:g', false],
    ['./h.ts', true],
  ]);
});

t.test('every file belongs to a room of the table', async (t) => {
  t.same(
    files.filter((file) => LAWS[roomOf(file)] === undefined),
    [],
  );
});

t.test('every import is one that the table allows', async (t) => {
  t.ok(imports.length > 50, 'imports were found');
  t.same(
    imports.filter((one) => !allows(one)).map((one) => `${one.from} imports ${one.specifier}`),
    [],
  );
});

t.test('plan is pure: no built-in module, no clock, no randomness', async (t) => {
  for (const file of files.filter((name) => roomOf(name) === 'plan')) {
    const source = readFileSync(join(SRC, file), 'utf8');
    t.notMatch(source, /Date\.now|new Date\(\)|performance\.|Math\.random|process\./, file);
  }
});

t.test('no file needs itself by way of others', async (t) => {
  const uses = new Map<string, string[]>();
  for (const one of imports) {
    if (one.typeOnly || !one.specifier.startsWith('.')) continue;
    uses.set(one.from, [...(uses.get(one.from) ?? []), targetOf(one)]);
  }
  t.same(
    files.map((file) => circleFrom(file, uses)).filter((circle) => circle !== undefined),
    [],
  );
});

function circleFrom(start: string, uses: ReadonlyMap<string, string[]>): string | undefined {
  const seen = new Set<string>();
  const walk = (file: string, trail: readonly string[]): string | undefined => {
    for (const next of uses.get(file) ?? []) {
      if (next === start) return [...trail, next].join(' → ');
      if (seen.has(next)) continue;
      seen.add(next);
      const circle = walk(next, [...trail, next]);
      if (circle !== undefined) return circle;
    }
    return undefined;
  };
  return walk(start, [start]);
}
