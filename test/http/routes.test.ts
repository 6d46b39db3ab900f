// Other paths than the asked one on every carrier: slashes, clean URLs, single-page apps, redirects, rewrites.
import t, { type Test } from 'tap';
import { request } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import { onEveryCarrierAndProxy, type Serve } from './carriers.ts';
import { type Case, checkCases } from './cases.ts';
import { claimsExcept } from './claims.ts';

const root = makeTree(t, {
  'index.html': 'home',
  'v1.2.txt': 'v1.2',
  'file.txt': 'file',
  'dir/index.html': 'dir',
  'dir/file.txt': 'in dir',
  'dir/sub/file.txt': 'in sub',
  'dir/.env': 'hidden',
  'inside-dir': { link: 'dir' },
});
const claims = claimsExcept([]);

const SLASHES: readonly Case[] = [
  {
    title: 'a directory without its slash',
    target: '/dir',
    status: 301,
    wants: { location: './dir/' },
  },
  {
    title: 'the redirect keeps the query',
    target: '/dir?a=1&b=%20',
    status: 301,
    wants: { location: './dir/?a=1&b=%20' },
  },
  {
    title: 'the redirect names no other host',
    target: '//dir',
    status: 301,
    wants: { location: './dir/' },
  },
  {
    title: 'nor after dot segments',
    target: '//evil.example/../dir',
    status: 301,
    wants: { location: './dir/' },
  },
  {
    title: 'nor by an encoded one',
    target: '/%2e/dir',
    status: 301,
    wants: { location: './dir/' },
  },
  {
    title: 'a redirect of a linked directory',
    target: '/inside-dir',
    status: 301,
    wants: { location: './inside-dir/' },
  },
  {
    title: 'a redirect may be stored: it has no Cache-Control',
    target: '/dir',
    status: 301,
    wants: { 'cache-control': undefined, 'content-type': 'text/html; charset=utf-8' },
  },
];

async function checkRelative(t: Test, serve: Serve): Promise<void> {
  const { address, port } = await serve({ root });
  for (const target of ['/dir', '/dir/sub', '/inside-dir/sub', '//dir', '/dir//sub']) {
    const { field } = await request(address, target);
    const base = `http://localhost:${port}${target}`;
    const followed = new URL(
      field('location') ?? '',
      target.startsWith('//') ? `http://localhost:${port}/x` : base,
    );
    t.equal(followed.host, `localhost:${port}`, `${target} → ${field('location')} stays here`);
    t.ok(followed.pathname.endsWith('/'), `${target} → ${followed.pathname}`);
  }
}

const clean = makeTree(t, {
  'index.html': 'home',
  'about.html': 'about',
  'blog/index.html': 'blog',
  'blog/post.html': 'post',
  'both.html': 'both.html',
  both: 'both',
  'twice/index.html': 'twice/',
  'twice.html': 'twice.html',
  'a b.html': 'a b',
  'data.json': '{}',
  'page.htm': 'htm',
});

const CLEAN: readonly Case[] = [
  {
    title: 'clean: /about is about.html',
    target: '/about',
    status: 200,
    wants: { 'content-type': 'text/html; charset=utf-8' },
    body: 'about',
  },
  {
    title: 'clean: /about.html → /about',
    target: '/about.html',
    status: 308,
    wants: { location: './about' },
  },
  {
    title: 'clean: with its query',
    target: '/about.html?x=1',
    status: 308,
    wants: { location: './about?x=1' },
  },
  {
    title: 'clean: /index.html → /',
    target: '/index.html',
    status: 308,
    wants: { location: './' },
  },
  {
    title: 'clean: /blog/index.html → /blog/',
    target: '/blog/index.html',
    status: 308,
    wants: { location: './' },
  },
  { title: 'clean: /blog/post', target: '/blog/post', status: 200, body: 'post' },
  { title: 'clean: /blog → /blog/', target: '/blog', status: 301, wants: { location: './blog/' } },
  { title: 'clean: the exact file wins', target: '/both', status: 200, body: 'both' },
  {
    title: 'clean: then the .html is under its own name only',
    target: '/both.html',
    status: 200,
    body: 'both.html',
  },
  {
    title: 'clean: a page beside a directory of its name',
    target: '/twice',
    status: 200,
    body: 'twice.html',
  },
  { title: 'clean: the directory keeps its slash', target: '/twice/', status: 200, body: 'twice/' },
  {
    title: 'clean: /about/ → /about',
    target: '/about/',
    status: 308,
    wants: { location: '../about' },
  },
  { title: 'clean: a name with a space', target: '/a%20b', status: 200, body: 'a b' },
  {
    title: 'clean: the redirect encodes',
    target: '/a%20b.html',
    status: 308,
    wants: { location: './a%20b' },
  },
  { title: 'clean: other files as ever', target: '/data.json', status: 200 },
  { title: 'clean: nothing', target: '/none', status: 404 },
  { title: 'clean: nothing.html', target: '/none.html', status: 404 },
];

