// Files that grow, followed on every carrier: every byte once and in order, whoever writes and however the answer ends.
// RFC 8673, RFC 10036, WHATWG HTML §9.2.
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import bcryptjs from 'bcryptjs';
import t, { type Test } from 'tap';
import type { OptionsInput } from '../../src/options/options.ts';
import { until } from '../faults/process.ts';
import { request } from '../support/client.ts';
import { readEvents } from '../support/event-stream.ts';
import { type Following, follow } from '../support/follow.ts';
import { startServer } from '../support/server.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { type Carrier, type Origin, onEveryCarrier, type Serve } from './carriers.ts';

const LARGE = '9007199254740991';
const EVENTS = { accept: 'text/event-stream' };

/** A log of its own, and a server that offers it live. */
async function serveLog(t: Test, serve: Serve, text = 'one\ntwo\n', options: OptionsInput = {}) {
  const root = makeTree(t, { 'a.log': text });
  const log = join(root, 'a.log');
  // Looks are as often as that: what is moved away ends soon after.
  const origin = await serve({ root, live: ['*.log'], revalidate: 100, ...options });
  return { root, log, origin, address: origin.address };
}

/** Nobody follows any more. */
async function untilLeft(origin: Origin): Promise<void> {
  await until(async () => (await origin.stats()).transfers === 0);
}

const hasEvent = (text: string, data: string) =>
  readEvents(text).some((event) => event.data === data);

onEveryCarrier(t, async (t, serve, carrier) => {
  await t.test('all of it, and then what comes', (t) => grows(t, serve));
  await t.test('what a range without an end is', (t) => ranges(t, serve));
  // uWebSockets.js sends no head before the first byte of the body.
  const skip = carrier.transport === 'uws';
  await t.test('only what is new', { skip }, (t) => fresh(t, serve));
  await t.test('a line is an event', (t) => events(t, serve));
  await t.test('where events go on', (t) => resumes(t, serve));
  await t.test('every byte of a writer of odd sizes', (t) => oddSizes(t, serve));
  await t.test('moved away, and written anew', (t) => rotates(t, serve));
  await t.test('copied and truncated', (t) => truncates(t, serve));
  await t.test('deleted', (t) => deletes(t, serve));
  await t.test('whoever takes it slowly', (t) => slowly(t, serve));
  await t.test('the server closes', (t) => closes(t, serve));
  await t.test('a hundred of one file', (t) => many(t, serve));
  await t.test('it ends some time after the file has come to rest', (t) => rests(t, serve));
  await t.test('who may not have the file', (t) => guards(t, serve));
  await t.test('other answers are as ever', (t) => others(t, serve, carrier));
  await t.test('curl', { skip: carrier.http2 === true }, (t) => curls(t, serve, carrier));
});

async function grows(t: Test, serve: Serve): Promise<void> {
  const { address, log, origin } = await serveLog(t, serve);
  const all = await follow(t, address, '/a.log?live');
  const some = await follow(t, address, '/a.log?live=4');
  const last = await follow(t, address, '/a.log?live=-2');
  const range = await follow(t, address, '/a.log', { range: `bytes=4-${LARGE}` });
  const each = [all, some, last, range];
  t.same(
    each.map(({ status }) => status),
    [200, 200, 200, 206],
  );
  t.equal(range.field('content-range'), `bytes 4-${LARGE}/*`);
  for (const one of each) {
    t.match(one.field('content-type'), 'text/plain');
    t.equal(one.field('incremental'), '?1');
    t.equal(one.field('cache-control'), 'no-store, no-transform');
    for (const name of ['content-length', 'etag', 'last-modified', 'content-encoding']) {
      t.equal(one.field(name), undefined, name);
    }
  }
  for (const piece of ['three\n', 'fo', 'ur\n']) {
    appendFileSync(log, piece);
    await all.until((text) => text.endsWith(piece));
  }
  await Promise.all(each.map((one) => one.until((text) => text.endsWith('four\n'))));
  t.same(
    each.map(({ text }) => text),
    ['one\ntwo\nthree\nfour\n', 'two\nthree\nfour\n', 'o\nthree\nfour\n', 'two\nthree\nfour\n'],
  );
  for (const one of each) one.close();
  await untilLeft(origin);
}

