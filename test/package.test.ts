import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, lstatSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { loadUws } from '../src/transport/uws/library.ts';
import { request } from './support/client.ts';
import { startProgram } from './support/command.ts';
import { plainCommand } from './support/plain-command.ts';
import { makeTree, pattern, type Teardown } from './support/tree.ts';

const CHECKOUT = fileURLToPath(new URL('..', import.meta.url));
const MIB = 2 ** 20;

/** Node's own binaries need it too (its BUILDING.md): no system that runs one of them is too old for the engine. */
const GLIBC = '2.28';
/** MiB of its own that an import may add to a process, with a fifth to spare. */
const MAX_IMPORT = 10;
/** ELF machines by the names that Node has for them. */
const MACHINES: Readonly<Record<string, RegExp>> = { x64: /X86-64/, arm64: /AArch64/ };

const TSC = join(CHECKOUT, 'node_modules/typescript/bin/tsc');

const LOADED = new URL('support/loaded.mjs', import.meta.url).href;
const CERT = fileURLToPath(new URL('support/tls/cert.pem', import.meta.url));
const KEY = fileURLToPath(new URL('support/tls/key.pem', import.meta.url));

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(cwd: string, program: string, ...args: readonly string[]): Ended {
  return spawnSync(...plainCommand(program, args), { cwd, encoding: 'utf8' });
}

/** Bytes of the files below a directory. */
function sizeOf(directory: string): number {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => lstatSync(join(directory, name)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);
}

/** What test/support/loaded.mjs has said: other packages, and rooms of this one, which its bundles name. */
function loadedIn(stderr: string) {
  const files = [...stderr.matchAll(/^loaded (?:file:\/\/)?(\S*\/node_modules\/([^/]+)\/.*)/gm)];
  const packages = new Set(files.map(([, , name]) => name));
  packages.delete('zcserve');
  const own = files.filter(([, , name]) => name === 'zcserve').map(([, file = '']) => file);
  const sources = own.flatMap((file) => [
    ...readFileSync(file, 'utf8').matchAll(/^\/\/ src\/(.*)\/[^/]+\.ts$/gm),
  ]);
  return {
    packages: [...packages].toSorted(),
    rooms: new Set(sources.map(([, room]) => room)),
  };
}

/** The newer of two versions such as 2.3.4. */
function newer(a: string, b: string): string {
  return a.localeCompare(b, 'en', { numeric: true }) > 0 ? a : b;
}

/** Throws with the program's complaints unless it succeeds. */
function must(cwd: string, program: string, ...args: readonly string[]): void {
  execFileSync(...plainCommand(program, args), { cwd, stdio: 'pipe' });
}

/** Packs a copy of the checkout, so that nothing here touches a dist or addon that others use. */
function pack(t: Teardown): string {
  const copy = makeTree(t);
  const { files } = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8'));
  const roots = new Set((files as string[]).map((file) => file.split('/')[0] ?? file));
  for (const name of [...roots, 'package.json', 'tsconfig.json', 'src']) {
    if (name === 'dist') continue;
    cpSync(join(CHECKOUT, name), join(copy, name), {
      recursive: true,
      filter: (path) => !path.startsWith(join(CHECKOUT, 'native', 'build/')),
    });
  }
  symlinkSync(join(CHECKOUT, 'node_modules'), join(copy, 'node_modules'));
  must(copy, 'npm', 'run', '--silent', 'build:ts');
  must(copy, 'npm', 'pack', '--ignore-scripts', '--loglevel=error');
  return join(copy, readdirSync(copy).find((name) => name.endsWith('.tgz')) ?? '');
}

