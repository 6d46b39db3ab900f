// Error answers on every carrier: the built-in page, the site's own pages, and nothing of the request in them.
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { connect, request } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import { onEveryCarrierAndProxy } from './carriers.ts';
import { type Case, checkCases } from './cases.ts';
import { claimsExcept } from './claims.ts';

const root = makeTree(t, {
  'index.html': 'home',
  '404.html': '<!doctype html>top 404',
  'shop/404.html': '<!doctype html>shop 404',
  'shop/index.html': 'shop',
  'shop/cart/x.txt': 'x',
  'blog/post.html': 'post',
  'dir404/404.html/x.txt': 'a directory of that name',
});
const bare = makeTree(t, { 'index.html': 'home' });
const claims = claimsExcept([]);

const HTML = 'text/html; charset=utf-8';
const PAGE = {
  'content-type': HTML,
  'cache-control': 'no-store',
  etag: undefined,
  'last-modified': undefined,
  'accept-ranges': undefined,
};

const OWN_PAGES: readonly Case[] = [
  {
    title: '404.html of the root',
    target: '/none',
    status: 404,
    wants: PAGE,
    body: '<!doctype html>top 404',
  },
  {
    title: 'the nearest 404.html',
    target: '/shop/none',
    status: 404,
    wants: PAGE,
    body: '<!doctype html>shop 404',
  },
  {
    title: 'from below',
    target: '/shop/cart/none',
    status: 404,
    wants: PAGE,
    body: '<!doctype html>shop 404',
  },
  {
    title: 'from directories that are not there',
    target: '/shop/a/b/c/none',
    status: 404,
    body: '<!doctype html>shop 404',
  },
  {
    title: 'upward from a directory without one',
    target: '/blog/none',
    status: 404,
    body: '<!doctype html>top 404',
  },
  {
    title: 'a directory of that name is no page',
    target: '/dir404/none',
    status: 404,
    body: '<!doctype html>top 404',
  },
  {
    title: 'for a missing asset as well',
    target: '/none.png',
    status: 404,
    wants: { 'content-type': HTML },
  },
  {
    title: 'by its own name it is a page like any other',
    target: '/404.html',
    status: 200,
    wants: { etag: /./ },
    body: '<!doctype html>top 404',
  },
  {
    title: 'preconditions do not count for it (§13.2.1)',
    target: '/none',
    fields: { 'If-None-Match': '*' },
    status: 404,
    body: '<!doctype html>top 404',
  },
  {
    title: 'nor do ranges (§14.2)',
    target: '/none',
    fields: { Range: 'bytes=0-0' },
    status: 404,
    body: '<!doctype html>top 404',
  },
  { title: 'nor does If-Match', target: '/none', fields: { 'If-Match': '"x"' }, status: 404 },
  {
    title: 'a bad path has the built-in page',
    target: '/%zz',
    status: 400,
    body: /<h1>400 Bad Request<\/h1>/,
  },
];

const BUILT_IN: readonly Case[] = [
  { title: '404', target: '/none', status: 404, wants: PAGE, body: /<h1>404 Not Found<\/h1>/ },
  { title: '400', target: '/%00', status: 400, wants: PAGE, body: /<h1>400 Bad Request<\/h1>/ },
  {
    title: '405',
    target: '/',
    method: 'DELETE',
    status: 405,
    wants: PAGE,
    body: /<h1>405 Method Not Allowed<\/h1>/,
  },
  {
    title: '412',
    target: '/',
    fields: { 'If-Match': '"x"' },
    status: 412,
    wants: PAGE,
    body: /<h1>412 Precondition Failed<\/h1>/,
  },
  {
    title: '414',
    target: `/${'x'.repeat(8200)}`,
    status: 414,
    wants: PAGE,
    body: /<h1>414 URI Too Long<\/h1>/,
  },
  {
    title: '416',
    target: '/',
    fields: { Range: 'bytes=99-' },
    status: 416,
    wants: { 'content-type': HTML, 'content-range': 'bytes */4' },
    body: /<h1>416 Range Not Satisfiable<\/h1>/,
  },
  {
    title: 'nothing of the request is in the page',
    target: '/%3Cscript%3Ealert(1)%3C/script%3E?<x>',
    status: 404,
    body: /^(?![\s\S]*(?:script|alert))/,
  },
  {
    title: 'nor of the server',
    target: '/none',
    status: 404,
    body: /^(?![\s\S]*(?:zcserve|tmp|node))/,
  },
];

onEveryCarrierAndProxy(t, async (t, serve, carrier) => {
  await checkCases(t, await serve({ root }), claims, OWN_PAGES);
  await checkCases(t, await serve({ root: bare }), claims, BUILT_IN);
  await checkCases(t, await serve({ root, errorPages: false }), claims, [
    {
      title: 'errorPages off: the built-in page',
      target: '/none',
      status: 404,
      body: /<h1>404 Not Found<\/h1>/,
    },
  ]);

  const strict = await serve({ root, securityHeaders: true });
  const malformed = {
    'two Hosts': 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
    // What uWebSockets.js refuses gets its own page.
    ...(carrier.transport === 'uws' ? {} : { 'no field name': 'GET / HTTP/1.1\r\n: a\r\n\r\n' }),
  };
  for (const [title, bytes] of Object.entries(carrier.http2 ? {} : malformed)) {
    const connection = await connect(strict.address);
    await connection.send(bytes);
    const refusal = await connection.read();
    connection.close();
    t.equal(refusal.status, 400, title);
    t.equal(refusal.field('x-content-type-options'), 'nosniff', `${title}: the site's own fields`);
  }

  const work = makeTree(t, { 'index.html': 'home' });
  const { address } = await serve({ root: work, revalidate: 0 });
  t.match((await request(address, '/none')).body.toString(), /<h1>404/, 'no page yet');
  writeFileSync(join(work, '404.html'), 'now');
  t.equal((await request(address, '/none')).body.toString(), 'now', 'a page that comes is used');
  writeFileSync(join(work, '404.html'), 'then');
  t.equal((await request(address, '/none')).body.toString(), 'then', 'and its next version');

  // Root may read everything.
  if (process.getuid?.() === 0) return;
  writeFileSync(join(work, 'private.txt'), 'secret');
  chmodSync(join(work, 'private.txt'), 0);
  t.equal((await request(address, '/private.txt')).status, 403, 'no permission to read it');
});

claims.settle(t);
