// What users of the peers expect of them: our own requests, each under the options that it is about.
import type { SentFields } from '../support/client.ts';
import type { PeerName, PeerOptions } from './pairs.ts';
import { MODIFIED, type Trees } from './tree.ts';

export interface Case {
  readonly title: string;
  readonly target: string;
  readonly method?: string;
  /** `ETAG` in a value stands for the asked server's own. */
  readonly fields?: SentFields;
  readonly options?: PeerOptions;
  /** "root" unless the case is about another. */
  readonly tree?: keyof Trees;
  /** Every peer, unless only some have the option. */
  readonly peers?: readonly PeerName[];
}

const BEFORE = 'Wed, 15 Nov 1995 04:58:07 GMT';
const AFTER = 'Wed, 15 Nov 1995 04:58:09 GMT';

const paths = [
  ...['/', '/page.txt', '/page.txt?x', '/empty.txt', '/LICENSE', '/about.html', '/start.htm'],
  ...[
    '/dir',
    '/dir?x',
    '/dir/',
    '/bare',
    '/bare/',
    '/bare/file.txt',
    '/none',
    '/none/',
    '/page.txt/',
  ],
  ...['/a%20b.txt', '/gr%C3%BC%C3%9Fe.txt', '/a@b.txt', '/a%40b.txt', '/p%61ge.txt'],
  ...['//page.txt', '/./page.txt', '/dir/../page.txt', '/dir/%2e%2e/page.txt', '/../page.txt'],
  ...['/%', '/page.txt%00', '/dir%2findex.html', '/dir\\index.html'],
  ...['/.hidden', '/.well-known/x.txt', '/about', '/orphan.js', '/outside.txt'],
].map((target): Case => ({ title: target, target }));

const methods = ['HEAD', 'POST', 'OPTIONS'].map(
  (method): Case => ({ title: method, target: '/page.txt', method }),
);

const request = (title: string, fields: SentFields, target = '/page.txt'): Case => ({
  ...{ title, target, fields },
});

const conditions: readonly Case[] = (
  [
    ...['ETAG', 'W/ETAG', '*', '"other"', '"other", ETAG'].map((tag) => ({ 'If-None-Match': tag })),
    ...[MODIFIED, BEFORE, AFTER, 'yesterday'].map((date) => ({ 'If-Modified-Since': date })),
    ...['ETAG', '*', '"other"'].map((tag) => ({ 'If-Match': tag })),
    ...[MODIFIED, BEFORE, AFTER, 'yesterday'].map((date) => ({ 'If-Unmodified-Since': date })),
    { 'If-None-Match': '"other"', 'If-Modified-Since': AFTER },
    { 'If-Match': 'ETAG', 'If-Unmodified-Since': BEFORE },
    { 'If-Modified-Since': [AFTER, AFTER] },
    { 'If-Unmodified-Since': [BEFORE, BEFORE] },
    { 'If-None-Match': 'ETAG', 'Cache-Control': 'no-cache' },
  ] as SentFields[]
).map((fields) => request(titleOf(fields), fields));

const ranges: readonly Case[] = [
  ...[
    ...['0-4', '0-0', '-5', '-0', '-2000', '995-', '999-5000', '1000-', '5-2', 'abc'],
    ...['0-1,5-6', '0-9,5-14', '0-1,2000-'],
  ].map((range) => request(`Range: bytes=${range}`, { Range: `bytes=${range}` })),
  request('Range: items=0-1', { Range: 'items=0-1' }),
  request('Range of an empty file', { Range: 'bytes=0-' }, '/empty.txt'),
  ...['ETAG', '"other"', MODIFIED, BEFORE, AFTER].map((value) =>
    request(`If-Range: ${value}`, { Range: 'bytes=0-4', 'If-Range': value }),
  ),
  { ...request('HEAD, Range', { Range: 'bytes=0-4' }), method: 'HEAD' },
];

/** `[title, options, peers, then targets, or requests of their own]` */
function under(
  title: string,
  options: PeerOptions,
  peers: readonly PeerName[],
  targets: readonly (string | Case)[],
): Case[] {
  return targets.map((each) => {
    const asked = typeof each === 'string' ? { title: each, target: each } : each;
    return { ...asked, title: `${title}: ${asked.title}`, options, peers };
  });
}

const EXPRESS: readonly PeerName[] = ['serve-static', 'send'];
const setHeaders = (
  res: { setHeader(name: string, value: string): void },
  path: string,
  stat: { size: number },
) => {
  res.setHeader('X-Path', path);
  res.setHeader('X-Size', `${stat.size}`);
  res.setHeader('Cache-Control', 'mine');
};
const coded = (coding: string) =>
  request(`Accept-Encoding: ${coding}`, { 'Accept-Encoding': coding }, '/style.css');

