// npm run test:bundlers: what docs/bundlers.md says of each, with the packed package and their real programs.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { makeTree } from '../support/tree.ts';

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));
const HERE = fileURLToPath(new URL('.', import.meta.url));
const BIN = join(HERE, 'node_modules/.bin');

/** Serves one large file to itself and prints status, bytes and way. */
const serveOnce = `
const server = createServer(zcserve('site', { serverTiming: true })).listen(0, '127.0.0.1', () => {
  get({ port: server.address().port, path: '/large.bin', agent: false }, (response) => {
    let bytes = 0;
    response.on('data', (chunk) => { bytes += chunk.length; });
    response.on('end', () => {
      console.log(response.statusCode, bytes, response.headers['server-timing'].split(',')[0]);
      process.exit();
    });
  });
});`;

const app = makeTree(t, {
  'package.json': '{ "type": "module" }',
  'site/large.bin': { size: 2 ** 20 },
  'app.mjs': `import { createServer, get } from 'node:http';
import { zcserve } from 'zcserve';${serveOnce}`,
  'app.cjs': `const { createServer, get } = require('node:http');
const { zcserve } = require('zcserve');${serveOnce}`,
  'inline.mjs': 'export default { ssr: { noExternal: true } };',
  'api.test.cjs': `const { createServer, get } = require('node:http');
const { zcserve } = require('zcserve');
test('an app that serves files', (done) => {
  const server = createServer(zcserve('site')).listen(0, '127.0.0.1', () => {
    get({ port: server.address().port, path: '/large.bin', agent: false }, (response) => {
      expect(response.statusCode).toBe(200);
      response.resume().on('end', () => server.close(done));
    });
  });
});
test.each(['fastify', 'koa', 'hono'])('zcserve/%s', (name) => {
  expect(typeof require('zcserve/' + name).zcserve).toBe('function');
});`,
  'api.test.mjs': `import { createServer as createHost } from 'node:http';
import { createServer, zcserve } from 'zcserve';
const size = async (url) => (await (await fetch(url + '/large.bin')).arrayBuffer()).byteLength;
test('an app that serves files', async () => {
  const host = createHost(zcserve('site', { serverTiming: true }));
  await new Promise((listening) => host.listen(0, '127.0.0.1', listening));
  const url = 'http://127.0.0.1:' + host.address().port;
  expect(await size(url)).toBe(1048576);
  const { headers } = await fetch(url + '/large.bin', { method: 'HEAD' });
  expect(headers.get('server-timing').split(',')[0]).toBe(process.env.EXPECTED_WAY);
  host.closeAllConnections();
  await new Promise((closed) => host.close(closed));
});
test('a server of its own', async () => {
  const server = await createServer({ root: 'site', port: 0, logLevel: 'error' });
  expect(await size(server.url)).toBe(1048576);
  await server.close();
});
test('an option that is wrong', async () => {
  await expect(createServer({ root: 'site', transport: 'pigeon' })).rejects.toThrow('pigeon');
});`,
  'use.cts': `import { createServer, zcserve, type OptionsInput } from 'zcserve';
import { zcserve as plugin } from 'zcserve/fastify';
const options: OptionsInput = { root: 'site', port: 0 };
export const server = createServer(options);
export const middleware = zcserve('site', { maxAge: 1000 });
export { plugin };
// @ts-expect-error: not a transport
createServer({ transport: 'carrier-pigeon' });`,
});

function run(cwd: string, program: string, args: readonly string[], env = {}) {
  const { stdout, stderr, status } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, NODE_PATH: '', ...env },
  });
  // A stack names its line, and a bundle may be one line.
  return { status, stdout, stderr: stderr.replace(/.{1000,}/g, '…') };
}

function must(cwd: string, program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
}

