// npm run build:ts: one file for each entry of package.json and each part that is loaded later, so that a start finds,
// reads and compiles twenty files and not eighty; and CommonJS, for runners that know no other modules (jest). Into dist/,
// or the directory that an argument names.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const SRC = fileURLToPath(new URL('.', import.meta.url));
const ROOT = join(SRC, '..');
const DIST = process.argv[2] ?? join(ROOT, 'dist');
const CJS = join(DIST, 'cjs');
const LIBRARIES = ['index', 'middleware/fastify', 'middleware/koa', 'middleware/hono'];

const options = {
  bundle: true,
  outbase: SRC,
  platform: 'node',
  target: 'node20.19',
  packages: 'bundle',
  logLevel: 'warning',
};

/** Source files. */
const entries = (names) => names.map((name) => join(SRC, `${name}.ts`));

const { dependencies, peerDependencies } = JSON.parse(
  readFileSync(join(ROOT, 'package.json'), 'utf8'),
);

// What every start needs comes along (leven, lru-cache): to find and read a package takes two milliseconds, and of theirs the
// smallest part is used.
const external = Object.keys({ ...dependencies, ...peerDependencies });

// Each has its own: together they would be split finer, by what either loads later, and an import find twice as many files.
for (const names of [['cli'], LIBRARIES]) {
  await build({
    ...options,
    external,
    entryPoints: entries(names),
    format: 'esm',
    splitting: true,
    outdir: DIST,
    // As deep as src/addon, for native/ is found from there.
    chunkNames: 'chunks/[name]-[hash]',
  });
}

/** What createRequire() makes of it no bundler follows; here is a require() that all of them do. */
const REQUIRE = /^(const require = createRequire|require\.resolve)\(.*\n/gm;
const required = {
  name: 'required',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(REQUIRE, ''),
      loader: 'ts',
    })),
};

await build({
  ...options,
  external,
  entryPoints: entries(LIBRARIES),
  format: 'cjs',
  outdir: CJS,
  entryNames: '[name]',
  plugins: [required],
  define: { 'import.meta.url': 'moduleUrl' },
  banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
});

// Which modules the code and the declarations below are (Node.js, "Determining module system").
writeFileSync(join(CJS, 'package.json'), '{ "type": "commonjs" }\n');