async function fresh(t: Test, serve: Serve): Promise<void> {
  const { address, log } = await serveLog(t, serve);
  const last = await follow(t, address, '/a.log?live=-0');
  // RFC 8673 §3.1
  const next = await follow(t, address, '/a.log', { range: `bytes=8-${LARGE}` });
  t.same(
    [last, next].map(({ status }) => status),
    [200, 206],
  );
  appendFileSync(log, 'three\n');
  for (const one of [last, next]) await one.until((text) => text === 'three\n');
}

async function ranges(t: Test, serve: Serve): Promise<void> {
  const { address, log } = await serveLog(t, serve);
  const ask = (range: string, method = 'GET', fields = {}) =>
    request(address, '/a.log', { method, fields: { range, ...fields } });
  // RFC 8673 §2.1
  for (const method of ['HEAD', 'GET']) {
    const open = await ask('bytes=0-', method);
    t.equal(open.status, 206, method);
    t.equal(open.field('content-range'), 'bytes 0-7/*');
    t.equal(open.body.toString(), method === 'GET' ? 'one\ntwo\n' : '');
  }
  const closed = await ask('bytes=0-99');
  t.equal(closed.field('content-range'), 'bytes 0-7/8');
  const head = await ask(`bytes=0-${LARGE}`, 'HEAD');
  t.equal(head.status, 206);
  t.equal(head.field('content-range'), `bytes 0-${LARGE}/*`);
  appendFileSync(log, 'three\n');
  await until(async () => (await ask('bytes=0-')).body.length === 14);
  const beyond = await ask(`bytes=15-${LARGE}`);
  t.equal(beyond.status, 416);
  t.equal(beyond.field('content-range'), 'bytes */14');
  t.equal((await request(address, '/a.log?live=15')).status, 416);
  t.equal((await request(address, '/a.log?live=x')).status, 400);
  const etag = (await request(address, '/a.log')).field('etag') ?? '';
  const current = await follow(t, address, '/a.log', {
    ...{ range: `bytes=8-${LARGE}`, 'if-range': etag },
  });
  t.equal(current.status, 206);
  const other = await ask(`bytes=8-${LARGE}`, 'GET', { 'if-range': '"other"' });
  t.equal(other.status, 200, 'another version is sent whole, and ends');
  t.equal(other.body.toString(), 'one\ntwo\nthree\n');
  t.equal((await ask(`bytes=0-${LARGE}`, 'GET', { 'if-match': '"other"' })).status, 412);
}

async function events(t: Test, serve: Serve): Promise<void> {
  const { address, log } = await serveLog(t, serve, 'one\r\n\ntw');
  const got = await follow(t, address, '/a.log?live', EVENTS);
  t.equal(got.status, 200);
  t.equal(got.field('content-type'), 'text/event-stream');
  t.match(got.field('vary'), 'Accept');
  await got.until((text) => readEvents(text).length === 2);
  for (const piece of ['o\n', Buffer.from([0xff, 0xc3, 10]), '10 %\r20 %\r\n', 'half']) {
    appendFileSync(log, piece);
  }
  await got.until((text) => hasEvent(text, '10 %\n20 %'));
  t.match(got.text, /^retry: \d+\n\n/);
  const event = (id: number, data: string) => ({ event: 'message', id: String(id), data });
  t.same(readEvents(got.text), [
    ...[event(5, 'one'), event(6, ''), event(10, 'two'), event(13, '\xff\xc3')],
    event(24, '10 %\n20 %'),
  ]);
  const head = await request(address, '/a.log?live', { method: 'HEAD', fields: EVENTS });
  t.equal(head.field('content-type'), 'text/event-stream');
  const whole = await follow(t, address, '/a.log?live=-7', EVENTS);
  await whole.until((text) => readEvents(text).length > 0);
  t.same(readEvents(whole.text), [event(24, '10 %\n20 %')], 'it begins where a line does');
}

