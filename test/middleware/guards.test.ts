// Guards of other routes: no spelling of a guarded path gets its bytes, whatever the host compares paths with.
import { once } from 'node:events';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import t from 'tap';
import { zcserve } from '../../src/middleware/middleware.ts';
import { loadUws } from '../../src/transport/uws/library.ts';
import { type Address, connect, request, requestBytes } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import { GUARDED, HOSTS, MISS } from './hosts.ts';

t.setTimeout(240_000);

const SECRET = 'the secret';

const root = makeTree(t, {
  'index.html': '<p>home',
  'private/index.html': SECRET,
  'private/secret.txt': SECRET,
  '@private/secret.txt': SECRET,
  'ü/secret.txt': SECRET,
  "o'x/secret.txt": SECRET,
  'public/app.js': 'app',
  'public/it [1].js': 'odd name',
  '@scope/a+b.js': 'scoped',
});

const GUARDS = ['/private', '/@private', '/ü', "/o'x"];

/** Other spellings of guarded paths below `base`. None is answered by more than a redirect. */
function spellingsOf(base: string): string[] {
  const secrets = [
    '//private/secret.txt',
    '///private/secret.txt',
    '/private//secret.txt',
    '/./private/secret.txt',
    '/private/./secret.txt',
    '/%2e/private/secret.txt',
    '/public/../private/secret.txt',
    '/public/%2e%2e/private/secret.txt',
    '/public/%2E%2E/private/secret.txt',
    '/public/.%2e/private/secret.txt',
    '/public/%2e./private/secret.txt',
    '/public/app.js/../../private/secret.txt',
    '/public//../private/secret.txt',
    '/public/..//private/secret.txt',
    '/public/..%2fprivate/secret.txt',
    '/public/..\\private/secret.txt',
    '/public/..%5cprivate/secret.txt',
    '/%70rivate/secret.txt',
    '/privat%65/secret.txt',
    '/%70%72%69%76%61%74%65/secret.txt',
    '/private%2fsecret.txt',
    '/private%2Fsecret.txt',
    '/private%5csecret.txt',
    '\\private\\secret.txt',
    '/private/secret.txt/',
    '//private/',
    '/%70rivate/',
    '/%40private/secret.txt',
    '/%c3%bc/secret.txt',
    '/%C3%bc/secret.txt',
    '/ü/secret.txt',
    '/o%27x/secret.txt',
  ];
  const absolute = ['a', 'A:80', '[::1]', 'a;b', 'u@a', 'a%20b', 'a#b', 'a\\b', ''].flatMap(
    (host) => [
      `http://${host}${base}/private/secret.txt`,
      `HTTPS://${host}${base}//private/secret.txt`,
      `http://${host}${base}/%70rivate/secret.txt`,
      `http://${host}${base}/o'x/secret.txt`,
    ],
  );
  return [...secrets.map((path) => base + path), ...absolute];
}

/** Spellings of the mount path itself. */
const MOUNTS = [
  '//static',
  '/./static',
  '/x/../static',
  '/%73tatic',
  '/%2e/static',
  '/x/%2e%2e/static',
];

/** Everything that the server says, however it frames that. */
async function allOf(address: Address, target: string): Promise<string> {
  const connection = await connect(address);
  await connection.send(requestBytes(target));
  const bytes = await connection.rest();
  connection.close();
  return bytes.toString('latin1');
}

