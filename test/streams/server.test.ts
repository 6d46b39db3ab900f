// Streams in the life of a server: what the process does with them itself, reloads, another process that has them.
import t, { type Test } from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { zcserve } from '../../src/index.ts';
import { resolveOptions } from '../../src/options/options.ts';
import type { StreamChunk } from '../../src/streams/process-streams.ts';
import { until } from '../faults/process.ts';
import { startHost } from '../http/host.ts';
import { request } from '../support/client.ts';
import { startServer } from '../support/server.ts';
import { makeTree } from '../support/tree.ts';

const offset = (position: number) => `${'0'.repeat(16)}_${String(position).padStart(16, '0')}`;

async function start(t: Test, options = {}) {
  const root = makeTree(t, { 'a.txt': 'a file' });
  const server = await startServer(t, { root, streams: '/logs', ...options });
  return { server, root, url: `${server.url}/logs` };
}

async function collect(chunks: AsyncIterable<StreamChunk>): Promise<Array<[string, string]>> {
  const all: Array<[string, string]> = [];
  for await (const { bytes, offset } of chunks) all.push([Buffer.from(bytes).toString(), offset]);
  return all;
}

t.test('the process appends, and follows', async (t) => {
  const { server, url } = await start(t);
  const { streams } = server;
  const first = await streams.append('a/b', 'one ', { contentType: 'text/plain' });
  t.same(first, { offset: offset(4), closed: false, duplicate: false });
  t.equal(await (await fetch(`${url}/a/b`)).text(), 'one ');
  const following = collect(streams.tail('a/b'));
  const late = collect(streams.tail('a/b', 'now'));
  const from = collect(streams.tail('a/b', offset(2)));
  await fetch(`${url}/a/b`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: 'two',
  });
  await streams.append('a/b', Buffer.from('!'), { close: true });
  const texts = async (chunks: Promise<Array<[string, string]>>) =>
    (await chunks).map(([text]) => text).join('');
  t.equal(await texts(following), 'one two!');
  t.equal(await texts(late), 'two!');
  t.equal(await texts(from), 'e two!');
  t.equal((await following).at(-1)?.[1], offset(8));
  t.match(server.stats().streams, { streams: 1, appends: 3 });
});

t.test('messages of JSON are arrays to whoever follows', async (t) => {
  const { server } = await start(t);
  const { streams } = server;
  await streams.append('j', '{"a": 1}', { contentType: 'application/json' });
  await streams.append('j', '[2, 3]', { close: true });
  t.same(await collect(streams.tail('j')), [['[{"a":1},\n2,\n3]', offset(15)]]);
  t.same(await collect(streams.tail('j', offset(9))), [['[2,\n3]', offset(15)]]);
});

t.test('what cannot be done is said', async (t) => {
  const { server } = await start(t);
  const { streams } = server;
  const producer = { id: 'p', epoch: 0, seq: 0 };
  await streams.append('a', 'x', { contentType: 'text/plain', producer, seq: 'b' });
  t.match(await streams.append('a', 'x', { producer }), { duplicate: true, offset: offset(1) });
  const fails = (run: Promise<unknown>, code: string) =>
    t.rejects(run, { name: 'StreamError', code }, code);
  await fails(streams.append('a', 'x', { contentType: 'text/html' }), 'other-type');
  await fails(streams.append('b', 'x', { contentType: 'text' }), 'invalid');
  await fails(streams.append('c', '[', { contentType: 'application/json' }), 'invalid');
  await fails(streams.append('a', 'x', { seq: 'a' }), 'seq-regressed');
  await fails(streams.append('a', 'x', { producer: { ...producer, seq: 2 } }), 'seq-gap');
  await fails(collect(streams.tail('none')), 'missing');
  await fails(collect(streams.tail('a', 'x')), 'invalid');
  await fails(collect(streams.tail('a', offset(2))), 'invalid');
  await streams.append('a', '', { close: true });
  t.match(await streams.append('a', '', { close: true }), { closed: true });
  await fails(streams.append('a', 'x'), 'closed');
  const plain = await startServer(t, { root: makeTree(t, {}) });
  await fails(plain.streams.append('a', 'x'), 'none');
  t.equal(plain.stats().streams, undefined);
});

t.test('who follows stops by a signal, or with the server', async (t) => {
  const { server } = await start(t);
  const { streams } = server;
  await streams.append('a', 'x');
  const stop = new AbortController();
  const stopped = collect(streams.tail('a', '-1', { signal: stop.signal }));
  const whole = collect(streams.tail('a'));
  stop.abort();
  t.same(await stopped, []);
  await server.close();
  t.same(await whole, [['x', offset(1)]]);
});

const { addon, ...native } = loadNative();
const noReload = addon === undefined && (native as { readonly reason: string }).reason;

