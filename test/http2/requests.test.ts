// RFC 9113 by section, in raw frames: what each demands, and how it ends where a client breaks it.
import t from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import {
  ACK,
  block,
  connectFrames,
  END_HEADERS,
  END_STREAM,
  frame,
  GET,
  get,
  type Line,
  number,
  PREFACE,
  priorityUpdate,
  settings,
  windowUpdate,
} from '../support/frames.ts';
import { startServer } from '../support/server.ts';
import { makeTree } from '../support/tree.ts';

const root = makeTree(t, { 'a.txt': 'aaaa', 'large.bin': { size: 2 ** 20 } });
const ping = frame('PING', 0, 0, '12345678');

/** Events in order; "open" is the answer to a PING behind all, "closed" that the server has closed. */
type Row = readonly [title: string, frames: readonly Buffer[], ...events: string[]];

const headers = (stream: number, lines: readonly Line[], flags = END_HEADERS | END_STREAM) =>
  frame('HEADERS', flags, stream, block(lines));
/** A request whose lines are these, in place of GET's own where they have the same name. */
const request = (...lines: readonly Line[]) => headers(1, lines);
const path: Line = [':path', '/a.txt'];
const good = [...GET, path];
const without = (name: string) => good.filter(([each]) => each !== name);
const post = (lines: readonly Line[] = []) =>
  headers(1, [[':method', 'POST'], ...without(':method'), ...lines], END_HEADERS);

/** The numbers of as many streams. */
const to = (count: number) => Array.from({ length: count }, (_, i) => 2 * i + 1);

const reset = ['1: PROTOCOL_ERROR', 'open'] as const;
const refused = ['1: 400', 'open'] as const;
const over = (error: string) => [error, 'closed'] as const;

const CONNECTION: readonly Row[] = [
  ['§4.1 a type that nobody knows', [frame(0x42, 0xff, 1, 'any')], 'open'],
  [
    '§4.3 a block that is no HPACK',
    [frame('HEADERS', 5, 1, Buffer.of(0x80))],
    ...over('COMPRESSION_ERROR'),
  ],
  ['§5.1 DATA of an idle stream', [frame('DATA', END_STREAM, 1)], ...over('PROTOCOL_ERROR')],
  ['§5.1 WINDOW_UPDATE of an idle stream', [windowUpdate(3, 1)], ...over('PROTOCOL_ERROR')],
  [
    '§5.1 RST_STREAM of an idle stream',
    [frame('RST_STREAM', 0, 3, number(8))],
    ...over('PROTOCOL_ERROR'),
  ],
  ['§5.1 PRIORITY of an idle stream', [frame('PRIORITY', 0, 3, Buffer.alloc(5))], 'open'],
  ['§5.1 HEADERS behind the end', [get(1, '/a.txt'), get(1, '/a.txt')], ...over('STREAM_CLOSED')],
  [
    '§5.1 DATA behind the end',
    [get(1, '/a.txt'), frame('DATA', 0, 1, 'x')],
    ...over('STREAM_CLOSED'),
  ],
  ['§5.1.1 an even number', [get(2, '/a.txt')], ...over('PROTOCOL_ERROR')],
  ['§5.1.1 a lower number', [get(5, '/a.txt'), get(3, '/a.txt')], ...over('PROTOCOL_ERROR')],
  [
    '§5.4.1 a stream of its own in GOAWAY',
    [frame('PING', 0, 1, '12345678')],
    ...over('PROTOCOL_ERROR'),
  ],
  [
    '§6.2 anything between HEADERS and CONTINUATION',
    [headers(1, good, END_STREAM), ping],
    ...over('PROTOCOL_ERROR'),
  ],
  [
    '§6.10 CONTINUATION of another stream',
    [headers(1, good, END_STREAM), frame('CONTINUATION', END_HEADERS, 3)],
    ...over('PROTOCOL_ERROR'),
  ],
  [
    '§6.10 CONTINUATION without HEADERS',
    [frame('CONTINUATION', END_HEADERS, 1)],
    ...over('PROTOCOL_ERROR'),
  ],
  [
    '§6.10 a block in three pieces',
    [
      frame('HEADERS', END_STREAM, 1, block(good).subarray(0, 5)),
      frame('CONTINUATION', 0, 1),
      frame('CONTINUATION', END_HEADERS, 1, block(good).subarray(5)),
    ],
    ...['1: 200', 'open'],
  ],
  ['§6.5.3 settings are acknowledged', [settings([3, 5])], 'open'],
  ['§6.7 a PING that answers is not answered', [frame('PING', ACK, 0, '12345678')], 'open'],
  [
    '§6.9.1 a window beyond its largest',
    [windowUpdate(0, 2 ** 31 - 1)],
    ...over('FLOW_CONTROL_ERROR'),
  ],
  [
    '§6.9.1 the same of a stream',
    [settings([4, 0]), get(1, '/a.txt'), windowUpdate(1, 2 ** 31 - 1), windowUpdate(1, 1)],
    ...['1: FLOW_CONTROL_ERROR', 'open'],
  ],
  [
    '§6.9.2 the same by SETTINGS',
    [get(1, '/large.bin'), windowUpdate(1, 2 ** 31 - 1 - 65535), settings([4, 65536])],
    ...over('FLOW_CONTROL_ERROR'),
  ],
  ['RFC 9218 §7.1 the priority of a stream to come', [priorityUpdate(1, 'u=1')], 'open'],
  ['RFC 9218 §7.1 of a pushed one', [priorityUpdate(2, 'u=1')], ...over('PROTOCOL_ERROR')],
  [
    'RFC 9218 §7.1 of as many as may be open, twice',
    [...to(100), ...to(100)].map((n) => priorityUpdate(n, 'u=1')),
    'open',
  ],
  [
    'RFC 9218 §7.1 of one more',
    to(101).map((n) => priorityUpdate(n, 'u=1')),
    ...over('PROTOCOL_ERROR'),
  ],
  [
    'RFC 9218 §7.1 of those that were left out, and one more',
    [...to(100).map((n) => priorityUpdate(n, 'u=1')), get(201, '/a.txt'), priorityUpdate(203, '')],
    ...['201: 200', 'open'],
  ],
  [
    '§8.4 a client that pushes',
    [frame('PUSH_PROMISE', 4, 1, number(2))],
    ...over('PROTOCOL_ERROR'),
  ],
];

