import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { type Connection, connect, request, requestBytes } from '../support/client.ts';
import { runCommand, startCommand } from '../support/command.ts';
import { TLS_OPTIONS } from '../support/tls.ts';
import { makeTree, pattern, type Teardown } from '../support/tree.ts';

const VERSION = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
).version;
const CERT = fileURLToPath(new URL('../support/tls/cert.pem', import.meta.url));
const KEY = fileURLToPath(new URL('../support/tls/key.pem', import.meta.url));
const MIB = 2 ** 20;

/** A port that is taken for as long as the test runs. */
async function takePort(t: Teardown): Promise<number> {
  const holder = createTcpServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => holder.once('listening', resolve));
  t.teardown(() => holder.close());
  return (holder.address() as AddressInfo).port;
}

t.test('--help and --version print to stdout and succeed', async (t) => {
  const help = await runCommand(['--help']);
  t.match(help, { code: 0, stderr: '' });
  for (const part of [
    'zcserve doctor [root]',
    'Listening:',
    '--mmap-max',
    'nginx sendfile_max_chunk',
  ]) {
    t.ok(help.stdout.includes(part), part);
  }
  t.match(await runCommand(['-h']), { code: 0, stdout: help.stdout });
  t.match(await runCommand(['help']), { code: 0, stdout: help.stdout });
  t.match(await runCommand(['--version']), { code: 0, stdout: `${VERSION}\n`, stderr: '' });
});

t.test('bad usage: exit 2 and one line on stderr that names the mistake', async (t) => {
  const cases: ReadonlyArray<readonly [args: readonly string[], line: RegExp]> = [
    [['--prt', '1'], /^zcserve: --prt is unknown; did you mean --port\?\n$/],
    [['--no-port'], /^zcserve: --no-port is unknown; did you mean --port\?\n$/],
    [['-x'], /^zcserve: -x is unknown; zcserve --help lists the options\n$/],
    [['--port'], /^zcserve: --port needs a whole number .*\n$/],
    [['-p', 'x'], /^zcserve: -p: "x" is not allowed; .*\n$/],
    [['--listing=yes'], /^zcserve: --listing: "yes" is not allowed; expected true or false\n$/],
    [['a', 'b'], /^zcserve: b: only one directory can be served\n$/],
    [['-l', '80'], /^zcserve: -l is unknown; --listen says where .*\n$/],
    [['.', '--spa', '404.html'], /^zcserve: --spa takes .*: --spa=404\.html\n$/],
    [['--config=none.json'], /^zcserve: none\.json: no such config file\n$/],
    [['--cors=example.com'], /^zcserve: --cors: "example.com" is not an origin.*\n$/],
  ];
  const runs = await Promise.all(cases.map(([args]) => runCommand(args)));
  for (const [i, [args, line]] of cases.entries()) {
    t.match(runs[i], { code: 2, stdout: '', stderr: line }, args.join(' '));
  }
});

t.test('a variable that sets nothing is told at the start, and the server starts', async (t) => {
  const env = { ZCSERVE_PRT: '1' };
  const running = await startCommand(t, [makeTree(t)], { env });
  running.process.kill('SIGTERM');
  t.match(await running.ended, {
    code: 0,
    stderr: 'zcserve: warn: ZCSERVE_PRT is unknown; did you mean ZCSERVE_PORT?\n',
  });
});

t.test('a start that fails: exit 1 and one line on stderr, no stack', async (t) => {
  const root = makeTree(t, { file: 'x' });
  const port = await takePort(t);
  const cases: ReadonlyArray<readonly [args: readonly string[], line: RegExp]> = [
    [[join(root, 'none')], /^zcserve: cannot serve .*none: no such directory\n$/],
    [[join(root, 'file')], /^zcserve: cannot serve .*file: not a directory\n$/],
    [
      [root, `--port=${port}`],
      new RegExp(
        `^zcserve: cannot listen on 127.0.0.1 port ${port}: it is in use \\(--port-fallback takes .*\n$`,
      ),
    ],
    [
      [root, '--host=203.0.113.7'],
      /^zcserve: cannot listen on 203\.0\.113\.7 port 8080: this machine has no such address\n$/,
    ],
    [
      [root, '--tls-cert', join(root, 'no.pem'), '--tls-key', KEY, '--transport=http1'],
      /^zcserve: --tls-cert: .*no\.pem: no such file\n$/,
    ],
  ];
  const runs = await Promise.all(cases.map(([args]) => runCommand(args)));
  for (const [i, [args, line]] of cases.entries()) {
    t.match(runs[i], { code: 1, stdout: '', stderr: line }, args.join(' '));
  }
});