const spa = makeTree(t, { 'index.html': 'app', 'app.js': 'js', 'dir/x.txt': 'x' });
const HTML = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const SPA: readonly Case[] = [
  {
    title: 'spa: an unknown page is the app',
    target: '/users/7',
    fields: HTML,
    status: 200,
    wants: { vary: /accept/i },
    body: 'app',
  },
  { title: 'spa: with a query', target: '/users/7?tab=1', fields: HTML, status: 200, body: 'app' },
  {
    title: 'spa: an asset that is missing is missing',
    target: '/app.123.js',
    fields: { Accept: '*/*' },
    status: 404,
  },
  {
    title: 'spa: a picture that is missing is missing',
    target: '/logo.png',
    fields: { Accept: 'image/avif,image/webp,*/*;q=0.8' },
    status: 404,
  },
  ...['/users/john.doe', '/v1.2/', '/files/a%2Fb', '/files/a%2fb.txt', '/a%5Cb'].map((target) => ({
    title: `spa: ${target} is a route to who asks for HTML`,
    target,
    fields: HTML,
    status: 200,
    wants: { vary: /accept.*sec-fetch-dest/i },
    body: 'app',
  })),
  {
    title: 'spa: and to whoever loads a page',
    target: '/users/john.doe',
    fields: { 'Sec-Fetch-Dest': 'document' },
    status: 200,
    body: 'app',
  },
  {
    title: 'spa: a picture without an extension that is missing is missing',
    target: '/avatars/7',
    fields: { Accept: '*/*', 'Sec-Fetch-Dest': 'image' },
    status: 404,
  },
  {
    title: 'spa: a path that can be no file stays bad for who asks for no page',
    target: '/files/a%2Fb',
    fields: { Accept: 'application/json' },
    status: 400,
  },
  {
    title: 'spa: nor does one lead out of the root',
    target: '/..%2f..%2fetc/passwd',
    fields: HTML,
    status: 400,
  },
  {
    title: 'spa: who does not take HTML gets 404',
    target: '/users/7',
    fields: { Accept: 'application/json' },
    status: 404,
  },
  {
    title: 'spa: html;q=0 is no',
    target: '/users/7',
    fields: { Accept: 'text/html;q=0, */*' },
    status: 404,
  },
  { title: 'spa: who says nothing takes all', target: '/users/7', status: 200, body: 'app' },
  { title: 'spa: a file is itself', target: '/app.js', fields: HTML, status: 200, body: 'js' },
  {
    title: 'spa: a directory without index is the app',
    target: '/dir/',
    fields: HTML,
    status: 200,
    body: 'app',
  },
  { title: 'spa: 304', target: '/users/7', fields: { ...HTML, 'If-None-Match': '*' }, status: 304 },
  { title: 'spa: bad paths stay bad', target: '/%zz', fields: HTML, status: 400 },
  { title: 'spa: hidden files are not there', target: '/.env.local', fields: HTML, status: 404 },
];

