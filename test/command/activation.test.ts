// Sockets that systemd has opened, as sd_listen_fds(3) hands them over: to a real child, by inherited descriptors.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t, { type Test } from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import type { NativeAddon } from '../../src/addon/types.ts';
import { activatedSockets, takeActivated, withActivated } from '../../src/command/activation.ts';
import { resolveOptions } from '../../src/options/options.ts';
import { CLI } from '../support/cli.ts';
import { request } from '../support/client.ts';
import { PROXY_V1 } from '../support/proxy.ts';
import { makeTree } from '../support/tree.ts';

const root = makeTree(t, { 'a.txt': 'hello' });

/** It makes the sockets that are handed over, as node's servers would take the clients too. */
const { addon } = loadNative();

/** Systemd in its place: holds sockets that listen, and takes no client by itself. */
function hold(t: Test, ...descriptors: number[]): number[] {
  t.teardown(() => {
    for (const each of descriptors) closeSync(each);
  });
  return descriptors;
}

const holdPort = (addon: NativeAddon) => addon.listen('127.0.0.1', 0, false, 1, false)[0] ?? -1;

function portOf(addon: NativeAddon, descriptor: number | undefined): number {
  const address = addon.adopt(descriptor ?? -1);
  return address.path === undefined ? address.port : 0;
}

interface Started {
  readonly line: string;
  readonly said: () => string;
  stop(): Promise<unknown>;
}

/** With the sockets from descriptor 3 on. `pid`: whom the variables say they are for. */
async function startWith(
  t: Test,
  sockets: readonly number[],
  args: readonly string[],
  pid = '$$',
): Promise<Started> {
  const script = `LISTEN_PID=${pid} LISTEN_FDS=${sockets.length} LISTEN_FDNAMES=a exec "$@"`;
  const command = [process.execPath, ...CLI, root, ...args];
  const child = spawn('sh', ['-c', script, 'sh', ...command], {
    stdio: ['ignore', 'pipe', 'pipe', ...sockets],
    env: { PATH: process.env.PATH, ZCSERVE_NO_ADDON: process.env.ZCSERVE_NO_ADDON },
  });
  t.teardown(() => child.kill('SIGKILL'));
  let stderr = '';
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const closed = once(child, 'close');
  const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> });
  const line = await Promise.race([once(lines, 'line').then(String), closed.then(() => '')]);
  return {
    line,
    said: () => stderr,
    stop() {
      child.kill('SIGTERM');
      return closed;
    },
  };
}

if (addon !== undefined) checkActivation(addon);

function checkActivation(addon: NativeAddon): void {
  for (const transport of ['native', 'http1']) {
    t.test(`${transport}: serves on the sockets that it is given, and says so`, async (t) => {
      const path = join(makeTree(t), 'sock');
      const sockets = hold(t, holdPort(addon), ...addon.listenAt(path, -1));
      const port = portOf(addon, sockets[0]);
      const args = [`--transport=${transport}`, '--port=81'];
      const { line, stop } = await startWith(t, sockets, [...args, '--json']);
      const report = JSON.parse(line);
      t.match(report, { url: `http://127.0.0.1:${port}`, activated: 2, transport });
      t.equal((await request({ port }, '/a.txt')).body.toString(), 'hello', 'by TCP');
      t.equal(
        (await request({ port: 0, path }, '/a.txt')).body.toString(),
        'hello',
        'by a Unix socket',
      );
      t.match(await stop(), [0, null]);

      // The holder still has them: whoever comes now waits for who is started next.
      const early = request({ port }, '/a.txt');
      const next = await startWith(t, sockets, args);
      t.match(next.line, /at http:\/\/127\.0\.0\.1:\d+ .*sockets of systemd/);
      t.equal((await early).body.toString(), 'hello', 'who came between two servers');
      await next.stop();
    });

    t.test(`${transport}: descriptors can be named, with their marks`, async (t) => {
      const sockets = hold(t, holdPort(addon), holdPort(addon));
      const listen = ['--listen=fd:4,proxy', '--proxy-from=127.0.0.1'];
      const { stop } = await startWith(t, sockets, [
        `--transport=${transport}`,
        ...listen,
        '--json',
      ]);
      const address = { port: portOf(addon, sockets[1]), first: PROXY_V1 };
      t.equal((await request(address, '/a.txt')).body.toString(), 'hello');
      await stop();
    });
  }

  t.test('sockets for another process are none of ours', async (t) => {
    const sockets = hold(t, holdPort(addon));
    const { line, stop } = await startWith(t, sockets, ['--port=0', '--json'], '1');
    const report = JSON.parse(line);
    t.not(new URL(report.url).port, String(portOf(addon, sockets[0])));
    t.equal(report.activated, undefined);
    await stop();
  });

  t.test('what is no socket that listens is refused', async (t) => {
    const sockets = hold(t, holdPort(addon));
    const cases: ReadonlyArray<readonly [args: readonly string[], said: RegExp]> = [
      [['--listen=fd:2'], /^zcserve: cannot listen on fd:2: /],
      [['--listen=fd:999'], /^zcserve: cannot listen on fd:999: it is not open\n$/],
      [['--listen=fd:3,proxy'], /^zcserve: --listen: fd:3: proxy needs --proxy-from/],
    ];
    for (const [args, said] of cases) {
      const started = await startWith(t, sockets, args);
      t.equal(started.line, '', String(args));
      t.match(started.said(), said);
    }
  });
}

t.test('the variables of sd_listen_fds(3)', async (t) => {
  const rows: ReadonlyArray<readonly [env: NodeJS.ProcessEnv, sockets: number]> = [
    [{}, 0],
    [{ LISTEN_FDS: '2' }, 0],
    [{ LISTEN_PID: '7', LISTEN_FDS: '2' }, 2],
    [{ LISTEN_PID: '7', LISTEN_FDS: '0' }, 0],
    [{ LISTEN_PID: '7', LISTEN_FDS: '-1' }, 0],
    [{ LISTEN_PID: '7', LISTEN_FDS: '2x' }, 0],
    [{ LISTEN_PID: '7' }, 0],
    [{ LISTEN_PID: '8', LISTEN_FDS: '2' }, 0],
    [{ LISTEN_PID: '', LISTEN_FDS: '2' }, 0],
  ];
  for (const [env, sockets] of rows) {
    t.equal(activatedSockets(env, 7), sockets, JSON.stringify(env));
  }
  const env = { LISTEN_PID: '7', LISTEN_FDS: '2', LISTEN_FDNAMES: 'a:b', PATH: '/bin' };
  const activated = takeActivated(env, 7);
  t.equal(activated, 2);
  const options = withActivated(resolveOptions({ port: 80 }), activated);
  t.strictSame(
    resolveOptions(options).listen,
    ['fd:3', 'fd:4'],
    'they fit with what was asked for',
  );
  t.strictSame(env, { PATH: '/bin' }, 'nobody else takes them for his');
});