must(CHECKOUT, 'npm', 'pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', app);
const tarball = readdirSync(app).find((name) => name.endsWith('.tgz')) ?? '';
const install = [
  'install',
  '--ignore-scripts',
  '--prefer-offline',
  '--no-save',
  '--loglevel=error',
];
must(app, 'npm', ...install, `./${tarball}`, 'fastify@5', 'koa@3', 'hono@4', '@hono/node-server@2');

const FAST = '200 1048576 zc;desc="sendfile:size"\n';
const SLOW = '200 1048576 zc;desc="read:no-addon"\n';

/** A bundler's program, its arguments, the file that it makes. */
type Recipe = readonly [program: string, args: readonly string[], output: string];

const esbuild = (entry: string, format: string, output: string, ...more: readonly string[]) =>
  [
    'esbuild',
    [entry, '--bundle', '--platform=node', `--format=${format}`, `--outfile=${output}`, ...more],
    output,
  ] as const;
const webpack = (entry: string, output: string, ...more: readonly string[]) =>
  [
    'webpack',
    [
      '--mode=production',
      '--target=node',
      `--entry=./${entry}`,
      '-o',
      output,
      '--output-filename=main.cjs',
      ...more,
    ],
    `${output}/main.cjs`,
  ] as const;
const rollup = (...more: readonly string[]) =>
  ['rollup', ['-c', join(HERE, 'rollup.config.mjs'), ...more], 'out/rollup/app.mjs'] as const;

/** zcserve stays a package beside what is bundled. */
const OUTSIDE: readonly Recipe[] = [
  esbuild('app.mjs', 'esm', 'out/esbuild.mjs', '--external:zcserve'),
  esbuild('app.cjs', 'cjs', 'out/esbuild.cjs', '--external:zcserve'),
  rollup('--external=zcserve'),
  ['vite', ['build', '--ssr', 'app.mjs', '--outDir', 'out/vite'], 'out/vite/app.js'],
  webpack('app.cjs', 'out/webpack', '--externals-type=commonjs', '--externals=zcserve'),
  ['ncc', ['build', 'app.mjs', '-e', 'zcserve', '-o', 'out/ncc'], 'out/ncc/index.mjs'],
];

/** It goes into the bundle; the packages that it loads later are looked for from there. */
const INSIDE: readonly Recipe[] = [
  esbuild('app.mjs', 'esm', 'out/inside.mjs'),
  esbuild('app.mjs', 'cjs', 'out/inside.cjs'),
  rollup(),
  [
    'vite',
    ['build', '--ssr', 'app.mjs', '--outDir', 'out/inline', '--config', 'inline.mjs'],
    'out/inline/app.js',
  ],
  ['ncc', ['build', 'app.mjs', '-o', 'out/ncc-inside'], 'out/ncc-inside/index.mjs'],
];

/** All of it is in the bundle. */
const ALONE: readonly Recipe[] = [
  esbuild('app.cjs', 'cjs', 'out/alone.cjs'),
  webpack('app.cjs', 'out/webpack-alone'),
  webpack('app.mjs', 'out/webpack-alone-esm'),
  ['ncc', ['build', 'app.cjs', '-o', 'out/ncc-alone'], 'out/ncc-alone/index.cjs'],
];

const native = loadNative();
const without = native.addon === undefined && 'needs the native addon';
const ADDON = { ZCSERVE_ADDON: native.addon ? native.file : '' };
const LINE = /^zcserve: warn: files go the slow way, by read: .*\(.*docs\/bundlers\.md\)\n$/;

/** Bundles without a complaint; gives the file. */
function bundle(t: Test, [program, args, output]: Recipe): string {
  const made = run(app, join(BIN, program), args);
  t.equal(made.status, 0, `${program} ${args.join(' ')}`);
  t.notMatch(made.stdout + made.stderr, /warning|uWebSockets/i);
  return join(app, output);
}

t.test('outside the bundle, all of it works', { skip: without }, async (t) => {
  for (const recipe of OUTSIDE) {
    const file = bundle(t, recipe);
    t.match(run(app, process.execPath, [file]), { stdout: FAST, stderr: '' }, recipe[2]);
  }
});

