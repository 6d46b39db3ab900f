// --sandbox: what the process cannot reach any more, and that it serves as before.
import { execFileSync, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { librariesOf, loaderOf, packagePlaces } from '../../src/command/sandbox.ts';
import { loadUws } from '../../src/transport/uws/library.ts';
import { until } from '../faults/process.ts';
import { buildShim } from '../faults/shim.ts';
import { type Answer, request } from '../support/client.ts';
import { runCommand, startCommand, startProgram } from '../support/command.ts';
import { TLS_OPTIONS } from '../support/tls.ts';
import { makeTree } from '../support/tree.ts';

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));

const { addon } = loadNative();
const abi = addon?.features().landlock ?? 0;
const skip =
  (addon === undefined && 'no addon here') || (abi === 0 && 'no landlock in this kernel') || false;

/** The package as it is installed: a loader of TypeScript would have to run its compiler in the sandbox. */
const home = makeTree(t, {
  'package.json': readFileSync(join(CHECKOUT, 'package.json')),
  'probe.mjs': readFileSync(new URL('sandbox-probe.mjs', import.meta.url)),
});
for (const name of ['native', 'node_modules']) symlinkSync(join(CHECKOUT, name), join(home, name));
execFileSync(process.execPath, [join(CHECKOUT, 'src/.bundle.mjs'), join(home, 'dist')]);
const COMMAND = join(home, 'dist/cli.js');

const outside = makeTree(t, { 'secret.txt': 'secret' });
const ROOT = {
  'a.txt': { text: 'hello', mtime: new Date('2026-01-01') },
  'a.css': 'x'.repeat(5000),
  'a.css.gz': 'gzipped',
  'large.bin': { size: 300_000 },
  'dir/index.html': '<p>index</p>',
  'list/one.txt': 'one',
  'inside.txt': { link: 'a.txt' },
  'outside.txt': { link: join(outside, 'secret.txt') },
  '404.html': 'nothing here',
} as const;

t.test('what it does not need is out of reach', { skip }, async (t) => {
  const root = makeTree(t, { 'a.txt': 'hello' });
  const peer = createTcpServer().listen(0, '127.0.0.1');
  t.teardown(() => peer.close());
  await new Promise((resolve) => peer.once('listening', resolve));
  const { port } = peer.address() as { port: number };
  const probe = { root, port, pid: process.pid, outside: join(outside, 'secret.txt') };
  const env = { PROBE: JSON.stringify(probe) };
  // A port of its own, so that any other is one too many.
  const own = [
    `--import=${join(home, 'probe.mjs')}`,
    COMMAND,
    root,
    '--port=18080',
    '--port-fallback',
  ];
  const running = await startProgram(t, process.execPath, [...own, '--sandbox'], { env });
  t.equal((await request({ port: running.port }, '/a.txt')).body.toString(), 'hello');
  running.process.kill('SIGTERM');
  const { code, stderr } = await running.ended;
  t.equal(code, 0);
  const [before, after] = stderr.split('\n').map((line) => line && JSON.parse(line));
  t.same(before, {
    allowed: {
      ...{ readOutside: true, readRoot: true, writeRoot: true, writeTemporary: true },
      ...{ execute: true, connect: true, listen: true, signal: true },
    },
    noNewPrivileges: false,
  });
  const fromAbi = (since: number, code: string) => (abi >= since ? code : true);
  t.same(after, {
    allowed: {
      ...{ readOutside: 'EACCES', readRoot: true, writeRoot: 'EACCES', writeTemporary: 'EACCES' },
      ...{ execute: 'EACCES', connect: fromAbi(4, 'EACCES'), listen: fromAbi(4, 'EACCES') },
      signal: fromAbi(6, 'EPERM'),
    },
    noNewPrivileges: true,
  });
});

/** Twice each: planned, then kept. */
const ASKED: ReadonlyArray<readonly [target: string, fields?: Readonly<Record<string, string>>]> = [
  ['/a.txt'],
  ['/a.txt', { range: 'bytes=1-2' }],
  ['/a.txt', { 'if-modified-since': 'Thu, 01 Jan 2026 00:00:00 GMT' }],
  ['/a.css', { 'accept-encoding': 'gzip' }],
  ['/large.bin'],
  ['/large.bin', { range: 'bytes=-10' }],
  ['/dir'],
  ['/dir/'],
  ['/list/'],
  ['/inside.txt'],
  ['/none'],
  ['/.hidden'],
];

