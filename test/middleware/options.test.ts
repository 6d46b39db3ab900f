// The options of serve-static and sirv, by the behaviour that their users see.
import { utimesSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import type { HttpError } from '../../src/middleware/http-error.ts';
import { zcserve } from '../../src/middleware/middleware.ts';
import type { MiddlewareOptions } from '../../src/middleware/options.ts';
import { type Answer, request } from '../support/client.ts';
import { listen } from '../support/listen.ts';
import { makeTree } from '../support/tree.ts';

const mtime = new Date('2024-01-02T03:04:05Z');

const root = makeTree(t, {
  'index.html': { text: '<p>home', mtime },
  'start.htm': { text: '<p>start', mtime },
  'about.html': { text: '<p>about', mtime },
  'app.js': { text: 'let a;', mtime },
  'app.js.gz': { text: gzipSync('let a;'), mtime },
  'app.js.br': { text: 'brotli', mtime },
  '.hidden': 'secret',
  'dir/index.html': { text: '<p>dir', mtime },
});

/** Asks a middleware whose next handler answers 404 "next", or the error's status and "error". */
async function ask(
  t: Test,
  options: MiddlewareOptions,
  target: string,
  asked: Parameters<typeof request>[2] = {},
): Promise<Answer> {
  const serve = zcserve(root, options);
  t.teardown(serve.close);
  const address = await listen(t, (req, res) => {
    serve(req, res, (error) => {
      res.statusCode = error ? (error as HttpError).status : 404;
      res.end(error ? 'error' : 'next');
    });
  });
  return request(address, target, asked);
}

interface Row {
  readonly options: MiddlewareOptions;
  readonly target: string;
  readonly method?: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly status: number;
  readonly body?: string;
  /** undefined: the field must be absent. */
  readonly has?: Readonly<Record<string, string | undefined>>;
}

const cacheControl = (options: MiddlewareOptions, value: string | undefined): Row => ({
  options,
  target: '/app.js',
  status: 200,
  has: { 'cache-control': value },
});

const ROWS: Readonly<Record<string, Row>> = {
  'cacheControl is public, max-age=0': cacheControl({}, 'public, max-age=0'),
  'cacheControl: false sends none': cacheControl({ cacheControl: false }, undefined),
  'maxAge is in milliseconds': cacheControl({ maxAge: 2500 }, 'public, max-age=2'),
  'maxAge takes texts': cacheControl({ maxAge: '1d' }, 'public, max-age=86400'),
  'maxAge is at most 365 days': cacheControl({ maxAge: '10y' }, 'public, max-age=31536000'),
  'maxAge of a year is 365 days': cacheControl({ maxAge: '1y' }, 'public, max-age=31536000'),
  immutable: cacheControl({ maxAge: '1h', immutable: true }, 'public, max-age=3600, immutable'),
  'dev makes clients ask every time': cacheControl({ dev: true }, 'no-cache'),
  'acceptRanges: false': {
    options: { acceptRanges: false },
    target: '/app.js',
    fields: { range: 'bytes=0-1' },
    status: 200,
    has: { 'accept-ranges': undefined, 'content-range': undefined },
  },
  'etag: false': {
    options: { etag: false },
    target: '/app.js',
    status: 200,
    has: { etag: undefined },
  },
  'lastModified: false': {
    options: { lastModified: false },
    target: '/app.js',
    status: 200,
    has: { 'last-modified': undefined },
  },
  'dotfiles are ignored': { options: {}, target: '/.hidden', status: 404, body: 'next' },
  'dotfiles: allow': { options: { dotfiles: 'allow' }, target: '/.hidden', status: 200 },
  'dotfiles: true, as sirv says it': {
    options: { dotfiles: true },
    target: '/.hidden',
    status: 200,
  },
  'dotfiles: deny falls through': {
    options: { dotfiles: 'deny' },
    target: '/.hidden',
    status: 404,
    body: 'next',
  },
  'dotfiles: deny is an error without fallthrough': {
    options: { dotfiles: 'deny', fallthrough: false },
    target: '/.hidden',
    status: 403,
    body: 'error',
  },
  'extensions: none': { options: {}, target: '/about', status: 404 },
  'extensions: one': {
    options: { extensions: 'html' },
    target: '/about',
    status: 200,
    body: '<p>about',
  },
  'extensions: the first that exists': {
    options: { extensions: ['htm', 'html'] },
    target: '/about',
    status: 200,
    body: '<p>about',
  },
  'extensions: false': { options: { extensions: false }, target: '/about', status: 404 },
  'index: another': { options: { index: 'start.htm' }, target: '/', status: 200, body: '<p>start' },
  'index: the first that exists': {
    options: { index: ['none.html', 'index.html'] },
    target: '/',
    status: 200,
    body: '<p>home',
  },
  'index: false': { options: { index: false }, target: '/', status: 404, body: 'next' },
  'redirect: false': { options: { redirect: false }, target: '/dir', status: 404, body: 'next' },
  'a miss falls through': { options: {}, target: '/none', status: 404, body: 'next' },
  'fallthrough: false makes an error of a miss': {
    options: { fallthrough: false },
    target: '/none',
    status: 404,
    body: 'error',
  },
  'fallthrough: false makes an error of a bad path': {
    options: { fallthrough: false },
    target: '/%',
    status: 400,
    body: 'error',
  },
  'other methods fall through': {
    options: {},
    target: '/',
    method: 'POST',
    status: 404,
    body: 'next',
  },
  'fallthrough: false answers other methods': {
    options: { fallthrough: false },
    target: '/',
    method: 'POST',
    status: 405,
    has: { allow: 'GET, HEAD' },
  },
  'siblings are not offered': {
    options: {},
    target: '/app.js',
    fields: { 'accept-encoding': 'br, gzip' },
    status: 200,
    body: 'let a;',
    has: { vary: undefined },
  },
  gzip: {
    options: { gzip: true },
    target: '/app.js',
    fields: { 'accept-encoding': 'br, gzip' },
    status: 200,
    body: gzipSync('let a;').toString(),
    has: { vary: 'Accept-Encoding', 'content-encoding': 'gzip' },
  },
  brotli: {
    options: { brotli: true, gzip: true },
    target: '/app.js',
    fields: { 'accept-encoding': 'br, gzip' },
    status: 200,
    body: 'brotli',
  },
  'single: a page for misses': {
    options: { single: true },
    target: '/some/where',
    status: 200,
    body: '<p>home',
  },
  'single: also for a path that can be no file': {
    options: { single: true },
    target: '/files/a%2Fb',
    status: 200,
    body: '<p>home',
  },
  'single: another page': {
    options: { single: 'start.htm' },
    target: '/some/where',
    status: 200,
    body: '<p>start',
  },
  'single spares what has an extension': {
    options: { single: true },
    target: '/none.js',
    status: 404,
    body: 'next',
  },
  'ignores: false spares nothing': {
    options: { single: true, ignores: false },
    target: '/none.js',
    status: 200,
    body: '<p>home',
  },
  'ignores: more': {
    options: { single: true, ignores: /^\/api/ },
    target: '/api/x?y',
    status: 404,
    body: 'next',
  },
  'exclude: a path and what is below it': {
    options: { single: true, exclude: '/api' },
    target: '/api/users?a=b',
    status: 404,
    body: 'next',
  },
  'exclude: the path itself': {
    options: { single: true, exclude: ['/api/'] },
    target: '/api',
    status: 404,
    body: 'next',
  },
  'exclude: no other path': {
    options: { single: true, exclude: '/api' },
    target: '/apix',
    status: 200,
    body: '<p>home',
  },
  'exclude: globs, decoded paths, files too': {
    options: { exclude: ['/v*/rpc', '*.js'] },
    target: '/%61pp.js',
    status: 404,
    body: 'next',
  },
  'exclude: before fallthrough: false': {
    options: { fallthrough: false, exclude: '/v*/rpc' },
    target: '/v2/rpc/call',
    method: 'POST',
    status: 404,
    body: 'next',
  },
  'our own options': { options: { serverTiming: true }, target: '/app.js', status: 200 },
};

for (const [title, row] of Object.entries(ROWS)) {
  t.test(title, async (t) => {
    const { options, target, method = 'GET', fields = {}, status, body, has = {} } = row;
    const answer = await ask(t, options, target, { method, fields });
    t.equal(answer.status, status);
    if (body !== undefined) t.equal(answer.body.toString(), body);
    for (const [name, value] of Object.entries(has)) t.equal(answer.field(name), value, name);
  });
}

t.test('unknown and wrong options are errors that help', async (t) => {
  const rows: ReadonlyArray<readonly [options: object, message: string]> = [
    [{ maxage: 1 }, 'option maxage is unknown; did you mean maxAge?'],
    [{ fallThrough: false }, 'option fallThrough is unknown; did you mean fallthrough?'],
    [{ brotil: true }, 'option brotil is unknown; did you mean brotli?'],
    [{ port: 80 }, "option port: is a server's of its own, and here that is somebody else's"],
    [
      { dotfiles: 'show' },
      'option dotfiles: "show" is not allowed; expected one of allow, deny, ignore',
    ],
    [{ maxAge: 'soon' }, 'option maxAge: "soon" is not allowed'],
    [{ exclude: '/' }, 'option exclude: "/" is not allowed; expected a path or glob'],
    [{ setHeaders: 1 }, 'option setHeaders: 1 is not allowed; expected a function'],
  ];
  for (const [options, message] of rows) {
    t.throws(() => zcserve(root, options as MiddlewareOptions), {
      message: new RegExp(`^${message.replace(/[?.]/g, '\\$&')}`),
    });
  }
});

t.test('a root that is no directory is an error at once', async (t) => {
  t.throws(() => zcserve(join(root, 'none')), { code: 'ENOENT' });
  t.throws(() => zcserve(join(root, 'app.js')), { code: 'ENOTDIR' });
  t.throws(() => zcserve(''), /root/);
});

t.test('setHeaders sees response, path and stat, whatever the status', async (t) => {
  const seen: string[] = [];
  const options: MiddlewareOptions = {
    gzip: true,
    setHeaders(res, path, stat) {
      seen.push(`${path} ${stat.size} ${stat.mtime.toISOString()}`);
      res.setHeader('X-Path', 'set');
      res.setHeader('Cache-Control', 'mine');
    },
  };
  const file = `${join(root, 'app.js')} 6 ${mtime.toISOString()}`;
  const asked: ReadonlyArray<readonly [status: number, Parameters<typeof request>[2]]> = [
    [200, {}],
    [200, { method: 'HEAD' }],
    [200, { fields: { 'accept-encoding': 'gzip' } }],
    [206, { fields: { range: 'bytes=0-1' } }],
    [304, { fields: { 'if-modified-since': mtime.toUTCString() } }],
  ];
  for (const [status, what] of asked) {
    const answer = await ask(t, options, '/app.js', what);
    t.equal(answer.status, status);
    t.equal(answer.field('x-path'), 'set');
    t.equal(answer.field('cache-control'), 'mine');
  }
  t.same(
    seen,
    asked.map(() => file),
  );
  seen.length = 0;
  await ask(t, options, '/none');
  await ask(t, options, '/dir');
  t.same(seen, [], 'no file, no call');
});

t.test("setHeaders gets the file's whole path, however the root was given", async (t) => {
  const seen: string[] = [];
  const serve = zcserve(relative(process.cwd(), root), {
    setHeaders: (_res, path) => void seen.push(path),
  });
  t.teardown(serve.close);
  await request(await listen(t, (req, res) => serve(req, res)), '/app.js');
  t.same(seen, [join(root, 'app.js')]);
});

t.test('an error in setHeaders goes to next', async (t) => {
  const setHeaders = () => {
    throw Object.assign(new Error('mine'), { status: 418 });
  };
  const answer = await ask(t, { setHeaders }, '/app.js');
  t.equal(answer.status, 418);
});

t.test('without next it answers everything itself', async (t) => {
  const serve = zcserve(root);
  const address = await listen(t, serve);
  t.equal((await request(address, '/app.js')).body.toString(), 'let a;');
  const miss = await request(address, '/none');
  t.equal(miss.status, 404);
  t.match(miss.body.toString(), '404 Not Found');
  t.equal((await request(address, '/app.js', { method: 'DELETE' })).status, 405);

  const onNoMatch: RequestListener = (_req, res) =>
    void res.writeHead(404, { 'content-length': 8 }).end('no match');
  const other = await listen(t, zcserve(root, { onNoMatch }));
  t.equal((await request(other, '/none')).body.toString(), 'no match');
});

t.test('a change is seen at once with dev', async (t) => {
  const path = join(root, 'changing.txt');
  writeFileSync(path, 'one');
  const serve = zcserve(root, { dev: true, watch: false });
  t.teardown(serve.close);
  const address = await listen(t, serve);
  t.equal((await request(address, '/changing.txt')).body.toString(), 'one');
  writeFileSync(path, 'two!');
  t.equal((await request(address, '/changing.txt')).body.toString(), 'two!');
  utimesSync(path, 1e9, 1e9);
  t.equal(
    (await request(address, '/changing.txt')).field('last-modified'),
    new Date(1e12).toUTCString(),
  );
});

t.test('rules that a site carries are followed where they are asked for', async (t) => {
  const site = makeTree(t, { _headers: '/*\n  X-Own: 1\n', 'a.txt': 'a' });
  for (const siteRules of [undefined, true]) {
    const serve = zcserve(site, { siteRules, fallthrough: false });
    t.teardown(serve.close);
    const address = await listen(t, (req, res) => {
      serve(req, res, (error) => {
        res.statusCode = (error as HttpError).status;
        res.end();
      });
    });
    const own = (await request(address, '/a.txt')).field('x-own');
    const { status } = await request(address, '/_headers');
    t.same([own, status], siteRules ? ['1', 404] : [undefined, 200]);
  }
});