t.test('inside it, files go by read, which a line says', async (t) => {
  for (const recipe of [...INSIDE, ...ALONE]) {
    const file = bundle(t, recipe);
    t.match(run(app, process.execPath, [file]), { stdout: SLOW, stderr: LINE }, recipe[2]);
  }
});

t.test('inside it, the engine is named by ZCSERVE_ADDON', { skip: without }, async (t) => {
  for (const [, , output] of [...INSIDE, ...ALONE]) {
    const { stdout, stderr } = run(app, process.execPath, [join(app, output)], ADDON);
    t.same({ stdout, stderr }, { stdout: FAST, stderr: '' }, output);
  }
});

t.test(
  'away from its packages, a bundle of CommonJS works and one of modules does not start',
  async (t) => {
    const away = makeTree(t, { 'package.json': '{ "type": "module" }' });
    cpSync(join(app, 'site'), join(away, 'site'), { recursive: true });
    cpSync(join(app, 'out'), join(away, 'out'), { recursive: true });
    for (const [, , output] of ALONE) {
      t.match(run(away, process.execPath, [join(away, output)]), { stdout: SLOW }, output);
    }
    for (const [, , output] of INSIDE) {
      const { status, stdout, stderr } = run(away, process.execPath, [join(away, output)]);
      t.match(
        { status, stdout, stderr },
        { status: 1, stdout: '', stderr: "Cannot find module 'etag'" },
      );
    }
  },
);

t.test('what is traced for a deployment is all that it needs, with the engine', async (t) => {
  // On Node 20 nft takes it that require() gets CommonJS, which is not so since 20.19.
  const requires = Number.parseInt(process.versions.node, 10) >= 22;
  for (const entry of requires ? ['app.mjs', 'app.cjs'] : ['app.mjs']) {
    const away = makeTree(t);
    must(app, join(BIN, 'nft'), 'build', entry);
    cpSync(join(app, 'dist'), away, { recursive: true });
    cpSync(join(app, 'site'), join(away, 'site'), { recursive: true });
    const { stdout, stderr } = run(away, process.execPath, [join(away, entry)]);
    t.equal(stderr, '', entry);
    t.equal(stdout, native.addon ? FAST : SLOW, entry);
  }
});

t.test('vitest runs an app that imports it, in processes, threads and contexts', async (t) => {
  const [, , way = ''] = (native.addon ? FAST : SLOW).trim().split(' ');
  for (const pool of ['forks', 'threads', 'vmThreads']) {
    const args = ['run', '--globals', `--pool=${pool}`, 'api.test.mjs'];
    const { status, stdout, stderr } = run(app, join(BIN, 'vitest'), args, { EXPECTED_WAY: way });
    t.equal(status, 0, `${pool}: ${stdout}${stderr}`);
    t.match(stdout, /3 passed/, pool);
  }
});

t.test("jest's own modules can require it", async (t) => {
  const { status, stderr } = run(app, join(BIN, 'jest'), ['--testMatch=**/*.test.cjs']);
  t.equal(status, 0, stderr);
});

t.test('its types are those of CommonJS where the program is', async (t) => {
  const settings = {
    strict: true,
    noEmit: true,
    esModuleInterop: true,
    types: ['node'],
    target: 'es2022',
  };
  const typeRoots = [join(CHECKOUT, 'node_modules/@types')];
  for (const [module, moduleResolution] of [
    ['commonjs', 'node10'],
    ['node16', 'node16'],
    ['nodenext', 'nodenext'],
    ['preserve', 'bundler'],
  ]) {
    const compilerOptions = { ...settings, module, moduleResolution, typeRoots };
    const project = { compilerOptions, files: ['use.cts'] };
    writeFileSync(join(app, 'tsconfig.json'), JSON.stringify(project));
    t.match(
      run(app, join(BIN, 'tsc'), ['-p', '.']),
      { status: 0, stdout: '' },
      `${moduleResolution}`,
    );
  }
});