async function askAll(port: number): Promise<unknown[]> {
  const seen = ({ status, lines, body }: Answer) => ({
    status,
    fields: lines.filter(([name]) => name.toLowerCase() !== 'date'),
    body: body.toString('latin1'),
  });
  const answers = [];
  for (const [target, fields] of [...ASKED, ...ASKED]) {
    answers.push(seen(await request({ port }, target, { fields: { host: 'a', ...fields } })));
  }
  return answers;
}

t.test(
  'it answers as without one, on every transport; links that leave the root end',
  { skip },
  async (t) => {
    const uws = (await loadUws()).library;
    const root = makeTree(t, ROOT);
    for (const transport of ['native', 'http1', ...(uws ? ['uws'] : [])]) {
      const own = [root, `--transport=${transport}`, '--listing', '--symlinks=follow'];
      const [free, confined] = await Promise.all([
        startProgram(t, process.execPath, [COMMAND, ...own]),
        startProgram(t, process.execPath, [COMMAND, ...own, '--sandbox']),
      ]);
      t.same(await askAll(confined.port), await askAll(free.port), transport);
      t.equal((await request(free, '/large.bin')).body.length, 300_000);
      t.equal((await request(free, '/outside.txt')).body.toString(), 'secret', transport);
      t.equal((await request(confined, '/outside.txt')).status, 403, transport);
      confined.process.kill('SIGTERM');
      t.match(await confined.ended, { code: 0, stderr: /outside\.txt.*EACCES/ }, transport);
    }
  },
);

t.test('certificates are renewed where they lie, and nowhere else', { skip }, async (t) => {
  const root = makeTree(t, { 'a.txt': 'hello' });
  const keys = makeTree(t, { 'pid/none': '' });
  const elsewhere = makeTree(t);
  const names = ['cert.pem', 'key.pem'] as const;
  const [cert, key] = [join(keys, names[0]), join(keys, names[1])];
  const put = (folder: string) => {
    copyFileSync(TLS_OPTIONS.tlsCert, join(folder, names[0]));
    copyFileSync(TLS_OPTIONS.tlsKey, join(folder, names[1]));
  };
  for (const folder of [keys, elsewhere]) put(folder);
  const pid = join(keys, 'pid/a.pid');
  const own = [COMMAND, root, `--tls-cert=${cert}`, `--tls-key=${key}`, `--pid-file=${pid}`];
  const redirecting = [...own, '--https-redirect=0', '--sandbox=auto'];
  const running = await startProgram(t, process.execPath, redirecting);
  const lines = createInterface({ input: running.process.stderr as Readable });
  const hangUp = () =>
    new Promise<string>((resolve) => {
      lines.on('line', (line) => line.includes('SIGHUP') && resolve(line));
      running.process.kill('SIGHUP');
    });
  t.equal(readFileSync(pid, 'utf8'), `${running.report.pid}\n`);
  // As others of the same names, by rename or otherwise.
  for (const name of names) rmSync(join(keys, name));
  put(keys);
  t.match(await hangUp(), 'certificates reloaded');
  for (const name of names) {
    rmSync(join(keys, name));
    symlinkSync(join(elsewhere, name), join(keys, name));
  }
  t.match(await hangUp(), /all stays as it was: .*cert\.pem: no permission to read it/);
  t.equal((await request({ port: running.port, tls: true }, '/a.txt')).status, 200);
  running.process.kill('SIGTERM');
  t.match(await running.ended, { code: 0 });
  t.same(readdirSync(join(keys, 'pid')), ['none'], 'the pid file is gone');
});

