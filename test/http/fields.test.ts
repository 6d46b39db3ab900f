// The operator's fields on every carrier: by glob, Cache-Control, security preset, CORS.
import t from 'tap';
import { makeTree } from '../support/tree.ts';
import { type Carrier, onEveryCarrierAndProxy, speaksHttp1 } from './carriers.ts';
import { type Case, checkCases } from './cases.ts';
import { claimsExcept } from './claims.ts';

const FOR_CDN = 'max-age=90, stale-while-revalidate=600, stale-if-error=86400';
const ALLOW = 'GET, HEAD, OPTIONS';
const root = makeTree(t, {
  'index.html': '<!doctype html>home',
  'page.html': '<!doctype html>page',
  'note.txt': 'note',
  'old.txt': 'old',
  'app.3f2a9c1b.js': 'hashed()',
  'page.3f2a9c1b.html': 'hashed page',
  'assets/logo.svg': '<svg/>',
  'assets/app.js': 'app()',
});
const claims = claimsExcept([]);

const FIELD_RULES: readonly Case[] = [
  {
    title: 'headers by glob: a field for one directory',
    target: '/assets/app.js',
    status: 200,
    wants: { 'x-where': 'assets', 'x-all': 'yes' },
  },
  ...['/assets//app.js', '/./assets/app.js', '/x/../%61ssets/app%2Ejs'].map((target) => ({
    title: 'headers by glob: however the path is spelled',
    target,
    status: 200,
    wants: { 'x-where': 'assets', 'x-all': 'yes' },
  })),
  {
    title: 'headers by glob: not for the others',
    target: '/note.txt',
    status: 200,
    wants: { 'x-where': undefined, 'x-all': 'yes' },
  },
  {
    title: 'headers by glob: the later wins',
    target: '/assets/logo.svg',
    status: 200,
    wants: { 'x-where': 'svg' },
  },
  {
    title: 'headers by glob: null removes',
    target: '/page.html',
    status: 200,
    wants: { 'x-all': undefined },
  },
  {
    title: 'headers by glob: another type',
    target: '/old.txt',
    status: 200,
    wants: { 'content-type': 'text/x-old' },
  },
  {
    title: 'headers by glob: 206 has them',
    target: '/note.txt',
    fields: { Range: 'bytes=0-0' },
    status: 206,
    wants: { 'x-all': 'yes' },
  },
  {
    title: 'headers by glob: 304 has them',
    target: '/note.txt',
    fields: { 'If-None-Match': '*' },
    status: 304,
    wants: { 'x-all': 'yes', 'cache-control': 'max-age=60', 'cdn-cache-control': FOR_CDN },
  },
  {
    title: 'cdn: a field of its own',
    target: '/assets/app.js',
    status: 200,
    wants: { 'cache-control': 'max-age=600', 'cdn-cache-control': FOR_CDN },
  },
  {
    title: 'cdn: not of what is private',
    target: '/assets/logo.svg',
    status: 200,
    wants: { 'cache-control': 'private', 'cdn-cache-control': undefined },
  },
  {
    title: 'cdn: nor of what is not there',
    target: '/none',
    status: 404,
    wants: { 'cdn-cache-control': undefined },
  },
  {
    title: 'cacheControl by glob',
    target: '/assets/app.js',
    status: 200,
    wants: { 'cache-control': 'max-age=600' },
  },
  {
    title: 'immutableHashed: a name with a hash',
    target: '/app.3f2a9c1b.js',
    status: 200,
    wants: {
      'cache-control': 'public, max-age=31536000, immutable',
      'cdn-cache-control': 'public, max-age=31536000, immutable',
    },
  },
  {
    title: 'immutableHashed: never HTML',
    target: '/page.3f2a9c1b.html',
    status: 200,
    wants: { 'cache-control': undefined },
  },
  {
    title: 'cacheControl: 404 stays no-store',
    target: '/assets/none.js',
    status: 404,
    wants: { 'cache-control': 'no-store' },
  },
];

const SECURITY: readonly Case[] = ['/note.txt', '/none.txt', '/assets', '/note.txt?x'].map(
  (target) => ({
    title: `securityHeaders: on ${target}`,
    target,
    status: target.startsWith('/note') ? 200 : target === '/assets' ? 301 : 404,
    wants: {
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'SAMEORIGIN',
      'referrer-policy': /./,
      'content-security-policy': /frame-ancestors/,
    },
  }),
);