t.test('with --port-fallback a taken port means the next free one', async (t) => {
  const port = await takePort(t);
  const running = await startCommand(t, [makeTree(t), `--port=${port}`, '--port-fallback']);
  t.ok(running.port > port, `${running.port} comes after ${port}`);
});

t.test('the start line says where and how it serves', async (t) => {
  const root = makeTree(t, { 'a.txt': 'hello' });
  const { report, process: child, port } = await startCommand(t, [root]);
  t.match(report, { url: `http://127.0.0.1:${port}`, pid: child.pid });
  const { addon } = loadNative();
  t.match(
    report,
    addon ? { transport: 'native', sendfile: true } : { transport: 'http1', sendfile: false },
  );
  t.equal((await request({ port }, '/a.txt')).body.toString(), 'hello');
  t.match(report, { protocols: ['http/1.1'], tlsVersions: [] });

  const { tlsCert, tlsKey } = TLS_OPTIONS;
  const certified = [root, '--tls-cert', tlsCert, '--tls-key', tlsKey];
  const h2 = addon ? ['h2'] : [];
  for (const [flags, protocols, tlsVersions] of [
    [[], [...h2, 'http/1.1'], ['1.2', '1.3']],
    [['--no-http2', '--tls-min=1.3'], ['http/1.1'], ['1.3']],
    [['--transport=http1', '--tls-ciphers=TLS_AES_128_GCM_SHA256'], ['http/1.1'], ['1.3']],
  ] as const) {
    const secure = await startCommand(t, [...certified, ...flags]);
    t.match(secure.report, { protocols, tlsVersions }, flags.join(' '));
  }
});

t.test('without the addon it serves by node:http and says why, once', async (t) => {
  const root = makeTree(t, { 'a.bin': { size: MIB } });
  const running = await startCommand(t, [root, '--server-timing'], {
    env: { ZCSERVE_NO_ADDON: '1' },
  });
  t.match(running.report, { transport: 'http1', sendfile: false, reason: 'ZCSERVE_NO_ADDON=1' });
  const answer = await request({ port: running.port }, '/a.bin');
  t.ok(answer.body.equals(pattern(MIB)));
  t.equal(answer.field('server-timing'), 'zc;desc="read:no-addon", proto;desc="http/1.1"');
  running.process.kill('SIGTERM');
  const { stderr } = await running.ended;
  t.equal(stderr, 'zcserve: warn: no better transport than node:http: ZCSERVE_NO_ADDON=1\n');
});

t.test('HTTPS by certificate and key', async (t) => {
  const root = makeTree(t, { 'a.txt': 'hello' });
  const { report, port } = await startCommand(t, [root, '--tls-cert', CERT, '--tls-key', KEY]);
  t.match(report, { url: `https://127.0.0.1:${port}`, sendfile: false });
  t.equal((await request({ port, tls: true }, '/a.txt')).body.toString(), 'hello');
});

t.test('the root is public where there is one, else the working directory', async (t) => {
  const both = makeTree(t, { 'public/a.txt': 'public', 'a.txt': 'here' });
  const plain = makeTree(t, { 'a.txt': 'here' });
  for (const [cwd, body] of [
    [both, 'public'],
    [plain, 'here'],
  ] as const) {
    const { port } = await startCommand(t, [], { cwd });
    t.equal((await request({ port }, '/a.txt')).body.toString(), body);
  }
});

t.test('a switch never takes the word behind it, and --no- turns it off', async (t) => {
  const root = makeTree(t, { 'a.txt': 'a', '404.html': 'custom' });
  const { port } = await startCommand(t, ['--listing', root, '--no-error-pages']);
  t.equal((await request({ port }, '/')).status, 200, 'a listing');
  t.notMatch((await request({ port }, '/none')).body.toString(), /custom/);
});

t.test('variables and a config file set options too', async (t) => {
  const root = makeTree(t, {
    'site/a.css': 'a',
    'zc.json': JSON.stringify({ root: 'site', headers: { '*.css': { 'X-From': 'config' } } }),
  });
  const { port } = await startCommand(t, ['--config', join(root, 'zc.json')], {
    env: { ZCSERVE_CACHE_CONTROL: 'no-cache' },
  });
  const answer = await request({ port }, '/a.css');
  t.equal(answer.field('x-from'), 'config');
  t.equal(answer.field('cache-control'), 'no-cache');
});

/** A client that has asked for a file larger than all buffers and reads nothing of it yet. */
async function stall(port: number): Promise<Connection> {
  const client = await connect({ port });
  client.socket.pause();
  await client.send(requestBytes('/large.bin', { fields: { connection: 'keep-alive' } }));
  // The first bytes are there: the answer is under way.
  await new Promise((resolve) => client.socket.once('readable', resolve));
  return client;
}

