import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { request } from './support/client.ts';
import { startProgram } from './support/command.ts';
import { plainCommand } from './support/plain-command.ts';
import { makeTree, pattern, type Teardown } from './support/tree.ts';

const CHECKOUT = fileURLToPath(new URL('..', import.meta.url));
const MIB = 2 ** 20;

/** Node's own binaries need it too (its BUILDING.md): no system that runs one of them is too old for the engine. */
const GLIBC = '2.28';
/** ELF machines by the names that Node has for them. */
const MACHINES: Readonly<Record<string, RegExp>> = { x64: /X86-64/, arm64: /AArch64/ };

const TSC = join(CHECKOUT, 'node_modules/typescript/bin/tsc');

interface Ended {
  readonly stdout: string;
  readonly stderr: string;
}

function run(cwd: string, program: string, ...args: readonly string[]): Ended {
  return spawnSync(...plainCommand(program, args), { cwd, encoding: 'utf8' });
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
  must(copy, process.execPath, TSC, '-p', 'src');
  must(copy, 'npm', 'pack', '--ignore-scripts', '--loglevel=error');
  return join(copy, readdirSync(copy).find((name) => name.endsWith('.tgz')) ?? '');
}

t.test('the tarball installs without scripts and serves with its prebuilt engine', async (t) => {
  const tarball = pack(t);
  const home = makeTree(t, {
    'package.json': '{"type": "module"}',
    'site/small.txt': 'hello',
    'site/large.bin': { size: MIB },
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
  const install = ['--ignore-scripts', '--omit=optional', '--prefer-offline', '--loglevel=error'];
  must(home, 'npm', 'install', ...install, tarball);
  const installed = join(home, 'node_modules/zcserve');

  await t.test('it holds what it needs and nothing else', async (t) => {
    const names = readdirSync(installed).filter((name) => name !== 'node_modules');
    t.same(names.toSorted(), [
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'dist',
      'native',
      'package.json',
    ]);
    t.notOk(readdirSync(join(installed, 'native')).includes('build'));
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