const options: readonly Case[] = [
  ...under("maxAge: 'soon'", { maxAge: 'soon' }, [...EXPRESS, 'sirv'], ['/page.txt']),
  ...under(
    'a name of no option',
    { maxage: 5000 },
    [...EXPRESS, 'sirv', 'koa-static', 'hono'],
    ['/page.txt'],
  ),
  ...under(
    'maxAge: 5000',
    { maxAge: 5000 },
    [...EXPRESS, 'koa-static', '@fastify/static'],
    ['/page.txt'],
  ),
  ...under("maxAge: '1d'", { maxAge: '1d' }, EXPRESS, ['/page.txt']),
  ...under("maxAge: '1y'", { maxAge: '1y' }, EXPRESS, ['/page.txt']),
  ...under("maxAge: '10y'", { maxAge: '10y' }, EXPRESS, ['/page.txt']),
  ...under('immutable', { maxAge: '1h', immutable: true }, EXPRESS, ['/page.txt']),
  ...under(
    'cacheControl: false',
    { cacheControl: false },
    [...EXPRESS, '@fastify/static'],
    ['/page.txt'],
  ),
  ...under(
    'acceptRanges: false',
    { acceptRanges: false },
    [...EXPRESS, '@fastify/static'],
    ['/page.txt', request('Range', { Range: 'bytes=0-4' })],
  ),
  ...under('etag: false', { etag: false }, [...EXPRESS, '@fastify/static'], ['/page.txt']),
  ...under(
    'lastModified: false',
    { lastModified: false },
    [...EXPRESS, '@fastify/static'],
    ['/page.txt'],
  ),
  ...under('index: false', { index: false }, [...EXPRESS, 'koa-static'], ['/', '/dir/', '/dir']),
  ...under('index: two', { index: ['none.html', 'start.htm'] }, EXPRESS, ['/', '/dir/']),
  ...under(
    'extensions',
    { extensions: ['htm', 'html'] },
    [...EXPRESS, 'koa-static'],
    ['/about', '/start', '/none', '/v1.2'],
  ),
  ...under('dotfiles: allow', { dotfiles: 'allow' }, [...EXPRESS, '@fastify/static'], ['/.hidden']),
  ...under('dotfiles: deny', { dotfiles: 'deny' }, EXPRESS, ['/.hidden']),
  ...under('redirect: false', { redirect: false }, ['serve-static'], ['/dir', '/dir/']),
  ...under(
    'fallthrough: false',
    { fallthrough: false, dotfiles: 'deny' },
    ['serve-static'],
    [
      ...['/none', '/none/', '/%', '/.hidden', '/../page.txt', '/page.txt'],
      { title: 'POST', target: '/page.txt', method: 'POST' },
      request('If-Match: "other"', { 'If-Match': '"other"' }),
    ],
  ),
  ...under(
    'setHeaders',
    { setHeaders },
    ['serve-static', 'sirv', 'koa-static'],
    [
      ...['/page.txt', '/dir/', '/none'],
      request('Range', { Range: 'bytes=0-4' }),
      request('If-Modified-Since', { 'If-Modified-Since': MODIFIED }),
    ],
  ),
  ...under(
    'etag',
    { etag: true },
    ['sirv'],
    ['/page.txt', request('If-None-Match: ETAG', { 'If-None-Match': 'ETAG' })],
  ),
  ...under('maxAge: 60', { maxAge: 60 }, ['sirv'], ['/page.txt']),
  ...under('maxAge: 0', { maxAge: 0 }, ['sirv'], ['/page.txt']),
  ...under('maxAge, immutable', { maxAge: 31536000, immutable: true }, ['sirv'], ['/page.txt']),
  ...under('dev', { dev: true }, ['sirv'], ['/page.txt', '/about']),
  ...under('dev, etag', { dev: true, etag: true }, ['sirv'], ['/page.txt']),
  ...under('single', { single: true }, ['sirv'], ['/some/where', '/none.txt', '/.well-known/none']),
  ...under('single, ignores', { single: true, ignores: /^\/api/ }, ['sirv'], ['/api/x', '/apt']),
  ...under('dotfiles: true', { dotfiles: true }, ['sirv'], ['/.hidden']),
  ...under('extensions: htm', { extensions: ['htm'] }, ['sirv'], ['/start', '/about', '/']),
  ...under(
    'gzip, brotli',
    { gzip: true, brotli: true },
    ['sirv', 'koa-static'],
    [
      ...['gzip', 'br', 'br;q=0, gzip', 'identity'].map(coded),
      '/orphan.js',
      request('of no file: br', { 'Accept-Encoding': 'br' }, '/orphan.js'),
    ],
  ),
  ...under('preCompressed', {}, ['@fastify/static', 'hono'], [coded('gzip')]),
];

const roots: readonly Case[] = [
  { title: 'a root that is missing', target: '/page.txt', tree: 'missing' },
  { title: 'a root that is a file', target: '/', tree: 'file' },
];

/** Siblings are offered by default by Koa's. */
const plain: readonly Case[] = [coded('gzip, br')];

export const CASES: readonly Case[] = [
  ...[...paths, ...methods, ...conditions, ...ranges],
  ...[...plain, ...options, ...roots],
];

function titleOf(fields: SentFields): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ');
}
