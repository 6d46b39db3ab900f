// USR2 and `zcserve upgrade`: another process of the program takes the place of the one that runs, and no request fails.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import t, { type Test } from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { until } from '../faults/process.ts';
import { CLI } from '../support/cli.ts';
import { type Address, connect, request, requestBytes } from '../support/client.ts';
import { type Running, runCommand, startCommand } from '../support/command.ts';
import { steadyClients } from '../support/steady.ts';
import { TLS_OPTIONS } from '../support/tls.ts';
import { makeTree, pattern } from '../support/tree.ts';

const { addon } = loadNative();
const skip = addon === undefined && 'no addon';

const MIB = 2 ** 20;
const root = makeTree(t, { 'a.txt': 'hello', 'large.bin': { size: 32 * MIB } });
const { tlsCert, tlsKey } = TLS_OPTIONS;
const portIn = (url: string | undefined) => Number(new URL(url ?? '').port);
const textAt = async (address: Address) => (await request(address, '/a.txt')).body.toString();

function isRunning(pid: number): boolean {
  try {
    // One that has ended and that nobody has asked for is a process too.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

interface Line {
  readonly running: Running;
  readonly pidFile: string;
  /** Of the process that serves. */
  pid(): number;
  /** Sends the signal to the process that serves; resolves to what is said of it. */
  signal(signal: NodeJS.Signals): Promise<string>;
}

/** A command with a pid file, and all that come after it: they end with the test. */
async function startLine(t: Test, args: readonly string[], env = {}): Promise<Line> {
  const pidFile = join(makeTree(t), 'a.pid');
  const running = await startCommand(t, [...args, `--pid-file=${pidFile}`], { env });
  const pid = () => Number(readFileSync(pidFile, 'utf8'));
  const pids = new Set([pid()]);
  t.teardown(() => {
    if (existsSync(pidFile)) pids.add(pid());
    for (const each of pids) if (isRunning(each)) process.kill(each, 'SIGKILL');
  });
  const lines = createInterface({ input: running.process.stderr as Readable });
  return {
    running,
    pidFile,
    pid() {
      pids.add(pid());
      return pid();
    },
    async signal(signal) {
      const said = once(lines, 'line');
      process.kill(pid(), signal);
      return String((await said)[0]);
    },
  };
}

for (const transport of ['native', 'http1'] as const) {
  t.test(
    `${transport}: five hand-overs, and no request of 64 clients fails`,
    { skip },
    async (t) => {
      const path = join(makeTree(t), 'sock');
      const listen = `127.0.0.1:0,plain,127.0.0.1:0,tls,unix:${path},plain`;
      const args = [root, `--listen=${listen}`, `--tls-cert=${tlsCert}`, `--tls-key=${tlsKey}`];
      const line = await startLine(t, [...args, `--transport=${transport}`, '--threads=2']);
      const [plain, secure] = line.running.report.urls.map((url) =>
        url.startsWith('http') ? portIn(url) : 0,
      );
      const addresses: Address[] = [
        { port: plain ?? 0 },
        { port: secure ?? 0, tls: true },
        { port: 0, path },
        ...(transport === 'native' ? [{ port: secure ?? 0, tls: true, http2: true }] : []),
      ];
      const flocks = addresses.map((address) =>
        steadyClients(address, 16, '/a.txt', (answer) => answer === '200 hello'),
      );
      const pids = [line.pid()];
      for (let round = 0; round < 5; round++) {
        await Promise.all(flocks.map((flock) => flock.more(2)));
        const before = line.pid();
        const said = await line.signal('SIGUSR2');
        t.match(said, /SIGUSR2: process \d+ has taken the place of this one/);
        pids.push(line.pid());
        t.ok(said.includes(`process ${line.pid()} `));
        await Promise.all(flocks.map((flock) => flock.more(2)));
        await until(() => !isRunning(before));
      }
      for (const flock of flocks) await flock.stop();
      for (const { failures, answered } of flocks) {
        t.same(failures, []);
        t.ok(answered >= 16 * 20);
      }
      t.equal(new Set(pids).size, 6);
      t.ok(existsSync(path), 'the file of the socket is still there');
      process.kill(line.pid(), 'SIGTERM');
      await until(() => !existsSync(path));
      await until(() => !existsSync(line.pidFile));
    },
  );
}

t.test(
  'what is on its way comes from the old process, which ends after it',
  { skip },
  async (t) => {
    const line = await startLine(t, [root, '--admin=127.0.0.1:0']);
    const { port } = line.running;
    const client = await connect({ port });
    await client.send(requestBytes('/large.bin', { fields: { connection: 'keep-alive' } }));
    client.pause();
    const ask = async (target: string) =>
      (await request({ port: portIn(line.running.report.admin) }, target)).body.toString();
    await until(async () => JSON.parse(await ask('/stats')).connections === 1);
    const before = line.pid();
    await line.signal('SIGUSR2');
    t.equal(await textAt({ port }), 'hello');
    const { pid, state } = JSON.parse(await ask('/stats'));
    t.same([pid, state], [line.pid(), 'ready'], 'the admin listener is the new one’s');
    t.ok(isRunning(before));
    client.resume();
    t.ok((await client.read()).body.equals(pattern(32 * MIB)));
    client.close();
    await until(() => !isRunning(before));
  },
);

t.test('TERM ends one that waits for its last clients, within its grace', { skip }, async (t) => {
  const line = await startLine(t, [root, '--grace=50ms']);
  const { port } = line.running;
  const client = await connect({ port });
  await client.send(requestBytes('/large.bin'));
  client.pause();
  await until(() => client.socket.bytesRead > 0);
  const before = line.pid();
  await line.signal('SIGUSR2');
  process.kill(before, 'SIGTERM');
  await until(() => !isRunning(before));
  t.equal(await textAt({ port }), 'hello', 'the other one serves');
  client.close();
});

t.test('where the new one cannot start, the old one goes on', { skip }, async (t) => {
  const folder = makeTree(t);
  const [config, path] = [join(folder, 'zc.json'), join(folder, 'sock')];
  const write = (options: object) =>
    writeFileSync(config, JSON.stringify({ root, listen: [`unix:${path}`], ...options }));
  write({});
  const pidFile = join(folder, 'a.pid');
  const child = await startOwn(t, [`--config=${config}`, `--pid-file=${pidFile}`]);
  const pid = child.pid ?? 0;
  const lines = createInterface({ input: child.stderr as Readable });
  const busy = createTcpServer().listen(0, '127.0.0.1');
  t.teardown(() => busy.close());
  await once(busy, 'listening');
  const { port } = busy.address() as AddressInfo;
  for (const [options, reason] of [
    // It has taken the sockets by then.
    [{ admin: `127.0.0.1:${port}` }, /admin: cannot listen/],
    [{ root: join(root, 'none') }, /cannot serve .*none/],
    [{ rooot: '.' }, /rooot is unknown/],
  ] as const) {
    write(options);
    const said: string[] = [];
    const twice = new Promise<void>((resolve) => {
      lines.on('line', (line) => said.push(line) === 2 && resolve());
    });
    child.kill('SIGUSR2');
    await twice;
    lines.removeAllListeners('line');
    t.match(said.join('\n'), reason);
    t.match(said.join('\n'), /SIGUSR2: this process goes on: the new process has ended \([12]\)/);
    t.equal(await textAt({ port: 0, path }), 'hello');
    t.equal(Number(readFileSync(pidFile, 'utf8')), pid);
  }
  t.match(await runCommand(['upgrade', `--pid-file=${pidFile}`]), {
    code: 1,
    stderr: `zcserve: process ${pid} goes on: its log says why\n`,
  });
  child.kill('SIGTERM');
  await once(child, 'exit');
  t.notOk(existsSync(path));
});

/** Whose address is a file. */
async function startOwn(t: Test, args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, [...CLI, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  await once(createInterface({ input: child.stdout }), 'line');
  return child;
}

t.test('zcserve upgrade asks the one of the pid file, and says who serves', { skip }, async (t) => {
  const line = await startLine(t, [root]);
  const before = line.pid();
  const { code, stdout, stderr } = await runCommand(['upgrade', `--pid-file=${line.pidFile}`]);
  t.same([code, stderr], [0, '']);
  t.equal(stdout, `zcserve: process ${line.pid()} has taken the place of ${before}\n`);
  t.equal(await textAt({ port: line.running.port }), 'hello');
  const none = join(root, 'none.pid');
  t.match(await runCommand(['upgrade', `--pid-file=${none}`]), {
    code: 1,
    stderr: `zcserve: --pid-file: ${none}: no process is running\n`,
  });
  t.match(await runCommand(['upgrade']), { code: 2, stderr: /upgrade needs --pid-file/ });
});

t.test('sockets of systemd go from hand to hand', { skip }, async (t) => {
  if (addon === undefined) return;
  const [socket = -1] = addon.listen('127.0.0.1', 0, false, 1, false);
  const { port = 0 } = addon.adopt(socket) as { readonly port?: number };
  const pidFile = join(makeTree(t), 'a.pid');
  const start = `LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"`;
  const child = spawn(
    'sh',
    ['-c', start, 'sh', process.execPath, ...CLI, root, `--pid-file=${pidFile}`],
    { stdio: ['ignore', 'pipe', 'pipe', socket] },
  );
  t.teardown(() => child.kill('SIGKILL'));
  await once(createInterface({ input: child.stdout as Readable }), 'line');
  for (let round = 0; round < 2; round++) {
    const before = Number(readFileSync(pidFile, 'utf8'));
    process.kill(before, 'SIGUSR2');
    await until(() => Number(readFileSync(pidFile, 'utf8')) !== before);
    const now = Number(readFileSync(pidFile, 'utf8'));
    t.teardown(() => isRunning(now) && process.kill(now, 'SIGKILL'));
    await until(() => !isRunning(before));
    t.equal(await textAt({ port }), 'hello');
  }
  addon.closeSockets([socket]);
});

t.test('a carrier that keeps its sockets says so', async (t) => {
  const line = await startLine(t, [root, '--transport=http1'], { ZCSERVE_NO_ADDON: '1' });
  const said = await line.signal('SIGUSR2');
  t.match(said, /SIGUSR2: this process goes on: a listener cannot be shared/);
  t.equal(await textAt({ port: line.running.port }), 'hello');
});