async function resumes(t: Test, serve: Serve): Promise<void> {
  const { address, log } = await serveLog(t, serve, 'one\ntwo\nthree\n');
  const from = (id: string) =>
    follow(t, address, '/a.log?live=-0', { ...EVENTS, 'last-event-id': id });
  const known = await from('4');
  const atEnd = await from('14');
  await known.until((text) => hasEvent(text, 'three'));
  appendFileSync(log, 'four\n');
  await atEnd.until((text) => hasEvent(text, 'four'));
  t.same(
    [known, atEnd].map(({ text }) => readEvents(text)[0]?.data),
    ['two', 'four'],
  );
  for (const id of ['5', '99']) {
    const reset = await from(id);
    await reset.until((text) => hasEvent(text, 'four'));
    const [first, ...rest] = readEvents(reset.text);
    t.equal(first?.event, 'reset', 'it was an event of another file');
    t.same(
      rest.map(({ data }) => data),
      ['one', 'two', 'three', 'four'],
    );
  }
}

async function oddSizes(t: Test, serve: Serve): Promise<void> {
  const { address, log } = await serveLog(t, serve, 'begin\n');
  const bytes = pattern(700_001);
  const got = await follow(t, address, '/a.log?live');
  const lines = await follow(t, address, '/a.log?live', EVENTS);
  for (let at = 0, step = 1; at < bytes.length; at += step, step = (step * 7 + 3) % 65_537) {
    appendFileSync(log, bytes.subarray(at, at + step));
    // The server has its turns, sometimes.
    if (step % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  appendFileSync(log, '\nend\n');
  await got.until((text) => text.endsWith('\nend\n'));
  t.ok(Buffer.from(got.text, 'latin1').equals(readFileSync(log)));
  await lines.until((text) => text.endsWith('data:end\n\n'));
  const expected = readFileSync(log, 'latin1').slice(0, -1).split('\n');
  const read = readEvents(lines.text).map(({ data }) => data);
  t.equal(read.length, expected.length);
  t.equal(
    read.findIndex((line, i) => line !== expected[i]?.replace(/\r$/, '').replace(/\r\n?/g, '\n')),
    -1,
  );
}

async function rotates(t: Test, serve: Serve): Promise<void> {
  const { address, log } = await serveLog(t, serve);
  const bytes = await follow(t, address, '/a.log?live');
  const lines = await follow(t, address, '/a.log?live', EVENTS);
  renameSync(log, `${log}.1`);
  writeFileSync(log, 'new\n');
  // Its writer has not heard of it yet.
  appendFileSync(`${log}.1`, 'late\nlast');
  t.equal(await bytes.ended, 'whole');
  t.equal(bytes.text, 'one\ntwo\nlate\nlast');
  t.equal(await lines.ended, 'whole');
  t.same(
    readEvents(lines.text).map(({ event, data }) => `${event} ${data}`),
    ['message one', 'message two', 'message late', 'message last', 'end replaced'],
  );
  const id = readEvents(lines.text).at(-1)?.id ?? '';
  const again = await follow(t, address, '/a.log?live', { ...EVENTS, 'last-event-id': id });
  await again.until((text) => hasEvent(text, 'new'));
  t.equal(readEvents(again.text)[0]?.data, 'new', 'all of the new one, and nobody has to ask why');
}

async function truncates(t: Test, serve: Serve): Promise<void> {
  for (const then of ['', 'x', 'written anew and longer than before\n'.repeat(20)]) {
    const { address, log } = await serveLog(t, serve, 'one\ntwo\n'.repeat(20));
    const bytes = await follow(t, address, '/a.log?live');
    const lines = await follow(t, address, '/a.log?live', EVENTS);
    await bytes.until((text) => text.length === 160);
    // What was looked at is looked at again.
    appendFileSync(log, 'three\n');
    await lines.until((text) => hasEvent(text, 'three'));
    await bytes.until((text) => text.endsWith('three\n'));
    copyFileSync(log, `${log}.1`);
    truncateSync(log);
    appendFileSync(log, then);
    t.equal(await bytes.ended, 'cut', `then ${then.length} bytes`);
    t.equal(bytes.text, `${'one\ntwo\n'.repeat(20)}three\n`, 'and nothing of what came then');
    t.equal(await lines.ended, 'whole');
    const last = readEvents(lines.text).slice(-2);
    t.same(
      last.map(({ event, data, id }) => `${event} ${data} ${id}`),
      ['message three 166', 'end truncated 0'],
    );
  }
}

async function deletes(t: Test, serve: Serve): Promise<void> {
  const { address, log } = await serveLog(t, serve);
  const bytes = await follow(t, address, '/a.log?live');
  const lines = await follow(t, address, '/a.log?live', EVENTS);
  rmSync(log);
  t.equal(await bytes.ended, 'whole');
  t.equal(bytes.text, 'one\ntwo\n');
  t.equal(await lines.ended, 'whole');
  t.same(readEvents(lines.text).at(-1), { event: 'end', id: '0', data: 'deleted' });
  t.equal((await request(address, '/a.log?live')).status, 404);
}

async function slowly(t: Test, serve: Serve): Promise<void> {
  const { address, log } = await serveLog(t, serve, 'x');
  const slow = await follow(t, address, '/a.log?live');
  const quick = await follow(t, address, '/a.log?live');
  slow.pause();
  const more = pattern(8 * 2 ** 20);
  for (let at = 0; at < more.length; at += 2 ** 20) {
    appendFileSync(log, more.subarray(at, at + 2 ** 20));
    await quick.until((text) => text.length === 1 + at + 2 ** 20);
  }
  const bytes = readFileSync(log);
  t.ok(slow.text.length < bytes.length);
  slow.resume();
  await slow.until((text) => text.length === bytes.length);
  for (const { text } of [slow, quick]) t.ok(Buffer.from(text, 'latin1').equals(bytes));
}

async function closes(t: Test, serve: Serve): Promise<void> {
  const { address, log, origin } = await serveLog(t, serve, 'one\ntwo\n', { grace: 60_000 });
  const bytes = await follow(t, address, '/a.log?live');
  const range = await follow(t, address, '/a.log', { range: `bytes=0-${LARGE}` });
  const lines = await follow(t, address, '/a.log?live', EVENTS);
  appendFileSync(log, 'three\n');
  await Promise.all([bytes, range].map((one) => one.until((text) => text.endsWith('three\n'))));
  await lines.until((text) => hasEvent(text, 'three'));
  // Not by the end of the grace: that would be a minute.
  const closed = origin.close();
  for (const one of [bytes, range, lines]) t.equal(await one.ended, 'whole');
  t.same(readEvents(lines.text).at(-1), { event: 'end', id: '14', data: 'closed' });
  await closed;
}

async function many(t: Test, serve: Serve): Promise<void> {
  const { address, log, origin } = await serveLog(t, serve);
  const all: Following[] = [];
  for (let i = 0; i < 100; i++) {
    all.push(await follow(t, address, '/a.log?live', i % 2 === 0 ? {} : EVENTS));
  }
  for (const word of ['three', 'four', 'five']) {
    appendFileSync(log, `${word}\n`);
    await Promise.all(all.map((one) => one.until((text) => text.includes(`${word}\n`))));
  }
  const expected = 'one\ntwo\nthree\nfour\nfive\n';
  for (const [i, { text }] of all.entries()) {
    const read = i % 2 === 0 ? text : readEvents(text).map(({ data }) => `${data}\n`);
    if ([read].flat().join('') !== expected) t.fail(`${i}: ${text}`);
  }
  for (const one of all) one.close();
  await untilLeft(origin);
}

async function rests(t: Test, serve: Serve): Promise<void> {
  const { address } = await serveLog(t, serve, 'one\ntwo', { liveTimeout: 100 });
  const bytes = await follow(t, address, '/a.log?live');
  const lines = await follow(t, address, '/a.log?live', EVENTS);
  t.equal(await bytes.ended, 'whole');
  t.equal(bytes.text, 'one\ntwo');
  t.equal(await lines.ended, 'whole');
  t.same(
    readEvents(lines.text).map(({ event, id, data }) => `${event} ${id} ${data}`),
    ['message 4 one', 'end 4 timeout'],
    'a line that has not ended is for the next answer',
  );
}

async function guards(t: Test, serve: Serve): Promise<void> {
  const root = makeTree(t, {
    '.hidden.log': 'hidden',
    'private/a.log': 'secret\n',
    'b.txt': 'not offered',
    'c.log': 'one\n',
    'c.log.br': brotliCompressSync('one\n'),
    'moved.log': 'two\n',
    'out.log': { link: '/etc/passwd' },
  });
  const users = join(makeTree(t, { users: `ann:${bcryptjs.hashSync('secret', 4)}` }), 'users');
  const { address } = await serve({
    root,
    live: ['*.log'],
    auth: { '/private': users },
    rewrites: [{ from: '/log', to: '/moved.log' }],
    headers: { '**': { 'X-Rule': 'yes' } },
    cors: ['https://a.example'],
  });
  const range = `bytes=0-${LARGE}`;
  for (const [target, status] of [
    ['/.hidden.log', 404],
    ['/out.log', 403],
    ['/private/a.log', 401],
    ['/none.log', 404],
  ] as const) {
    t.equal((await request(address, `${target}?live`)).status, status, target);
    const asRange = await request(address, target, { fields: { range } });
    t.equal(asRange.status, status, target);
  }
  const plain = await request(address, '/b.txt?live', { fields: EVENTS });
  t.equal(plain.body.toString(), 'not offered', 'a query of what is not offered means nothing');
  const part = await request(address, '/b.txt', { fields: { range } });
  t.equal(part.field('content-range'), 'bytes 0-10/11');
  const authorization = `Basic ${Buffer.from('ann:secret').toString('base64')}`;
  const known = await follow(t, address, '/private/a.log?live', { authorization });
  await known.until((text) => text === 'secret\n');
  const encoded = await follow(t, address, '/c.log?live', { 'accept-encoding': 'br' });
  t.equal(encoded.field('content-encoding'), undefined);
  t.equal(encoded.field('x-rule'), 'yes', 'the rules are those of the file');
  await encoded.until((text) => text === 'one\n');
  const moved = await follow(t, address, '/log?live', { origin: 'https://a.example' });
  t.equal(moved.field('access-control-allow-origin'), 'https://a.example');
  await moved.until((text) => text === 'two\n');
}

async function others(t: Test, serve: Serve, { transport }: Carrier): Promise<void> {
  const { address, log, origin } = await serveLog(t, serve, pattern(1000).toString('latin1'));
  const bytes = readFileSync(log);
  const ask = async (fields = {}) => (await request(address, '/a.log', { fields })).body;
  const isHot = async () => (await origin.stats()).hot > 0;
  if (transport === 'native') {
    await until(async () => {
      await ask();
      return isHot();
    });
  }
  for (let i = 0; i < 4; i++) t.ok((await ask()).equals(bytes));
  for (let i = 0; i < 4; i++) {
    t.ok((await ask({ range: 'bytes=10-19' })).equals(bytes.subarray(10, 20)));
    const open = await request(address, '/a.log', { fields: { range: 'bytes=10-' } });
    t.equal(open.field('content-range'), `bytes 10-${bytes.length - 1}/*`);
    const live = await follow(t, address, '/a.log?live');
    t.equal(live.field('incremental'), '?1', 'an answer that is repeated is not for it');
    live.close();
  }
  const live = await follow(t, address, '/a.log?live');
  appendFileSync(log, 'more');
  await live.until((text) => text.endsWith('more'));
  await until(async () => (await ask()).equals(readFileSync(log)));
}

async function curls(t: Test, serve: Serve, { tls }: Carrier): Promise<void> {
  const { address, log } = await serveLog(t, serve);
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${address.port}/a.log?live`;
  const curl = spawn('curl', ['--silent', '--insecure', '--no-buffer', '--http1.1', url]);
  t.teardown(() => curl.kill());
  let text = '';
  curl.stdout.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
  });
  const ended = new Promise((resolve) => curl.once('close', resolve));
  await until(() => text === 'one\ntwo\n');
  appendFileSync(log, 'three\n');
  await until(() => text.endsWith('three\n'));
  rmSync(log);
  t.equal(await ended, 0, 'it has all of it');
  t.equal(text, 'one\ntwo\nthree\n');
}

t.test('events go on through a reload', async (t) => {
  const root = makeTree(t, { 'a.log': 'one\n' });
  const options = { root, live: ['*.log'] };
  const server = await startServer(t, { ...options, grace: 60_000 });
  const address = { port: server.port };
  const before = await follow(t, address, '/a.log?live', EVENTS);
  await before.until((text) => hasEvent(text, 'one'));
  await server.reload({ ...options, port: server.port, logLevel: 'silent', listing: true });
  t.equal(await before.ended, 'whole', 'it is not what keeps the old options');
  const { id = '' } = readEvents(before.text).at(-1) ?? {};
  const after = await follow(t, address, '/a.log?live', { ...EVENTS, 'last-event-id': id });
  appendFileSync(join(root, 'a.log'), 'two\n');
  await after.until((text) => hasEvent(text, 'two'));
  t.equal(readEvents(after.text)[0]?.data, 'two');
});