/** Resolves when nobody listens on the port any more. */
async function untilRefused(port: number): Promise<void> {
  for (;;) {
    try {
      (await connect({ port })).close();
    } catch {
      return;
    }
  }
}

t.test('a signal stops accepting, finishes what is in flight and exits 0', async (t) => {
  const root = makeTree(t, { 'large.bin': { size: 64 * MIB } });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) {
    const running = await startCommand(t, [root, '--grace=1h']);
    const client = await stall(running.port);
    running.process.kill(signal);
    await untilRefused(running.port);
    client.socket.resume();
    const { body } = await client.read();
    t.ok(body.equals(pattern(64 * MIB)), `${signal}: the whole body came`);
    t.match(await running.ended, { code: 0, signal: null, stderr: '' }, signal);
    client.close();
  }
});

t.test('a client that never reads is given up when the grace is over', async (t) => {
  const root = makeTree(t, { 'large.bin': { sparse: 256 * MIB } });
  const running = await startCommand(t, [root, '--grace=50ms']);
  const client = await stall(running.port);
  running.process.kill('SIGTERM');
  t.match(await running.ended, { code: 0, signal: null });
  client.close();
});

t.test(
  'HUP, USR1 and USR2 end nothing and open no debugger: a line says what they did',
  async (t) => {
    const root = makeTree(t, { 'a.txt': 'hello' });
    const said = {
      SIGHUP: 'no option has changed',
      SIGUSR1: 'ignored, there is no access log',
      SIGUSR2:
        'this process goes on: a listener cannot be shared: the carrier, or node without the addon, has it',
    } as const;
    const running = await startCommand(t, [root, '--log-format=json'], {
      env: { ZCSERVE_NO_ADDON: '1' },
    });
    const lines = createInterface({ input: running.process.stderr as Readable });
    for (const [signal, words] of Object.entries(said)) {
      const told = new Promise<string>((resolve) => {
        lines.on('line', (line) => line.includes(signal) && resolve(JSON.parse(line).message));
      });
      running.process.kill(signal as NodeJS.Signals);
      t.equal(await told, `${signal}: ${words}`);
      t.equal((await request({ port: running.port }, '/a.txt')).body.toString(), 'hello');
    }
    running.process.kill('SIGTERM');
    const { code, stderr } = await running.ended;
    t.equal(code, 0);
    t.notMatch(stderr, /[Dd]ebugger/);
  },
);