t.test('a reload loses nothing, and ends what waits', { skip: noReload }, async (t) => {
  const { server, root, url } = await start(t);
  const { streams } = server;
  await streams.append('a', 'x', { contentType: 'text/plain' });
  const following = streams.tail('a', 'now')[Symbol.asyncIterator]();
  const next = following.next();
  const events = await fetch(`${url}/a?offset=-1&live=sse`);
  const poll = fetch(`${url}/a?offset=now&live=long-poll`);
  await fetch(`${url}/a`);
  await server.reload({ root, port: 0, logLevel: 'silent', streams: '/logs', sseTimeout: '2m' });
  t.equal((await poll).status, 204);
  t.match(await events.text(), /^event: data\ndata:x\n\nevent: control\ndata:\{.*\}\n\n$/);
  await streams.append('a', 'y');
  t.match((await next).value, { offset: offset(2) }, 'the process goes on');
  t.equal(await (await fetch(`${server.url}/logs/a`)).text(), 'xy');
  await server.reload({ root, port: 0, logLevel: 'silent' });
  t.equal((await fetch(`${server.url}/logs/a`)).status, 404, 'none any more');
});

t.test('streams that another process has are waited for', async (t) => {
  const root = makeTree(t, {});
  const host = startHost(t, { addon: true });
  const other = await host.start({ root, streams: '/logs' });
  const created = await fetch(`http://127.0.0.1:${other.port}/logs/a`, {
    method: 'PUT',
    body: 'theirs',
  });
  t.equal(created.status, 201);
  const server = await startServer(t, { root, streams: '/logs' });
  const refused = await fetch(`${server.url}/logs/a`);
  t.equal(refused.status, 503);
  t.equal(refused.headers.get('retry-after'), '1');
  await other.close();
  await until(async () => (await fetch(`${server.url}/logs/a`)).status === 200);
  t.equal(await (await fetch(`${server.url}/logs/a`)).text(), 'theirs');
});

t.test('what keeps streams is in no archive, and no page of a host', async (t) => {
  const { server, root, url } = await start(t, {
    listing: true,
    archive: 'all',
    hosts: { 'a.example': { root: makeTree(t, { 'logs/a': 'a file' }) } },
  });
  await server.streams.append('a', 'secret bytes', { contentType: 'text/plain' });
  t.equal(await (await fetch(`${url}/a`)).text(), 'secret bytes');
  const archive = Buffer.from(await (await fetch(`${server.url}/?archive=tar`)).arrayBuffer());
  t.ok(archive.includes('a.txt'), root);
  t.notOk(archive.includes('secret bytes'));
  const address = { port: server.port };
  const other = await request(address, '/logs/a', { fields: { host: 'a.example' } });
  t.equal(String(other.body), 'a file');
  const write = { method: 'PUT', fields: { host: 'a.example' } };
  t.equal((await request(address, '/logs/b', write)).status, 405);
});

t.test('an answer of events ends, and its client comes again', async (t) => {
  const { server, url } = await start(t, { sseTimeout: 50 });
  await server.streams.append('a', 'x', { contentType: 'text/plain' });
  const events = await (await fetch(`${url}/a?offset=now&live=sse`)).text();
  t.match(
    events,
    /^event: control\ndata:\{"streamNextOffset":"0+_0+1","streamCursor":"\d+","upToDate":true\}\n\n$/,
  );
});

t.test('what there is no space for is not appended', async (t) => {
  const { server, url } = await start(t, { streamsQuota: 100 });
  const post = (body: string) =>
    fetch(`${url}/a`, { method: 'POST', headers: { 'content-type': 'text/plain' }, body });
  await server.streams.append('a', 'x', { contentType: 'text/plain' });
  t.equal((await post('y'.repeat(200))).status, 507);
  t.equal((await post('y')).status, 204);
  const { url: full } = await start(t, { streamsMinFree: 2 ** 50 });
  t.equal((await fetch(`${full}/a`, { method: 'PUT', body: 'x' })).status, 507);
});

t.test('options of streams need streams, which need a server', async (t) => {
  t.throws(
    () => resolveOptions({ durability: 'sync' }),
    /option durability needs option streams too/,
  );
  t.throws(() => resolveOptions({ streams: '/' }), /option streams: "\/" is not allowed/);
  t.equal(resolveOptions({ streams: '/a//b/' }).streams, '/a/b');
  for (const options of [{ streams: '/logs' }, { writeTokenFile: 'x' }, { admin: 0 }]) {
    t.throws(
      () => zcserve('.', options as object),
      /is a server's of its own/,
      JSON.stringify(options),
    );
  }
  const hosts = { 'a.example': { root: '.', streams: '/logs' } };
  t.throws(() => resolveOptions({ hosts }), /streams: is the server's, for all hosts/);
});