const ORIGIN = 'https://app.example';
const CORS: readonly Case[] = [
  {
    title: 'cors *: every answer may be read',
    target: '/note.txt',
    status: 200,
    wants: { 'access-control-allow-origin': '*', vary: undefined },
  },
  {
    title: 'cors *: errors too',
    target: '/none.txt',
    fields: { Origin: ORIGIN },
    status: 404,
    wants: { 'access-control-allow-origin': '*' },
  },
  {
    title: 'cors *: 304 too',
    target: '/note.txt',
    fields: { Origin: ORIGIN, 'If-None-Match': '*' },
    status: 304,
    wants: { 'access-control-allow-origin': '*' },
  },
  {
    title: 'cors *: preflight',
    target: '/note.txt',
    method: 'OPTIONS',
    fields: { Origin: ORIGIN, 'Access-Control-Request-Method': 'GET' },
    status: 204,
    wants: {
      'access-control-allow-methods': ALLOW,
      'access-control-allow-headers': '*',
      'access-control-max-age': /^\d+$/,
    },
  },
];
const LISTED: readonly Case[] = [
  {
    title: 'cors list: an origin on it',
    target: '/note.txt',
    fields: { Origin: ORIGIN },
    status: 200,
    wants: { 'access-control-allow-origin': ORIGIN, vary: 'Origin' },
  },
  {
    title: 'cors list: another origin',
    target: '/note.txt',
    fields: { Origin: 'https://evil.example' },
    status: 200,
    wants: { 'access-control-allow-origin': undefined, vary: 'Origin' },
  },
  {
    title: 'cors list: an origin that only begins like it',
    target: '/note.txt',
    fields: { Origin: `${ORIGIN}.evil.example` },
    status: 200,
    wants: { 'access-control-allow-origin': undefined },
  },
  {
    title: 'cors list: no origin',
    target: '/note.txt',
    status: 200,
    wants: { 'access-control-allow-origin': undefined, vary: 'Origin' },
  },
  {
    title: 'cors list: null is not on it',
    target: '/note.txt',
    fields: { Origin: 'null' },
    status: 200,
    wants: { 'access-control-allow-origin': undefined },
  },
];

/** Of a file, how it was sent, and of every answer what its connection speaks. */
function timingOf(carrier: Carrier): readonly Case[] {
  const secured = carrier.tls && carrier.transport !== 'uws' ? ', tls;desc="TLSv1.3"' : '';
  const spoken = `proto;desc="${speaksHttp1(carrier) ? 'http/1.1' : 'h2'}"${secured}`;
  const ofFile = { 'server-timing': new RegExp(`^zc;desc="[a-z]+:[a-z-]+", ${spoken}$`) };
  const ofNone = { 'server-timing': spoken };
  const target = '/note.txt';
  return [
    { title: 'serverTiming: a file', target, status: 200, wants: ofFile },
    {
      title: 'serverTiming: a range',
      target,
      fields: { Range: 'bytes=1-2' },
      status: 206,
      wants: ofFile,
    },
    {
      title: 'serverTiming: a 304',
      target,
      fields: { 'If-None-Match': '*' },
      status: 304,
      wants: ofNone,
    },
    { title: 'serverTiming: an error', target: '/none.txt', status: 404, wants: ofNone },
    { title: 'serverTiming: a redirect', target: '/assets', status: 301, wants: ofNone },
    { title: 'serverTiming: OPTIONS', target, method: 'OPTIONS', status: 204, wants: ofNone },
  ];
}

onEveryCarrierAndProxy(t, async (t, serve, carrier) => {
  const ruled = await serve({
    root,
    immutableHashed: true,
    cdn: '90s',
    cacheControl: { '/assets/**': 'max-age=600', 'note.txt': 'max-age=60', '*.svg': 'private' },
    headers: {
      '**': { 'X-All': 'yes' },
      '/assets/*': { 'X-Where': 'assets' },
      '*.svg': { 'X-Where': 'svg' },
      'page.html': { 'X-All': null },
      'old.txt': { 'Content-Type': 'text/x-old' },
    },
  });
  await checkCases(t, ruled, claims, FIELD_RULES);
  await checkCases(t, await serve({ root, securityHeaders: true }), claims, SECURITY);
  await checkCases(t, await serve({ root, cors: ['*'] }), claims, CORS);
  await checkCases(
    t,
    await serve({ root, cors: [ORIGIN, 'http://localhost:3000'] }),
    claims,
    LISTED,
  );
  await checkCases(t, await serve({ root, serverTiming: true }), claims, timingOf(carrier));
});

claims.settle(t);
