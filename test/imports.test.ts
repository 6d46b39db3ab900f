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

/** The contracts: types that any room below the server may name. */
const CONTRACTS = ['request', 'native', 'plan', 'files', 'transport'];

/** By room: a folder of src, or a file directly in it. Every room may use itself. */
const LAWS: Readonly<Record<string, Law>> = {
  index: {
    code: ['server', 'middleware', 'middleware-options', 'options'],
    types: ['transport', 'plan'],
    packages: [],
  },
  cli: {
    code: [
      'config',
      'options',
      'server',
      'doctor',
      'tune',
      'signals',
      'exit',
      'log',
      'line-writer',
    ],
    types: ['transport'],
    packages: ['node:', 'yargs'],
  },
  config: { code: ['options'], types: [], packages: ['node:'] },
  doctor: {
    code: ['options', 'server', 'problems', 'native', 'transport', 'files'],
    types: [],
    packages: ['node:'],
  },
  tune: { code: ['options', 'server', 'native'], types: [], packages: ['node:'] },
  server: {
    code: ['options', 'policies', 'origin', 'problems', 'transport', 'native', 'log'],
    types: ['files'],
    packages: ['node:'],
  },
  middleware: {
    code: ['middleware-options', 'mount', 'uws-handler', 'plan'],
    types: CONTRACTS,
    packages: ['node:'],
  },
  'middleware-options': { code: ['options'], types: [], packages: ['node:', 'ms'] },
  mount: {
    code: [
      'middleware-options',
      'single-page',
      'options',
      'policies',
      'origin',
      'handler',
      'transport',
      'plan',
      'native',
      'log',
    ],
    types: CONTRACTS,
    packages: ['node:'],
  },
  'uws-handler': {
    code: [
      'middleware-options',
      'single-page',
      'options',
      'policies',
      'origin',
      'transport',
      'native',
      'log',
    ],
    types: CONTRACTS,
    packages: ['node:'],
  },
  'single-page': { code: ['plan'], types: ['transport'], packages: [] },
  fastify: {
    code: ['middleware', 'middleware-options', 'mount', 'plan'],
    types: CONTRACTS,
    packages: ['content-disposition', 'fastify'],
  },
  koa: {
    code: ['middleware', 'middleware-options', 'mount'],
    types: CONTRACTS,
    packages: ['koa'],
  },
  hono: {
    code: ['middleware', 'middleware-options', 'mount', 'plan'],
    types: CONTRACTS,
    packages: ['@hono/node-server', 'hono'],
  },
  policies: {
    code: ['options', 'plan'],
    types: ['origin', ...CONTRACTS],
    packages: ['node:'],
  },
  origin: { code: ['handler', 'pages', 'files', 'plan'], types: CONTRACTS, packages: [] },
  handler: { code: ['files', 'plan', 'request'], types: ['pages', ...CONTRACTS], packages: [] },
  pages: { code: ['plan'], types: CONTRACTS, packages: ['lru-cache'] },
  options: { code: [], types: ['plan'], packages: ['leven'] },
  log: { code: ['line-writer'], types: ['transport'], packages: ['lru-cache'] },
  'line-writer': { code: [], types: [], packages: ['node:'] },
  signals: { code: [], types: [], packages: ['node:'] },
  exit: { code: ['native'], types: [], packages: [] },
  files: {
    code: ['native'],
    types: CONTRACTS,
    packages: ['node:', 'mime-types', 'etag', 'lru-cache'],
  },
  plan: { code: ['request'], types: ['request'], packages: ['picomatch'] },
  transport: {
    code: ['native', 'request', 'plan'],
    types: CONTRACTS,
    packages: ['node:', 'lru-cache', 'uWebSockets.js'],
  },
  problems: { code: [], types: [], packages: [] },
  request: { code: [], types: [], packages: [] },
  native: { code: [], types: [], packages: ['node:'] },
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
  return file.split('/')[0]?.replace(/\.ts$/, '') ?? '';
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