t.test(
  'HUP reads the options again, and says which are others; wrong ones change nothing',
  async (t) => {
    const folder = makeTree(t, { 'one/a.txt': 'one', 'two/a.txt': 'two' });
    const config = join(folder, 'zc.json');
    const write = (options: object) => writeFileSync(config, JSON.stringify(options));
    write({ root: 'one' });
    const running = await startCommand(t, [`--config=${config}`, '--log-format=json']);
    const lines = createInterface({ input: running.process.stderr as Readable });
    const said: string[] = [];
    lines.on('line', (line) => said.push(JSON.parse(line).message));
    const hangUp = async (options: object, count = 1) => {
      write(options);
      said.length = 0;
      running.process.kill('SIGHUP');
      while (said.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
      const { body, field } = await request({ port: running.port }, '/a.txt');
      return [...said, body.toString(), field('x-frame-options') ?? ''];
    };
    const field = { headers: { '**': { 'X-Frame-Options': 'DENY' } } };
    const stays = 'SIGHUP: all stays as it was';
    t.same(await hangUp({ root: 'two' }), ['SIGHUP: reloaded: root', 'two', '']);
    t.same(await hangUp({ root: 'two' }), ['SIGHUP: no option has changed', 'two', '']);
    t.same(await hangUp({ root: 'two', ...field }), ['SIGHUP: reloaded: headers', 'two', 'DENY']);
    t.same(await hangUp({ roott: 'one' }), [
      `${stays}: ${config}: roott is unknown; did you mean root?`,
      'two',
      'DENY',
    ]);
    t.same(await hangUp({ root: 'three', ...field }), [
      `${stays}: cannot serve ${join(folder, 'three')}: no such directory`,
      'two',
      'DENY',
    ]);
    t.same(await hangUp({ root: 'one', threads: 65 }), [
      `${stays}: ${config}: threads: 65 is not allowed; expected a whole number from 1 to 64 or auto`,
      'two',
      'DENY',
    ]);
    t.same(await hangUp({ root: 'one', pidFile: 'a.pid' }, 2), [
      'SIGHUP: reloaded: root, headers',
      `${config}: pidFile: needs a restart`,
      'one',
      '',
    ]);
  },
);

t.test('HUP with TLS reads the certificates again; what is wrong with them is told', async (t) => {
  const root = makeTree(t, {
    'a.txt': 'hello',
    'cert.pem': readFileSync(CERT),
    'key.pem': readFileSync(KEY),
  });
  const [cert, key] = [join(root, 'cert.pem'), join(root, 'key.pem')];
  const args = [root, `--tls-cert=${cert}`, `--tls-key=${key}`, '--log-format=json'];
  const running = await startCommand(t, args);
  const lines = createInterface({ input: running.process.stderr as Readable });
  const hangUp = async () => {
    const told = new Promise<string>((resolve) => {
      lines.on('line', (line) => line.includes('SIGHUP') && resolve(JSON.parse(line).message));
    });
    running.process.kill('SIGHUP');
    return told;
  };
  t.equal(await hangUp(), 'SIGHUP: certificates reloaded');
  writeFileSync(cert, 'junk');
  t.match(await hangUp(), /^SIGHUP: all stays as it was: .*cert\.pem: holds no certificate/);
  const address = { port: running.port, tls: true };
  t.equal((await request(address, '/a.txt')).body.toString(), 'hello');
});

t.test('a second signal exits at once', async (t) => {
  const root = makeTree(t, { 'large.bin': { sparse: 256 * MIB } });
  const running = await startCommand(t, [root, '--grace=1h']);
  const client = await stall(running.port);
  running.process.kill('SIGTERM');
  await untilRefused(running.port);
  running.process.kill('SIGTERM');
  t.match(await running.ended, { code: 143, signal: null });
  client.close();
});

t.test('doctor says whose OpenSSL it is, and what clients get with the certificate', async (t) => {
  const root = makeTree(t, { 'a.txt': 'hello' });
  const { addon } = loadNative();
  const diagnose = async (...flags: string[]) => {
    const { stdout } = await runCommand(['doctor', root, '--json', ...flags]);
    const findings = JSON.parse(stdout) as { subject: string; good?: boolean; text: string }[];
    return (subject: string) => findings.find((one) => one.subject === subject);
  };
  const { tlsCert, tlsKey } = TLS_OPTIONS;
  const certified = ['--tls-cert', tlsCert, '--tls-key', tlsKey];
  const best = addon ? 'h2' : 'http/1.1';

  const bare = await diagnose();
  t.match(bare('OpenSSL'), { good: addon !== undefined });
  t.match(bare('OpenSSL')?.text, process.versions.openssl);
  t.match(bare('TLS')?.text, /^1\.2 and 1\.3, .*http\/1\.1: /);
  const both = await diagnose(...certified);
  t.equal(both('TLS'), undefined);
  t.match(both('TLS 1.3'), { good: true, text: new RegExp(`^${best}, TLS_`) });
  t.match(both('TLS 1.2'), { good: true, text: new RegExp(`^${best}, ECDHE-ECDSA-`) });
  const newest = await diagnose(...certified, '--tls-min', '1.3', '--no-http2');
  t.match(newest('TLS 1.3'), { good: true, text: /^http\/1\.1, / });
  t.same(newest('TLS 1.2'), {
    subject: 'TLS 1.2',
    text: 'refused: tlsv1 alert protocol version',
  });
  const node = await diagnose(...certified, '--transport', 'http1');
  t.match(node('TLS 1.3'), { good: true, text: /^http\/1\.1, / });
});

t.test('doctor says what is used, and really tried it', async (t) => {
  const root = makeTree(t, { 'sub dir/a#b.bin': { size: 5000 } });
  const ended = await runCommand(['doctor', root, '--json']);
  t.match(ended, { code: 0, stderr: '' });
  const findings = JSON.parse(ended.stdout) as { subject: string; good?: boolean; text: string }[];
  const find = (subject: string) => findings.find((one) => one.subject === subject);
  const { addon } = loadNative();
  for (const subject of ['sendfile', 'mmap of a copy', 'mmap of the file']) {
    const text = addon ? 'carried sub dir/a#b.bin (5000 bytes)' : 'needs the engine';
    t.match(find(subject), { good: addon !== undefined, text }, subject);
  }
  t.match(find('native engine')?.good, addon !== undefined);
  const plain = await runCommand(['doctor', root]);
  t.match(plain, { code: 0, stdout: /transport http +(native|http1): / });
  t.match(await runCommand(['doctor', root], { env: { ZCSERVE_NO_ADDON: '1' } }), {
    code: 0,
    stdout: /✗ native engine +ZCSERVE_NO_ADDON=1\n/,
  });
  t.match(await runCommand(['doctor', join(root, 'none')]), {
    code: 1,
    stderr: /^zcserve: cannot serve .*none: no such directory\n$/,
  });
});