const REQUESTS: readonly Row[] = [
  ['§8.1 a request', [get(1, '/a.txt')], '1: 200', 'open'],
  [
    '§8.1 padding and priority',
    [
      frame(
        'HEADERS',
        0x2d,
        1,
        Buffer.concat([Buffer.of(3), Buffer.alloc(5), block(good), Buffer.alloc(3)]),
      ),
    ],
    '1: 200',
    'open',
  ],
  [
    '§8.1 a body and trailers',
    [post(), frame('DATA', 0, 1, 'body'), headers(1, [['x-sum', '1']])],
    '1: 405',
    'open',
  ],
  ['§8.1 trailers that do not end', [post(), headers(1, [['x-sum', '1']], END_HEADERS)], ...reset],
  ['§8.1 a pseudo-field among trailers', [post(), headers(1, [path])], ...reset],
  [
    '§8.1.1 more than Content-Length',
    [post([['content-length', '2']]), frame('DATA', END_STREAM, 1, 'body')],
    ...reset,
  ],
  [
    '§8.1.1 less than Content-Length',
    [post([['content-length', '9']]), frame('DATA', END_STREAM, 1, 'body')],
    ...reset,
  ],
  ['§8.1.1 Content-Length and no body', [request(...good, ['content-length', '9'])], ...reset],
  ['§8.1.1 Content-Length in letters', [post([['content-length', 'four']])], ...reset],
  [
    '§8.1.1 two Content-Lengths',
    [
      post([
        ['content-length', '4'],
        ['content-length', '4'],
      ]),
    ],
    ...reset,
  ],
  ['§8.2 a name in upper case', [request(...good, ['X-A', '1'])], ...reset],
  ...(['\r', '\n', '\0', '\x7f', '\x01'] as const).map(
    (byte): Row => [
      `§8.2.1 ${JSON.stringify(byte)} in a value`,
      [request(...good, ['x-a', `1${byte}2`])],
      ...reset,
    ],
  ),
  ...([' ', ':', '\0', '\n', '\xe4', '"'] as const).map(
    (byte): Row => [
      `§8.2.1 ${JSON.stringify(byte)} in a name`,
      [request(...good, [`x${byte}a`, '1'])],
      ...reset,
    ],
  ),
  ...(['', ' '] as const).map(
    (name): Row => [`§8.2.1 the name "${name}"`, [request(...good, [name, '1'])], ...reset],
  ),
  ...([' a', 'a ', '\ta', 'a\t'] as const).map(
    (value): Row => [
      `§8.2.1 the value ${JSON.stringify(value)}`,
      [request(...good, ['x-a', value])],
      ...reset,
    ],
  ),
  ...(
    ['connection', 'proxy-connection', 'keep-alive', 'transfer-encoding', 'upgrade'] as const
  ).map((name): Row => [`§8.2.2 ${name}`, [request(...good, [name, 'close'])], ...reset]),
  ['§8.2.2 te: trailers', [request(...good, ['te', 'trailers'])], '1: 200', 'open'],
  ['§8.2.2 te: gzip', [request(...good, ['te', 'gzip'])], ...reset],
  [
    '§8.2.3 cookies in crumbs',
    [request(...good, ['cookie', 'a=1'], ['cookie', 'b=2'])],
    '1: 200',
    'open',
  ],
  [
    '§8.3 a pseudo-field behind others',
    [request(...without(':path'), ['x-a', '1'], path)],
    ...reset,
  ],
  ['§8.3 one that nobody knows', [request([':protocol', 'websocket'], ...good)], ...reset],
  ['§8.3 one of an answer', [request([':status', '200'], ...good)], ...reset],
  ...good.map(
    ([name, value]): Row => [`§8.3.1 ${name} twice`, [request([name, value], ...good)], ...reset],
  ),
  ...[':method', ':scheme', ':path'].map(
    (name): Row => [`§8.3.1 no ${name}`, [request(...without(name))], ...reset],
  ),
  ['§8.3.1 an empty :path', [request(...without(':path'), [':path', ''])], ...reset],
  ['§8.3.1 no :authority and no Host', [request(...without(':authority'))], ...refused],
  [
    '§8.3.1 Host alone',
    [request(...without(':authority'), ['host', 'localhost'])],
    '1: 200',
    'open',
  ],
  ['§8.3.1 Host the same', [request(...good, ['host', 'LocalHost'])], '1: 200', 'open'],
  ['§8.3.1 Host another', [request(...good, ['host', 'other'])], ...refused],
  [
    '§8.3.1 two Hosts',
    [request(...good, ['host', 'localhost'], ['host', 'localhost'])],
    ...refused,
  ],
  [
    '§8.3.1 user information',
    [request([':authority', 'u@localhost'], ...without(':authority'))],
    ...refused,
  ],
  [
    '§8.3.1 an empty :authority',
    [request([':authority', ''], ...without(':authority'))],
    ...refused,
  ],
  ['§8.3.1 another scheme', [request([':scheme', 'ftp'], ...without(':scheme'))], ...refused],
  [
    '§8.3.1 absolute-form',
    [request(...without(':path'), [':path', 'http://localhost/a.txt'])],
    ...refused,
  ],
  ['§8.3.1 a fragment', [request(...without(':path'), [':path', '/a.txt#b'])], ...refused],
  ['§8.3.1 a space in :path', [request(...without(':path'), [':path', '/a b'])], ...refused],
  ['§8.3.1 * for GET', [request(...without(':path'), [':path', '*'])], ...refused],
  [
    '§8.3.1 * for OPTIONS',
    [request([':method', 'OPTIONS'], [':scheme', 'http'], [':authority', 'a'], [':path', '*'])],
    '1: 204',
    'open',
  ],
  [
    '§8.5 CONNECT',
    [request([':method', 'CONNECT'], [':authority', 'localhost:80'])],
    '1: 405',
    'open',
  ],
  [
    '§8.5 CONNECT with a :path',
    [request([':method', 'CONNECT'], [':authority', 'localhost:80'], path)],
    ...reset,
  ],
  [
    '§10.5.1 a list over its limit',
    [request(...good, ...[1, 2].map((n): Line => [`x-${n}`, 'a'.repeat(8100)]))],
    '1: 431',
    'open',
  ],
  [
    'a target over its limit',
    [request(...without(':path'), [':path', `/${'a'.repeat(8192)}`])],
    '1: 414',
    'open',
  ],
  [
    '101 lines',
    [request(...good, ...Array.from({ length: 101 }, (_, n): Line => [`x-${n}`, '1']))],
    '1: 431',
    'open',
  ],
  [
    'RFC 9110 §13.1.3 If-Modified-Since on two lines is ignored',
    [
      request(
        ...good,
        ...[1, 2].map((): Line => ['if-modified-since', 'Fri, 01 Jan 2100 00:00:00 GMT']),
      ),
    ],
    ...['1: 200', 'open'],
  ],
];

const FIRST: readonly Row[] = [
  ['§3.4 a first frame that is no SETTINGS', [PREFACE, ping], ...over('PROTOCOL_ERROR')],
  ['§3.4 nor an acknowledgement', [PREFACE, frame('SETTINGS', ACK, 0)], ...over('PROTOCOL_ERROR')],
];

const native = loadNative();
t.test('in frames', { skip: native.addon ? false : (native.reason ?? true) }, async (t) => {
  const { port } = await startServer(t, { root, h2c: true });
  for (const [title, frames, ...events] of [...CONNECTION, ...REQUESTS]) {
    const client = await connectFrames(port);
    client.send(...frames);
    const asked = events.at(-1) === 'open' ? events.slice(0, -1) : events;
    const got = await client.events(asked.length);
    if (events.length > asked.length) {
      client.send(ping);
      got.push(...(await client.events(1)));
    }
    t.same(got, events, title);
    client.close();
  }
  for (const [title, frames, ...events] of FIRST) {
    const client = await connectFrames(port, frames);
    t.same(await client.events(events.length), events, title);
    client.close();
  }
});
