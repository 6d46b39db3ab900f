// Early Hints (RFC 8297): which requests have a 103 ahead of their answer, and that those of HTTP/1 have none.
import { renameSync, writeFileSync } from 'node:fs';
import {
  type ClientHttp2Session,
  connect as connectSession,
  createServer as createNodeHttp2,
} from 'node:http2';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { zcserve } from '../../src/middleware/middleware.ts';
import type { OptionsInput } from '../../src/options/options.ts';
import { createServer, type Server } from '../../src/server/server.ts';
import { until } from '../faults/process.ts';
import { connect } from '../support/client.ts';
import { connectFrames, END_STREAM, get, TYPES } from '../support/frames.ts';
import { listen } from '../support/listen.ts';
import { run, without } from '../support/programs.ts';
import { startServer } from '../support/server.ts';
import { TLS_OPTIONS } from '../support/tls.ts';
import { makeTree, type Teardown } from '../support/tree.ts';

const native = loadNative();
const skip = native.addon === undefined && native.reason;

const LINK = '</a.css>; rel=preload; as=style';
const HEADERS = { '**/*.html': { Link: `${LINK}, </>; rel=canonical` } };
const root = makeTree(t, {
  'index.html': '<!doctype html>',
  'about/index.html': '<!doctype html>',
  'plain.txt': 'plain',
  '404.html': 'missing',
});

const manifestOf = (file: string) => ({ 'index.html': { file, isEntry: true } });
const PAGE_LOAD = { 'sec-fetch-dest': 'document' };

type Fields = Readonly<Record<string, string>>;

interface Told {
  readonly early: ReadonlyArray<readonly [status: unknown, link: unknown]>;
  readonly status: unknown;
  readonly link: unknown;
  readonly etag: unknown;
  readonly body: string;
}

async function ask(session: ClientHttp2Session, path: string, fields: Fields = {}): Promise<Told> {
  const stream = session.request({ ':path': path, ...PAGE_LOAD, ...fields });
  const early: Array<readonly [unknown, unknown]> = [];
  stream.on('headers', (head) => early.push([head[':status'], head.link]));
  const head = new Promise<Readonly<Record<string, unknown>>>((resolve, reject) => {
    stream.once('response', resolve).once('error', reject);
  });
  const { ':status': status, link, etag } = await head;
  const body = (await buffer(stream)).toString();
  return { early, status, link, etag, body };
}

function sessionTo(t: Teardown, { port }: Pick<Server, 'port'>): ClientHttp2Session {
  const session = connectSession(`http://127.0.0.1:${port}`);
  t.teardown(() => session.destroy());
  return session;
}

async function serve(t: Test, options: OptionsInput): Promise<Server> {
  return startServer(t, { root, h2c: true, headers: HEADERS, earlyHints: true, ...options });
}

const early = [[103, LINK]];

t.test('a page load has them, cold and hot, and its answer has them too', { skip }, async (t) => {
  const server = await serve(t, {});
  const session = sessionTo(t, server);
  for (const path of ['/', '/about/', '/about/index.html?q']) {
    for (let time = 1; time <= 6; time++) {
      const told = await ask(session, path);
      const link = HEADERS['**/*.html'].Link;
      t.match(told, { early, status: 200, link, body: '<!doctype html>' }, `${path} ${time}`);
    }
  }
  const { hot } = server.stats();
  t.ok(hot >= 3, `${hot} were the engine's own`);
  for (let time = 0; time < 2; time++) {
    const others: ReadonlyArray<readonly [string, string, Fields, status?: number]> = [
      ['a script fetches it', '/', { 'sec-fetch-dest': 'empty' }],
      ['a frame', '/', { 'sec-fetch-dest': 'iframe' }],
      ['nobody says what for', '/', { 'sec-fetch-dest': '' }],
      ['a prefetch', '/', { 'sec-purpose': 'prefetch' }],
      ['HEAD', '/', { ':method': 'HEAD' }],
      ['a range', '/', { range: 'bytes=0-1' }, 206],
      ['a revisit', '/', { 'if-none-match': String((await ask(session, '/')).etag) }, 304],
      ['no page', '/plain.txt', {}],
      ['a miss', '/missing', {}, 404],
      ['a redirect', '/about', {}, 301],
    ];
    for (const [title, path, fields, status = 200] of others) {
      t.match(await ask(session, path, fields), { early: [], status }, `not ${title}`);
    }
  }
  const changed = await ask(session, '/', { 'if-none-match': '"of before"' });
  t.match(changed, { early, status: 200 }, 'but who has another version has them');
  const page = Object.values(server.stats().byStatus.h2 ?? {}).reduce((sum, n) => sum + n, 0);
  t.equal(
    page,
    server.stats().hot + server.stats().planned + server.stats().opened,
    'no 103 is counted',
  );
});

t.test('the page of an app has its own at every route', { skip }, async (t) => {
  const session = sessionTo(t, await serve(t, { spa: 'index.html' }));
  for (let time = 1; time <= 4; time++) {
    t.match(await ask(session, '/a/route'), { early, status: 200 }, `${time}`);
    t.match(await ask(session, '/a.js', { 'sec-fetch-dest': 'script' }), {
      early: [],
      status: 404,
    });
  }
});