const ROUTES: readonly Case[] = [
  { title: 'redirect: exact', target: '/old', status: 301, wants: { location: '/file.txt' } },
  ...['//old', '/./old', '/x/../old', '/%6fld', '/x/%2e%2e/%6F%6C%64'].map((target) => ({
    title: 'redirect: however the path is spelled',
    target,
    status: 301,
    wants: { location: '/file.txt' },
  })),
  {
    title: 'redirect: keeps the query',
    target: '/old?a=1',
    status: 301,
    wants: { location: '/file.txt?a=1' },
  },
  {
    title: 'redirect: a named segment',
    target: '/u/ann',
    status: 302,
    wants: { location: '/users/ann' },
  },
  {
    title: 'redirect: a captured name is encoded again',
    target: '/u/a%20b',
    status: 302,
    wants: { location: '/users/a%20b' },
  },
  {
    title: 'redirect: a line break in a name is no new field',
    target: '/u/a%0d%0aX-Evil:%201',
    status: 302,
    wants: { location: '/users/a%0D%0AX-Evil%3A%201', 'x-evil': undefined },
  },
  { title: 'redirect: a named segment is one segment', target: '/u/ann/more', status: 404 },
  {
    title: 'redirect: the rest',
    target: '/docs/a/b.html',
    status: 308,
    wants: { location: 'https://docs.example/a/b.html' },
  },
  {
    title: 'redirect: the first rule wins',
    target: '/docs/special',
    status: 307,
    wants: { location: '/file.txt' },
  },
  { title: 'redirect: others as ever', target: '/file.txt', status: 200, body: 'file' },
  {
    title: 'redirect: for HEAD too',
    target: '/old',
    method: 'HEAD',
    status: 301,
    wants: { location: '/file.txt' },
  },
  { title: 'redirect: not for POST', target: '/old', method: 'POST', status: 405 },
  { title: 'rewrite: another file', target: '/shown', status: 200, body: 'in dir' },
  { title: 'rewrite: the query does not matter', target: '/shown?x', status: 200, body: 'in dir' },
  { title: 'rewrite: the rest', target: '/v1/sub/file.txt', status: 200, body: 'in sub' },
  { title: 'rewrite: what is not there', target: '/v1/none.txt', status: 404 },
  { title: 'rewrite: never out of the root', target: '/v1/..%2f..%2fetc/passwd', status: 400 },
  { title: 'rewrite: nor to a hidden file', target: '/v1/.env', status: 404 },
];

onEveryCarrierAndProxy(t, async (t, serve) => {
  await checkCases(t, await serve({ root }), claims, SLASHES);
  await checkRelative(t, serve);
  await checkCases(t, await serve({ root: clean, cleanUrls: true }), claims, CLEAN);
  await checkCases(t, await serve({ root: spa, spa: 'index.html' }), claims, SPA);
  const routed = await serve({
    root,
    redirects: [
      { from: '/old', to: '/file.txt' },
      { from: '/u/:name', to: '/users/:name', status: 302 },
      { from: '/docs/special', to: '/file.txt', status: 307 },
      { from: '/docs/*', to: 'https://docs.example/*', status: 308 },
    ],
    rewrites: [
      { from: '/shown', to: '/dir/file.txt' },
      { from: '/v1/*', to: '/dir/*' },
    ],
  });
  await checkCases(t, routed, claims, ROUTES);
  const chosen = await serve({ root, index: ['home.html', 'file.txt'], extensions: ['txt'] });
  await checkCases(t, chosen, claims, [
    { title: 'index: the second of the list', target: '/', status: 200, body: 'file' },
    { title: 'index: the others do not count', target: '/dir/', status: 200, body: 'in dir' },
    { title: 'extensions: /file is file.txt', target: '/file', status: 200, body: 'file' },
    { title: 'extensions: /v1.2 is v1.2.txt', target: '/v1.2', status: 200, body: 'v1.2' },
    { title: 'extensions: none of them', target: '/v1.3', status: 404 },
  ]);
  for (const [trailingSlash, bare, slashed] of [
    ['auto', 301, 200],
    ['always', 301, 200],
    ['never', 200, 301],
    ['ignore', 200, 200],
    ['strict', 404, 200],
  ] as const) {
    await checkCases(t, await serve({ root, trailingSlash }), claims, [
      { title: `trailingSlash ${trailingSlash}: /dir`, target: '/dir', status: bare },
      { title: `trailingSlash ${trailingSlash}: /dir/`, target: '/dir/', status: slashed },
      { title: `trailingSlash ${trailingSlash}: the root`, target: '/', status: 200 },
    ]);
  }
});

claims.settle(t);