t.test(
  'other options reach what the sandbox reaches; so does who takes its place',
  { skip },
  async (t) => {
    const folder = makeTree(t, {
      'etc/none': '',
      'pid/none': '',
      'www/one/a.txt': 'one',
      'www/two/a.txt': 'two',
      'other/a.txt': 'other',
    });
    const [config, pidFile] = [join(folder, 'etc/zc.json'), join(folder, 'pid/a.pid')];
    const write = (root: string) => {
      // As editors do.
      writeFileSync(`${config}.new`, JSON.stringify({ root: join(folder, root) }));
      renameSync(`${config}.new`, config);
    };
    write('www/one');
    const around = `--sandbox-read=${join(folder, 'www')}`;
    const args = [COMMAND, `--config=${config}`, `--pid-file=${pidFile}`, '--sandbox', around];
    const running = await startProgram(t, process.execPath, args);
    const { port } = running;
    const lines = createInterface({ input: running.process.stderr as Readable });
    const pid = () => Number(readFileSync(pidFile, 'utf8'));
    t.teardown(() => {
      if (existsSync(pidFile)) process.kill(pid(), 'SIGKILL');
    });
    const signal = async (name: NodeJS.Signals) => {
      const said = once(lines, 'line');
      process.kill(pid(), name);
      return String((await said)[0]);
    };
    const served = async () => (await request({ port }, '/a.txt')).body.toString();
    write('www/two');
    t.match(await signal('SIGHUP'), 'SIGHUP: reloaded: root');
    t.equal(await served(), 'two');
    write('other');
    t.match(
      await signal('SIGHUP'),
      /all stays as it was: .*root: .*other is not within this process.s sandbox: a restart is needed/,
    );
    t.equal(await served(), 'two');
    write('www/one');
    for (let round = 0; round < 3; round++) {
      const before = pid();
      t.match(await signal('SIGUSR2'), 'has taken the place');
      t.not(pid(), before);
      // The old one may have a client yet that has just come.
      await until(async () => (await served()) === 'one');
      t.equal(readFileSync(`/proc/${pid()}/status`, 'utf8').match(/NoNewPrivs:\t(\d)/)?.[1], '1');
    }
    process.kill(pid(), 'SIGTERM');
    while (existsSync(pidFile)) await new Promise((resolve) => setTimeout(resolve, 5));
  },
);

t.test('a root that comes and goes needs the directory around it', { skip }, async (t) => {
  const folder = makeTree(t, { '1/a.txt': 'one', '2/a.txt': 'two', current: { link: '1' } });
  const own = [COMMAND, join(folder, 'current'), '--revalidate=0', '--sandbox'];
  const [narrow, wide] = await Promise.all([
    startProgram(t, process.execPath, own),
    startProgram(t, process.execPath, [...own, `--sandbox-read=${folder}`]),
  ]);
  for (const { port } of [narrow, wide]) {
    t.equal((await request({ port }, '/a.txt')).body.toString(), 'one');
  }
  rmSync(join(folder, 'current'));
  symlinkSync('2', join(folder, 'current'));
  t.equal((await request(wide, '/a.txt')).body.toString(), 'two');
  t.equal((await request(narrow, '/a.txt')).status, 403);
});

t.test('hosts, users, logs, sockets and metrics have what is theirs', { skip }, async (t) => {
  const [root, other, logs] = [makeTree(t, ROOT), makeTree(t, { 'b.txt': 'other' }), makeTree(t)];
  const users = makeTree(t, { htpasswd: 'u:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n' });
  const config = join(makeTree(t), 'zc.json');
  const auth = { '/dir': join(users, 'htpasswd') };
  writeFileSync(config, JSON.stringify({ hosts: { 'b.example': { root: other } }, auth }));
  const log = join(logs, 'access.log');
  const socket = join(logs, 'zc.sock');
  const { process: child, report } = await startProgram(t, process.execPath, [
    ...[COMMAND, root, '--sandbox', `--config=${config}`, '--admin=0', '--access-format=%U'],
    ...[`--access-log=${log}`, `--listen=unix:${socket},:0`],
  ]);
  const port = Number(new URL(report.urls.find((url) => url.startsWith('http')) ?? '').port);
  const fields = { host: 'b.example' };
  t.equal((await request({ port }, '/b.txt', { fields })).body.toString(), 'other');
  t.equal((await request({ port, path: socket }, '/a.txt')).body.toString(), 'hello');
  t.equal((await request({ port }, '/dir/')).status, 401);
  const authorization = `Basic ${Buffer.from('u:secret').toString('base64')}`;
  t.equal((await request({ port }, '/dir/', { fields: { authorization } })).status, 200);
  const { port: admin } = new URL(report.admin ?? '');
  t.match((await request({ port: Number(admin) }, '/metrics')).body.toString(), 'zcserve_');
  await until(async () => readFileSync(log, 'utf8').split('\n').length === 5);
  renameSync(log, `${log}.1`);
  child.kill('SIGUSR1');
  await until(async () => existsSync(log));
  await request({ port }, '/a.txt');
  await until(async () => readFileSync(log, 'utf8') === '/a.txt\n');
  t.pass('logs are opened again');
});

