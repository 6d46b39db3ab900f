// Other people's clients of HTTP/2, without TLS and with: curl, nghttp and h2load, where they are installed, and Node's own.
// test/http/clients.test.ts has those of HTTP/1.1.
import { readFileSync } from 'node:fs';
import { connect as connectSession } from 'node:http2';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import type { Server } from '../../src/server/server.ts';
import { request } from '../support/client.ts';
import { run, without } from '../support/programs.ts';
import { startServer } from '../support/server.ts';
import { TLS_OPTIONS } from '../support/tls.ts';
import { makeTree, pattern } from '../support/tree.ts';

const SIZE = 3 * 2 ** 20 + 1;
/** What a window of 15 bytes takes 20,000 turns for. */
const MIDDLE = 300_000;
const AT_ONCE = 20;
const root = makeTree(t, {
  'a.txt': 'aaaa',
  'middle.bin': { size: MIDDLE },
  'large.bin': { size: SIZE },
});
const native = loadNative();

interface Site {
  readonly server: Server;
  /** By the name that the certificate has. */
  readonly url: string;
  readonly tls: boolean;
}

/** With prior knowledge, and by ALPN. */
function overBoth(
  title: string,
  program: string | false,
  claim: (t: Test, site: Site) => Promise<void>,
): void {
  const skip = native.addon === undefined ? native.reason : program;
  t.test(title, { skip }, async (t) => {
    for (const tls of [false, true]) {
      await t.test(tls ? 'h2' : 'h2c', async (t) => {
        const server = await startServer(t, { root, ...(tls ? TLS_OPTIONS : { h2c: true }) });
        const url = `${tls ? 'https' : 'http'}://localhost:${server.port}`;
        await claim(t, { server, url, tls });
      });
    }
  });
}

const curls = native.addon === undefined ? native.reason : without('curl', /HTTP2/);

overBoth('curl', curls, async (t, { url, tls }) => {
  const how = tls ? ['--cacert', TLS_OPTIONS.tlsCert] : ['--http2-prior-knowledge'];
  const told = ['-w', ' %{http_version} %{http_code}'];
  const { stdout } = await run('curl', ['-sS', ...how, ...told, `${url}/a.txt`]);
  t.equal(stdout.toString(), 'aaaa 2 200');
});

// Without TLS curl 7.88 breaks off in its second stream, whoever serves.
t.test(`curl: ${AT_ONCE} downloads over one connection`, { skip: curls }, async (t) => {
  const { port, stats } = await startServer(t, { root, ...TLS_OPTIONS });
  const folder = makeTree(t);
  const parallel = ['--parallel', '--parallel-max', `${AT_ONCE}`, '-o', join(folder, '#1')];
  const url = `https://localhost:${port}/large.bin?[1-${AT_ONCE}]`;
  const { status } = await run('curl', ['-sS', '--cacert', TLS_OPTIONS.tlsCert, ...parallel, url]);
  t.equal(status, 0);
  for (let at = 1; at <= AT_ONCE; at++) {
    t.ok(readFileSync(join(folder, `${at}`)).equals(pattern(SIZE)), `${at}`);
  }
  t.match(stats(), { accepted: 1, http2: 1 });
});

t.test('curl asks to upgrade in vain, and is answered as it asked', { skip: curls }, async (t) => {
  const { url } = await startServer(t, { root, h2c: true });
  const told = ['-w', ' %{http_version} %{http_code}'];
  const { stdout } = await run('curl', ['-sS', '--http2', ...told, `${url}/a.txt`]);
  t.equal(stdout.toString(), 'aaaa 1.1 200');
});

overBoth('nghttp, with tiny windows', without('nghttp'), async (t, { url }) => {
  for (const window of ['4', '10', '30']) {
    const { stdout } = await run('nghttp', ['-w', window, '-W', window, `${url}/middle.bin`]);
    t.ok(stdout.equals(pattern(MIDDLE)), `2^${window} bytes`);
  }
});

overBoth(
  'h2load: 100 streams, tiny windows',
  without('h2load'),
  async (t, { server, url, tls }) => {
    const { port, stats } = server;
    while (stats().hot === 0) await request({ port, tls }, '/a.txt');
    const before = stats().hot;
    const load = ['-n', '2000', '-c', '4', '-m', '100', '-w', '4', '-W', '5'];
    const { stdout } = await run('h2load', [...load, `${url}/a.txt`]);
    t.match(stdout.toString(), /2000 succeeded, 0 failed/);
    t.match(
      stdout.toString(),
      tls ? /^Application protocol: h2$/m : /^Application protocol: h2c$/m,
    );
    t.equal(stats().hot - before, 2000, 'without JavaScript, once it is known');
  },
);

const trusting = { ca: readFileSync(TLS_OPTIONS.tlsCert) };

overBoth(
  `node:http2: ${AT_ONCE} downloads over one connection`,
  false,
  async (t, { server, url }) => {
    const session = connectSession(url, trusting);
    const bodies = Array.from({ length: AT_ONCE }, () =>
      buffer(session.request({ ':path': '/large.bin' })),
    );
    for (const body of await Promise.all(bodies)) t.ok(body.equals(pattern(SIZE)));
    t.equal(server.stats().accepted, 1);
    session.destroy();
  },
);

overBoth('node:http2: a stream that is not read holds up none', false, async (t, { url }) => {
  const session = connectSession(url, { ...trusting, settings: { initialWindowSize: 1 } });
  session.request({ ':path': '/large.bin' }).pause();
  const quick = session.request({ ':path': '/a.txt' });
  t.equal(await text(quick), 'aaaa', 'a byte at a time');
  session.destroy();
});