t.test('the tarball installs without scripts and serves with its prebuilt engine', async (t) => {
  const tarball = pack(t);
  const home = makeTree(t, {
    'package.json': '{"type": "module"}',
    'site/small.txt': 'hello',
    'site/large.bin': { size: MIB },
    // It looks for packages where it stands.
    'own-memory.mjs': readFileSync(join(CHECKOUT, 'bench/own-memory.mjs'), 'utf8'),
    'use.ts': [
      "import { createServer, type OptionsInput, type Server } from 'zcserve';",
      "const options: OptionsInput = { root: 'site', port: 0, mmapMax: '32k' };",
      'const server: Server = await createServer(options);',
      'console.log(server.transport, server.stats().hot);',
      'await server.close();',
      '// @ts-expect-error: not a transport',
      "await createServer({ transport: 'carrier-pigeon' });",
    ].join('\n'),
    'tsconfig.json': JSON.stringify({
      compilerOptions: {
        module: 'NodeNext',
        target: 'ES2023',
        strict: true,
        types: ['node'],
        typeRoots: [join(CHECKOUT, 'node_modules/@types')],
        noEmit: false,
        outDir: 'out',
        rootDir: '.',
      },
      files: ['use.ts'],
    }),
  });
  const install = ['--ignore-scripts', '--prefer-offline', '--loglevel=error'];
  must(home, 'npm', 'install', ...install, tarball);
  const installed = join(home, 'node_modules/zcserve');

  await t.test('it holds what it needs and nothing else', async (t) => {
    const names = readdirSync(installed).filter((name) => name !== 'node_modules');
    t.same(names.toSorted(), [
      'ARCHITECTURE.md',
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'dist',
      'docs',
      'native',
      'package.json',
    ]);
    t.notOk(readdirSync(join(installed, 'native')).includes('build'));
  });

  await t.test('with all that comes with it, it takes no more than 13 MB', async (t) => {
    t.ok(sizeOf(join(home, 'node_modules')) < 13_000_000);
    t.notOk(existsSync(join(home, 'node_modules/uWebSockets.js')));
  });

  const reads = run(home, 'readelf', '--version').stdout !== null;
  const noReader = !reads && 'needs readelf (binutils)';
  await t.test('its engines need no C library newer than Node does', { skip: noReader }, (t) => {
    const prebuilt = join(installed, 'native/prebuilt');
    const systems = process.platform === 'linux' ? readdirSync(prebuilt) : [];
    for (const system of systems) {
      const file = join(prebuilt, system, 'zcserve.node');
      const [, arch = '', library] = system.split('-');
      const elf = (...what: string[]) => run(home, 'readelf', ...what, '--wide', file).stdout;
      t.match(elf('--file-header'), MACHINES[arch], `${system}: for the machine that it says`);
      const needed = [...elf('--dynamic').matchAll(/NEEDED.*\[(.*)\]/g)].map(
        ([, name = '']) => name,
      );
      t.same(
        needed.filter((name) => !/^(libc|libm|libpthread|ld)[.-]/.test(name)),
        [],
        `${system}: the C library and its loader, no other`,
      );
      const versions = [...elf('--version-info', '--dyn-syms').matchAll(/GLIBC_([\d.]+)/g)];
      const newest = versions.map(([, version = '']) => version).reduce(newer, '0');
      t.equal(newest === '0', library === 'musl', `${system}: glibc's versions, or none`);
      t.equal(newer(newest, GLIBC), GLIBC, `${system}: glibc ${newest}`);
    }
    t.end();
  });

  await t.test('its command serves', async (t) => {
    const bin = join(home, 'node_modules/.bin/zcserve');
    const { report, port } = await startProgram(t, bin, ['site'], { cwd: home });
    const engine = process.platform === 'linux' && process.arch === 'x64';
    t.match(report, engine ? { transport: 'native', sendfile: true } : { transport: 'http1' });
    t.equal((await request({ port }, '/small.txt')).body.toString(), 'hello');
    t.ok((await request({ port }, '/large.bin')).body.equals(pattern(MIB)));
  });

  const cli = join(installed, 'dist/cli.js');

  await t.test('plain serving loads nothing that it does not use', async (t) => {
    const args = [`--import=${LOADED}`, cli, 'site'];
    const running = await startProgram(t, process.execPath, args, { cwd: home });
    t.equal((await request({ port: running.port }, '/small.txt')).status, 200);
    running.process.kill('SIGTERM');
    const { packages, rooms } = loadedIn((await running.ended).stderr);
    t.same(packages, [], 'what it needs of packages is in the bundle');
    const transport = running.report.transport === 'native' ? 'engine' : 'node';
    t.ok(rooms.has(`transport/${transport}`), 'the transport that serves');
    const others = [
      'transport/uws',
      'middleware',
      transport === 'node' ? 'transport/engine' : 'transport/node',
    ];
    t.same(
      others.filter((room) => rooms.has(room)),
      [],
      'and no other',
    );
  });

  await t.test(
    'an import of it loads neither the command nor what only some sites use',
    async (t) => {
      const program = ['--input-type=module', '--eval', "import 'zcserve'"];
      const { stderr } = run(home, process.execPath, `--import=${LOADED}`, ...program);
      const { packages, rooms } = loadedIn(stderr);
      t.same(packages, ['ms']);
      t.ok(rooms.has('middleware'));
      t.notOk(rooms.has('command'));
    },
  );

  await t.test('what traces an app’s files finds the packages that are loaded later', (t) => {
    const chunks = join(installed, 'dist/chunks');
    const texts = readdirSync(chunks).map((name) => readFileSync(join(chunks, name), 'utf8'));
    for (const name of ['etag', 'mime-types', 'picomatch']) {
      const loaders = texts.flatMap((text) =>
        [...text.matchAll(new RegExp(`=> (\\w+)\\("${name}"\\)`, 'g'))].map(([, loader = '']) =>
          text.includes(`var ${loader} = createRequire(`),
        ),
      );
      t.ok(loaders.length > 0 && loaders.every(Boolean), `${name}: by node's own name for it`);
    }
    t.end();
  });

  await t.test(`an import of it takes less than ${MAX_IMPORT} MiB of memory`, async (t) => {
    const ownBytes = (...names: string[]) => {
      const samples = Array.from({ length: 5 }, () =>
        // What V8's optimiser takes, a few MiB for node's own module loader, hangs on the time that it finds.
        Number(run(home, process.execPath, '--no-opt', 'own-memory.mjs', ...names).stdout),
      );
      return samples.toSorted((a, b) => a - b)[2] ?? Number.NaN;
    };
    const added = (ownBytes('zcserve') - ownBytes()) / MIB;
    t.ok(added > 1 && added < MAX_IMPORT, `${added.toFixed(1)} MiB`);
  });

  await t.test('without uWebSockets.js, --transport uws says what to install', async (t) => {
    const { status, stderr } = run(home, process.execPath, cli, 'site', '--transport=uws');
    t.equal(status, 1);
    t.equal(
      stderr,
      'zcserve: transport uws is not available here: uWebSockets.js is not installed: npm install uWebSockets.js@npm:uwebsockets@3\n',
    );
    const tls = ['--tls-cert', CERT, '--tls-key', KEY];
    const running = await startProgram(t, process.execPath, [cli, 'site', ...tls], { cwd: home });
    t.match(running.report, { url: /^https:/, transport: /^(?:native|http1)$/ });
    running.process.kill('SIGTERM');
    t.equal((await running.ended).stderr, '', 'which is no fault');
  });

  await t.test('with uWebSockets.js beside it, it serves and says the version', async (t) => {
    const beside = join(CHECKOUT, 'node_modules/uWebSockets.js');
    symlinkSync(beside, join(home, 'node_modules/uWebSockets.js'));
    const { version } = JSON.parse(readFileSync(join(beside, 'package.json'), 'utf8'));
    const { library, ...why } = await loadUws();
    if (library === undefined) {
      t.match(run(home, process.execPath, cli, 'site', '--transport=uws'), {
        status: 1,
        stderr: `zcserve: transport uws is not available here: ${'reason' in why ? why.reason : ''}\n`,
      });
      return;
    }
    for (const args of [
      ['--transport=uws'],
      ['--transport=uws', '--tls-cert', CERT, '--tls-key', KEY],
    ]) {
      const running = await startProgram(t, process.execPath, [cli, 'site', ...args], {
        cwd: home,
      });
      t.match(running.report, {
        transport: 'uws',
        reason: `asked for, uWebSockets.js ${version}`,
      });
      const address = { port: running.port, tls: running.report.url.startsWith('https') };
      t.equal((await request(address, '/small.txt')).body.toString(), 'hello');
    }
  });

  await t.test('it serves where node gives access to the program and the root alone', async (t) => {
    const flag = process.allowedNodeEnvironmentFlags.has('--permission')
      ? '--permission'
      : '--experimental-permission';
    const permitted = ['--no-warnings', flag, `--allow-fs-read=${home}`, cli];
    const outside = makeTree(t, { 'secret.txt': 'secret' });
    symlinkSync(join(outside, 'secret.txt'), join(home, 'site/out.txt'));
    symlinkSync('small.txt', join(home, 'site/in.txt'));
    const running = await startProgram(
      t,
      process.execPath,
      [...permitted, join(home, 'site'), '--listing'],
      { cwd: home },
    );
    t.match(running.report, { transport: 'http1', reason: /addon/ });
    const rows: readonly (readonly [target: string, status: number, body: RegExp])[] = [
      ['/small.txt', 200, /^hello$/],
      ['/in.txt', 200, /^hello$/],
      ['/out.txt', 403, /403/],
      ['/none', 404, /404/],
      ['/', 200, /small\.txt/],
    ];
    for (const [target, status, body] of rows) {
      const answer = await request({ port: running.port }, target);
      t.equal(answer.status, status, target);
      t.match(answer.body.toString(), body, target);
    }
    const large = await request({ port: running.port }, '/large.bin');
    t.ok(large.body.equals(pattern(MIB)));
    running.process.kill('SIGTERM');
    t.match(await running.ended, { code: 0, signal: null });
    t.match(run(home, process.execPath, ...permitted, outside), {
      status: 1,
      stderr: `zcserve: cannot serve ${outside}: node --permission gives no access to it (--allow-fs-read)\n`,
    });
  });

  await t.test('its types and its API work', async (t) => {
    t.equal(run(home, process.execPath, TSC, '-p', '.').stdout, '', 'no type errors');
    const used = run(home, process.execPath, 'out/use.js');
    t.match(used.stdout, /^(native|http1) 0\n$/);
    t.match(used.stderr, /option transport: "carrier-pigeon" is not allowed/);
  });
});

t.test('no committed file names a registry', async (t) => {
  const host = new RegExp(['registry', '(npmjs|yarnpkg|npmmirror)'].join('\\.'));
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: CHECKOUT, encoding: 'utf8' })
    .split('\0')
    .filter((name) => name !== '');
  t.ok(files.includes('package-lock.json'));
  for (const file of files) {
    let text: string;
    try {
      text = readFileSync(join(CHECKOUT, file), 'latin1');
    } catch {
      continue;
    }
    if (host.test(text)) t.fail(file);
  }
  const lock = JSON.parse(readFileSync(join(CHECKOUT, 'package-lock.json'), 'utf8'));
  const resolved = Object.entries(lock.packages as Record<string, { resolved?: string }>)
    .filter(([, entry]) => entry.resolved !== undefined)
    .map(([name]) => name);
  t.same(resolved, [], 'the lock file pins by integrity, not by address');
});