t.test('off by default', { skip }, async (t) => {
  const { Link: link } = HEADERS['**/*.html'];
  const session = sessionTo(t, await serve(t, { earlyHints: false }));
  t.match(await ask(session, '/'), { early: [], status: 200, link });
});

t.test('in frames: HEADERS, HEADERS, DATA', { skip }, async (t) => {
  const { port } = await serve(t, {});
  for (let time = 1; time <= 4; time++) {
    const client = await connectFrames(port);
    client.send(get(1, '/', [['sec-fetch-dest', 'document']]));
    const frames = [];
    while (frames.length < 3) {
      const frame = await client.next();
      if (frame?.stream === 1) frames.push([TYPES[frame.type], frame.flags & END_STREAM]);
    }
    t.same(
      frames,
      [
        ['HEADERS', 0],
        ['HEADERS', 0],
        ['DATA', END_STREAM],
      ],
      `${time}`,
    );
    client.close();
  }
});

t.test('HTTP/1.1 has none, on the same port or with TLS', { skip }, async (t) => {
  for (const tls of [false, true]) {
    const server = await serve(t, tls ? { ...TLS_OPTIONS, h2c: false } : {});
    const connection = await connect({ port: server.port, tls });
    t.teardown(() => connection.close());
    for (let time = 1; time <= 4; time++) {
      await connection.send(
        'GET / HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Dest: document\r\n\r\n',
      );
      const answer = await connection.read();
      t.equal(answer.status, 200, `TLS ${tls}, ${time}`);
      t.equal(answer.field('link'), HEADERS['**/*.html'].Link);
    }
  }
});

t.test('curl sees them', { skip: skip || without('curl', /HTTP2/) }, async (t) => {
  const { port } = await serve(t, {});
  const url = `http://localhost:${port}/`;
  const how = ['-sS', '-D', '-', '--http2-prior-knowledge', '-H', 'Sec-Fetch-Dest: document'];
  const { stdout } = await run('curl', [...how, url]);
  t.match(stdout.toString(), /^HTTP\/2 103 *\r\nlink: .*\r\n\r\nHTTP\/2 200 *\r\n/);
});

t.test("a build's, as its manifest says at the time", { skip }, async (t) => {
  const build = makeTree(t, {
    'index.html': '<!doctype html>',
    '.vite/manifest.json': JSON.stringify(manifestOf('assets/a.js')),
  });
  const manifest = join(build, '.vite/manifest.json');
  const session = sessionTo(
    t,
    await serve(t, {
      root: build,
      headers: {},
      earlyHints: '.vite/manifest.json',
      revalidate: 100,
    }),
  );
  const linkOf = (file: string) => `</assets/${file}>; rel=modulepreload`;
  for (let time = 1; time <= 4; time++) {
    const link = linkOf('a.js');
    t.match(await ask(session, '/'), { early: [[103, link]], link }, `${time}`);
  }
  const rewrite = (text: string) => {
    writeFileSync(`${manifest}.new`, text);
    renameSync(`${manifest}.new`, manifest);
  };
  rewrite(JSON.stringify(manifestOf('assets/b.js')));
  const isTold = (link: string | undefined) => async () => (await ask(session, '/')).link === link;
  await until(isTold(linkOf('b.js')));
  t.match((await ask(session, '/')).early, [[103, linkOf('b.js')]]);
  rewrite('{');
  await until(isTold(undefined));
  t.same((await ask(session, '/')).early, [], 'none by what is no manifest');
});

t.test('a manifest that cannot be used is told at the start', async (t) => {
  const build = makeTree(t, { 'manifest.json': '{}' });
  const start = (earlyHints: string) => createServer({ root: build, port: 0, earlyHints });
  await t.rejects(start('manifest.json'), {
    name: 'OptionError',
    message: `option earlyHints: ${join(build, 'manifest.json')}: no page (.html) is an entry of this manifest`,
  });
  const message = `option earlyHints: ${join(build, 'none.json')}: no such file`;
  await t.rejects(start(join(build, 'none.json')), { name: 'OptionError', message });
});

t.test('middleware of node:http2 has them, of node:http none', async (t) => {
  const options = { headers: HEADERS, earlyHints: true, logLevel: 'silent' } as const;
  const serveFiles = zcserve(root, options);
  const { port } = await listen(t, serveFiles);
  const connection = await connect({ port });
  t.teardown(() => connection.close());
  await connection.send('GET / HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Dest: document\r\n\r\n');
  t.equal((await connection.read()).status, 200);

  const server = createNodeHttp2((req, res) =>
    serveFiles(req as never, res as never, () => res.end()),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const session = sessionTo(t, server.address() as { port: number });
  for (let time = 1; time <= 3; time++) t.match(await ask(session, '/'), { early, status: 200 });
  t.match(await ask(session, '/', { 'sec-fetch-dest': 'empty' }), { early: [], status: 200 });
});
