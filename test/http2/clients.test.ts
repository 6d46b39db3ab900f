// Other people's clients: curl, nghttp and h2load, where they are installed, and Node's own.
import { execFile, spawnSync } from 'node:child_process';
import { connect as connectSession } from 'node:http2';
import { promisify } from 'node:util';
import t from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { request } from '../support/client.ts';
import { startServer } from '../support/server.ts';
import { makeTree, pattern } from '../support/tree.ts';

const SIZE = 3 * 2 ** 20 + 1;
const root = makeTree(t, { 'a.txt': 'aaaa', 'large.bin': { size: SIZE } });
const native = loadNative();
const run = promisify(execFile);

/** Why a program cannot be used here, or false. */
function without(program: string, shows = /./): string | false {
  if (native.addon === undefined) return native.reason ?? 'no addon';
  const { stdout, status } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return status === 0 && shows.test(stdout) ? false : `no ${program} that speaks HTTP/2`;
}

t.test('curl, with prior knowledge', { skip: without('curl', /HTTP2/) }, async (t) => {
  const { url } = await startServer(t, { root, h2c: true });
  const { stdout } = await run('curl', [
    ...['-sS', '--http2-prior-knowledge', '-w', ' %{http_version} %{http_code}', `${url}/a.txt`],
  ]);
  t.equal(stdout, 'aaaa 2 200');
});

t.test('nghttp, with tiny windows', { skip: without('nghttp') }, async (t) => {
  const { url } = await startServer(t, { root, h2c: true });
  for (const window of ['4', '10', '30']) {
    const { stdout } = await run('nghttp', ['-w', window, '-W', window, `${url}/large.bin`], {
      encoding: 'buffer',
      maxBuffer: 2 ** 28,
    });
    t.ok(stdout.equals(pattern(SIZE)), `2^${window} bytes`);
  }
});

t.test('h2load: 100 streams, tiny windows', { skip: without('h2load') }, async (t) => {
  const { url, port, stats } = await startServer(t, { root, h2c: true });
  while (stats().hot === 0) await request({ port }, '/a.txt');
  const before = stats().hot;
  const { stdout } = await run('h2load', [
    '-n',
    '2000',
    '-c',
    '4',
    '-m',
    '100',
    '-w',
    '4',
    '-W',
    '5',
    `${url}/a.txt`,
  ]);
  t.match(stdout, /2000 succeeded, 0 failed/);
  t.equal(stats().hot - before, 2000, 'without JavaScript, once it is known');
});

t.test(
  '20 downloads over one connection',
  { skip: native.addon ? false : 'no addon' },
  async (t) => {
    const { url, stats } = await startServer(t, { root, h2c: true });
    const session = connectSession(url);
    const bodies = Array.from({ length: 20 }, async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of session.request({ ':path': '/large.bin' })) chunks.push(chunk);
      return Buffer.concat(chunks);
    });
    const whole = pattern(SIZE);
    for (const body of await Promise.all(bodies)) t.ok(body.equals(whole));
    t.equal(stats().accepted, 1);
    session.destroy();
  },
);

t.test('a client that reads slowly', { skip: native.addon ? false : 'no addon' }, async (t) => {
  const { url } = await startServer(t, { root, h2c: true });
  const session = connectSession(url, { settings: { initialWindowSize: 1 } });
  const slow = session.request({ ':path': '/large.bin' });
  slow.pause();
  const quick = session.request({ ':path': '/a.txt' });
  const chunks: Buffer[] = [];
  for await (const chunk of quick) chunks.push(chunk);
  t.equal(Buffer.concat(chunks).toString(), 'aaaa', 'a byte at a time');
  session.destroy();
});