t.test('where it cannot be, on is an error, and auto a line', async (t) => {
  const root = makeTree(t);
  const shim = buildShim(t, 'old-kernel.c');
  const kernels = [
    [{ ZCSERVE_NO_ADDON: '1' }, 'it needs the native addon: ZCSERVE_NO_ADDON=1'],
    ...(shim.library === undefined || addon === undefined
      ? []
      : [
          [
            { LD_PRELOAD: shim.library },
            'this kernel has no landlock (Linux 5.13, and landlock in its lsm=…)',
          ] as const,
        ]),
  ] as const;
  const tryOn = async ([env, reason]: (typeof kernels)[number]) => {
    t.match(await runCommand([root, '--port=0', '--sandbox'], { env }), {
      code: 1,
      stdout: '',
      stderr: `zcserve: --sandbox: ${reason}\n`,
    });
    const running = await startCommand(t, [root, '--sandbox=auto'], { env });
    running.process.kill('SIGTERM');
    t.match(await running.ended, { code: 0, stderr: `no sandbox: ${reason}` });
  };
  await Promise.all(kernels.map(tryOn));
});

t.test('a mark alone makes nobody believe that it is confined', { skip }, async (t) => {
  const words = '_ZCSERVE_CONFINED=$$ exec "$@" --port=0 --sandbox';
  const own = [process.execPath, COMMAND, makeTree(t)];
  const { status, stderr } = spawnSync('/bin/sh', ['-c', words, 'sh', ...own], {
    encoding: 'utf8',
  });
  t.match(
    { status, stderr },
    { status: 1, stderr: 'zcserve: --sandbox: the process was to be confined, and is not\n' },
  );
});

t.test('a forked process says that it cannot', { skip }, async (t) => {
  const own = [makeTree(t), '--port=0', '--sandbox'];
  const child = fork(COMMAND, own, { silent: true, env: { PATH: process.env.PATH } });
  const said = text(child.stderr as Readable);
  t.same(await once(child, 'close'), [1, null]);
  t.match(await said, /^zcserve: --sandbox: this process was forked/);
});

const asRoot = skip || (process.geteuid?.() !== 0 && 'only root may') || false;

t.test('root becomes another user inside', { skip: asRoot }, async (t) => {
  const root = makeTree(t, { 'a.txt': 'hello' });
  for (const folder of [root, home]) chmodSync(folder, 0o755);
  const pid = join(makeTree(t), 'a.pid');
  const own = ['--user=65533:65533', '--sandbox', `--pid-file=${pid}`];
  const running = await startProgram(t, process.execPath, [COMMAND, root, ...own]);
  t.equal(readFileSync(pid, 'utf8'), `${running.report.pid}\n`);
  t.equal((await request(running, '/a.txt')).body.toString(), 'hello');
  for (const thread of readdirSync(`/proc/${running.report.pid}/task`)) {
    const status = readFileSync(`/proc/${running.report.pid}/task/${thread}/status`, 'utf8');
    t.match(status, /^Uid:\t65533\t65533\t65533\t65533$/m);
    t.match(status, /^CapPrm:\t0+$/m);
    t.match(status, /^NoNewPrivs:\t1$/m);
  }
  chmodSync(home, 0o700);
  const closed = spawnSync(process.execPath, [COMMAND, root, '--port=0', ...own.slice(0, 1)], {
    encoding: 'utf8',
  });
  t.match(closed, {
    status: 1,
    stderr: /^zcserve: --user: 65533:65533: may not read this program/,
  });
});

t.test('which places are found', async (t) => {
  t.same(packagePlaces('/srv/zcserve'), ['/srv/zcserve', '/srv/zcserve/node_modules']);
  const nested = '/srv/node_modules/.pnpm/zcserve@1/node_modules/zcserve';
  t.same(packagePlaces(nested), [nested, '/srv/node_modules']);
  t.same(loaderOf(Buffer.from('\x7fELF\0\0/lib64/ld-linux-x86-64.so.2\0')), [
    '/lib64/ld-linux-x86-64.so.2',
  ]);
  t.same(loaderOf(Buffer.from('\x7fELF, static')), []);
  const maps = [
    '7f00-7f01 r-xp 00000000 08:01 12  /usr/lib/libc.so.6',
    '7f01-7f02 r--p 00001000 08:01 12  /usr/lib/libc.so.6',
    '7f02-7f03 r-xp 00000000 08:01 13  /opt/a.node',
    '7f03-7f04 rw-p 00000000 00:00 0   [heap]',
  ];
  t.same(librariesOf(maps.join('\n')), ['/usr/lib/libc.so.6', '/opt/a.node', '/usr/lib']);
});