for (const host of HOSTS) {
  t.test(host.name, async (t) => {
    const guards = ['', ...(host.mounts ? ['/static'] : [])].flatMap((base) =>
      GUARDS.map((guard) => base + guard),
    );
    const address = await host.start(t, root, {}, guards);
    const open = await host.start(t, root);

    const bases = host.mounts ? ['', '/static'] : [''];
    const targets = bases.flatMap(spellingsOf);
    for (const mount of host.mounts ? MOUNTS : []) {
      targets.push(`${mount}/private/secret.txt`, `${mount}//%70rivate/secret.txt`);
    }
    for (const target of targets) t.notMatch(await allOf(address, target), SECRET, target);
    for (const base of bases) {
      for (const guard of GUARDS) {
        const target = encodeURI(`${base}${guard}/secret.txt`);
        t.equal((await request(address, target)).body.toString(), GUARDED, `${target} is guarded`);
        t.equal((await request(open, target)).body.toString(), SECRET, `${target} is there`);
      }
      t.equal((await request(address, `${base}/public/app.js`)).body.toString(), 'app');
    }

    t.test(
      'what no client writes is no path: not even a redirect tells that it is there',
      async (t) => {
        for (const target of ['//private/secret.txt', '/public/%2e%2e/private/', '/.//private']) {
          const answer = await request(open, target);
          t.equal(answer.status, 404, target);
          t.equal(answer.body.toString(), MISS, target);
        }
      },
    );

    t.test(
      'what encoders write is led to the normal form, or read as the host reads it',
      async (t) => {
        const names = {
          '/public/it%20[1].js': '/public/it%20%5B1%5D.js',
          '/%40scope/a%2Bb.js': '/@scope/a+b.js',
          '/%40scope/a+b.js': '/@scope/a+b.js',
          '/%C3%bc/secret.txt': '/%C3%BC/secret.txt',
        };
        for (const base of bases) {
          for (const [spelled, normal] of Object.entries(names)) {
            const answer = await request(open, `${base}${spelled}?q=%2e`);
            if (answer.status === 200) continue;
            t.equal(answer.status, 301, spelled);
            const location = answer.field('location') ?? '';
            t.match(location, /^\.\.?\//, 'no other host');
            const { pathname, search } = new URL(location, `http://a${base}${spelled}?q=%2e`);
            t.equal(pathname + search, `${base}${normal}?q=%2e`);
            t.equal((await request(open, pathname)).status, 200, `${pathname}`);
          }
        }
      },
    );
  });
}

t.test(
  'routers that decode: what they took for a letter is one, and absolute-form is the same path',
  async (t) => {
    for (const host of HOSTS.filter(({ name }) => /Fastify|Hono/.test(name))) {
      const address = await host.start(t, root, {}, ['/private', '/static/private']);
      for (const target of [
        '/%73tatic/public/app.js',
        '/static/%70ublic/app.js',
        'http://a/static/public/app.js',
        'http://a/public/app.js?q',
      ]) {
        t.equal((await request(address, target)).body.toString(), 'app', `${host.name}: ${target}`);
      }
    }
    for (const host of HOSTS.filter(({ name }) => /Express|connect|Koa/.test(name))) {
      const address = await host.start(t, root);
      const answer = await request(address, 'http://a/public/app.js?q');
      t.equal(answer.body.toString(), 'app', `${host.name}: absolute-form`);
    }
  },
);

t.test("HTTP/2's compatibility API", async (t) => {
  const serve = zcserve(root);
  const server = createHttp2Server((req, res) => {
    if (req.url.startsWith('/private/')) res.writeHead(403).end(GUARDED);
    else serve(req as never, res as never, () => res.writeHead(404).end(MISS));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  t.teardown(() => session.destroy());
  const bodyOf = async (path: string) => {
    const stream = session.request({ ':path': path });
    await once(stream, 'response');
    return (await buffer(stream)).toString();
  };
  const spellings = spellingsOf('').filter((target) => /^\/[!-~]+$/.test(target));
  for (const target of spellings) {
    t.notMatch(await bodyOf(target), SECRET, target);
  }
  t.equal(await bodyOf('/public/app.js'), 'app');
});

t.test('inside a uWebSockets.js app', async (t) => {
  const { library } = await loadUws();
  if (!library) {
    t.pass('uWebSockets.js does not load here');
    return;
  }
  const handler = zcserve.uws(root, { single: true });
  t.teardown(handler.close);
  const app = library
    .App()
    .any('/private/*', (res) => void res.writeStatus('403 Forbidden').end(GUARDED))
    .any('/*', handler);
  const token = await new Promise((resolve) => app.listen('127.0.0.1', 0, 1, resolve));
  t.teardown(() => app.close());
  const address: Address = { port: library.us_socket_local_port(token) };
  const spellings = spellingsOf('').filter((target) => /^\/[!-~]+$/.test(target));
  for (const target of spellings) {
    t.notMatch(await allOf(address, target), SECRET, target);
  }
  t.equal((await request(address, '/private/secret.txt')).body.toString(), GUARDED);
  t.equal((await request(address, '/public/app.js')).body.toString(), 'app');
  t.equal((await request(address, '/%40scope/a+b.js')).field('location'), '../@scope/a+b.js');
});
