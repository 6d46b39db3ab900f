// HTTP/1.1 messages byte by byte on every carrier: RFC 9112, and what is done about clients that break it.
import t, { type Test } from 'tap';
import { until } from '../faults/process.ts';
import { connect, request } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import { type CarrierName, type Origin, onEveryCarrierAndProxy, speaksHttp1 } from './carriers.ts';
import { claimsExcept } from './claims.ts';
import { violations } from './contract.ts';
import { EXCEPTIONS } from './exceptions.ts';

const root = makeTree(t, { 'a.txt': 'aaaa', 'mark.txt': 'marked', 'index.html': 'home' });
const HOST = 'Host: localhost\r\n';
const NEXT = `GET /a.txt HTTP/1.1\r\n${HOST}\r\n`;
const MARK = `GET /mark.txt HTTP/1.1\r\n${HOST}\r\n`;

/**
 * Statuses of the answers in order, then "open" or "closed": is another request on the connection
 * answered? Where the RFC leaves a choice, each outcome that is right.
 */
type Row = readonly [title: string, bytes: string, ...outcomes: string[]];

const get = (lines = '', target = '/a.txt', version = '1.1') =>
  `GET ${target} HTTP/${version}\r\n${lines}\r\n`;

/** Heads that are refused, each with a body where a lenient parser finds one. */
const REFUSED = [
  ['two Content-Lengths', `${HOST}Content-Length: 5\r\nContent-Length: 6\r\n`, 'hello', 400],
  ['two Hosts', `${HOST}Host: other\r\n`, '', 400],
  ['gzip, chunked', `${HOST}Transfer-Encoding: gzip, chunked\r\n`, '0\r\n\r\n', 501],
  ['both framings', `${HOST}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n`, '0\r\n\r\n', 400],
] as const;

const REQUESTS: readonly Row[] = [
  // RFC 9112 §9.3
  ['HTTP/1.1 keeps the connection', get(HOST), '200 open'],
  ['Connection: close', get(`${HOST}Connection: close\r\n`), '200 closed'],
  ['Connection: CLOSE', get(`${HOST}Connection: CLOSE\r\n`), '200 closed'],
  ['Connection: close in a list', get(`${HOST}Connection: foo, close\r\n`), '200 closed'],
  ['Connection: keep-alive', get(`${HOST}Connection: keep-alive\r\n`), '200 open'],
  [
    'Connection: close beats keep-alive',
    get(`${HOST}Connection: keep-alive, close\r\n`),
    '200 closed',
  ],
  ['HTTP/1.0 closes', get('', '/a.txt', '1.0'), '200 closed'],
  ['HTTP/1.0 with keep-alive', get('Connection: keep-alive\r\n', '/a.txt', '1.0'), '200 open'],
  ['HTTP/1.0 with a Host', get(HOST, '/a.txt', '1.0'), '200 closed'],
  // §3.2
  ['no Host', get(), '400 closed'],
  ['two Hosts', get(`${HOST}Host: other\r\n`), '400 closed'],
  ['two equal Hosts', get(HOST + HOST), '400 closed'],
  ['an empty Host', get('Host:\r\n'), '200 open'],
  ['a Host with a port', get('Host: localhost:8080\r\n'), '200 open'],
  ['an IPv6 Host', get('Host: [::1]:8080\r\n'), '200 open'],
  ['a Host with a space', get('Host: a b\r\n'), '400 closed'],
  ['a Host with a slash', get('Host: a/b\r\n'), '400 closed'],
  ['a Host with user information', get('Host: u@a\r\n'), '400 closed'],
  ['a Host with half a bracket', get('Host: [::1\r\n'), '400 closed'],
  ['a Host that is no address', get('Host: [::1::2]\r\n'), '400 closed'],
  ['a Host with a zone', get('Host: [fe80::1%25eth0]\r\n'), '400 closed'],
  ['a Host with a port over 65535', get('Host: h:98777\r\n'), '400 closed'],
  ['a Host with two ports', get('Host: a:80:80\r\n'), '400 closed'],
  ['a Host with a port and no name', get('Host: :80\r\n'), '400 closed'],
  ['a Host with a broken escape', get('Host: %zz\r\n'), '400 closed'],
  ['a Host with an escape', get('Host: %41.example\r\n'), '200 open'],
  ['a Host with a colon and no port', get('Host: a:\r\n'), '200 open'],
  ['OPTIONS *', `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`, '204 open'],
  ['GET *', get(HOST, '*'), '400 closed', '400 open'],
  ['absolute-form', get(HOST, 'http://localhost/a.txt'), '200 open'],
  ['absolute-form with half a bracket', get(HOST, 'http://[::1/a.txt'), '400 closed', '400 open'],
  ['absolute-form with two ports', get(HOST, 'http://a:80:80/a.txt'), '400 closed', '400 open'],
  ['absolute-form with a high port', get(HOST, 'http://h:98777/a.txt'), '400 closed', '400 open'],
  ['absolute-form with a broken escape', get(HOST, 'http://%zz/a.txt'), '400 closed', '400 open'],
  ['absolute-form with user information', get(HOST, 'http://u@a/a.txt'), '400 closed', '400 open'],
  ['absolute-form without a name', get(HOST, 'http:///a.txt'), '400 closed', '400 open'],
  ['authority-form without CONNECT', get(HOST, 'localhost:80'), '400 closed', '400 open'],
  ['a path without its slash', get(HOST, 'a.txt'), '400 closed', '400 open'],
  ['a fragment', get(HOST, '/a.txt#x'), '400 closed', '400 open'],
  ['CONNECT', `CONNECT localhost:80 HTTP/1.1\r\n${HOST}\r\n`, '405 closed'],
  // §2.3, §3
  ['HTTP/1.2 is answered as 1.1', get(HOST, '/a.txt', '1.2'), '200 open'],
  ['HTTP/2.0', get(HOST, '/a.txt', '2.0'), '505 closed'],
  ['HTTP/0.9', 'GET /a.txt\r\n\r\n', '400 closed', '505 closed'],
  ['http/1.1 in lower case', `GET /a.txt http/1.1\r\n${HOST}\r\n`, '400 closed'],
  ['HTTP/1.10', get(HOST, '/a.txt', '1.10'), '400 closed'],
  ['two spaces before the target', `GET  /a.txt HTTP/1.1\r\n${HOST}\r\n`, '400 closed'],
  ['two spaces before the version', `GET /a.txt  HTTP/1.1\r\n${HOST}\r\n`, '400 closed'],
  ['a tab instead of a space', `GET\t/a.txt HTTP/1.1\r\n${HOST}\r\n`, '400 closed'],
  ['a space in the target', get(HOST, '/a b.txt'), '400 closed'],
  ['a NUL in the target', get(HOST, '/a\0.txt'), '400 closed'],
  ['a control byte in the target', get(HOST, '/a\x01.txt'), '400 closed'],
  ['a byte over 127 in the target', get(HOST, '/a\xe9.txt'), '400 closed', '400 open'],
  ['a method with a bad byte', `G(T /a.txt HTTP/1.1\r\n${HOST}\r\n`, '400 closed'],
  ['no method', ` /a.txt HTTP/1.1\r\n${HOST}\r\n`, '400 closed'],
  ['get in lower case', `get /a.txt HTTP/1.1\r\n${HOST}\r\n`, '405 open'],
  ['an empty line before the request', `\r\n${get(HOST)}`, '200 open'],
  [
    'a TLS hello on a plain port',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n',
    '400 closed',
  ],
  // §2.2
  ['bare LFs', `GET /a.txt HTTP/1.1\nHost: localhost\n\n`, '400 closed'],
  ['a bare LF after the request line', `GET /a.txt HTTP/1.1\n${HOST}\r\n`, '400 closed'],
  ['a bare CR in a value', get(`${HOST}X: a\rb\r\n`), '400 closed'],
  // §5
  ['a space before the colon', get('Host : localhost\r\n'), '400 closed'],
  ['a folded line', get(`${HOST}X: a\r\n b\r\n`), '400 closed'],
  ['a folded first line', get(` Host: localhost\r\n`), '400 closed'],
  ['a line without a colon', get(`${HOST}nonsense\r\n`), '400 closed'],
  ['an empty name', get(`${HOST}: x\r\n`), '400 closed'],
  ['a bad byte in a name', get(`${HOST}X(Y): x\r\n`), '400 closed'],
  ['a NUL in a value', get(`${HOST}X: a\0b\r\n`), '400 closed'],
  ['a control byte in a value', get(`${HOST}X: a\x01b\r\n`), '400 closed'],
  ['an empty value', get(`${HOST}X:\r\n`), '200 open'],
  ['spaces and tabs around a value', get(`${HOST}X: \t x \t\r\n`), '200 open'],
  ['bytes over 127 in a value', get(`${HOST}X: caf\xe9\r\n`), '200 open'],
  ['a name with _ and .', get(`${HOST}x_y.z: x\r\n`), '200 open'],
  ['names in any case', get(`hOsT: localhost\r\n`), '200 open'],
  ['a value in any case', get(`${HOST}RANGE: bytes=0-0\r\n`), '206 open'],
  ['99 field lines', get(HOST + 'X: y\r\n'.repeat(98)), '200 open'],
  ['101 field lines', get(HOST + 'X: y\r\n'.repeat(100)), '431 closed'],
  ['a head of 15 kB', get(`${HOST}X: ${'y'.repeat(15_000)}\r\n`), '200 open'],
  ['a head over 16 KiB', get(`${HOST}X: ${'y'.repeat(17_000)}\r\n`), '431 closed'],
  ['a target over 8 KiB', get(HOST, `/${'y'.repeat(9_000)}`), '414 closed', '414 open'],
  // §6
  ['a body on GET is drained', `${get(`${HOST}Content-Length: 5\r\n`)}hello`, '200 open'],
  [
    'a body that looks like a request is no request',
    `${get(`${HOST}Content-Length: ${NEXT.length}\r\n`)}${NEXT}`,
    '200 open',
  ],
  [
    'a chunked body on GET is drained',
    `${get(`${HOST}Transfer-Encoding: chunked\r\n`)}5\r\nhello\r\n0\r\n\r\n`,
    '200 open',
    '200 closed',
  ],
  [
    'chunk extensions and trailers',
    `${get(`${HOST}Transfer-Encoding: chunked\r\n`)}5;x=y\r\nhello\r\n0\r\nX: y\r\n\r\n`,
    '200 open',
    '200 closed',
  ],
  ['a body on POST', `POST /a.txt HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nhello`, '405 open'],
  ['a body over the limit', `${get(`${HOST}Content-Length: 10000000\r\n`)}hello`, '200 closed'],
  [
    'Content-Length and Transfer-Encoding',
    `${get(`${HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n`)}0\r\n\r\n`,
    '400 closed',
  ],
  [
    'Transfer-Encoding and Content-Length',
    `${get(`${HOST}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n`)}0\r\n\r\n`,
    '400 closed',
  ],
  [
    'differing Content-Lengths',
    `${get(`${HOST}Content-Length: 5\r\nContent-Length: 6\r\n`)}hello!`,
    '400 closed',
  ],
  [
    'equal Content-Lengths',
    `${get(`${HOST}Content-Length: 5\r\nContent-Length: 5\r\n`)}hello`,
    '400 closed',
  ],
  ['a negative Content-Length', get(`${HOST}Content-Length: -5\r\n`), '400 closed'],
  ['a Content-Length with a plus', get(`${HOST}Content-Length: +5\r\n`), '400 closed'],
  ['a hexadecimal Content-Length', get(`${HOST}Content-Length: 0x5\r\n`), '400 closed'],
  ['a Content-Length list', get(`${HOST}Content-Length: 5, 5\r\n`), '400 closed'],
  ['an empty Content-Length', get(`${HOST}Content-Length:\r\n`), '400 closed'],
  [
    'a Content-Length over 2^64',
    get(`${HOST}Content-Length: 99999999999999999999\r\n`),
    '400 closed',
  ],
  [
    'an unknown transfer coding after chunked',
    `${get(`${HOST}Transfer-Encoding: gzip, chunked\r\n`)}0\r\n\r\n`,
    '501 closed',
  ],
  [
    'a last transfer coding that is not chunked',
    get(`${HOST}Transfer-Encoding: gzip\r\n`),
    '400 closed',
  ],
  ['chunked that is not last', get(`${HOST}Transfer-Encoding: chunked, gzip\r\n`), '400 closed'],
  ['chunked twice', get(`${HOST}Transfer-Encoding: chunked, chunked\r\n`), '400 closed'],
  [
    'Transfer-Encoding in HTTP/1.0',
    `${get('Transfer-Encoding: chunked\r\n', '/a.txt', '1.0')}0\r\n\r\n`,
    '400 closed',
    '200 closed',
  ],
  [
    'a chunk extension without a name',
    `${get(`${HOST}Transfer-Encoding: chunked\r\n`)}3;\r\nabc\r\n0\r\n\r\n`,
    '200 closed',
    '200 400 closed',
  ],
  [
    'a quoted chunk extension without its end',
    `${get(`${HOST}Transfer-Encoding: chunked\r\n`)}3;a="b\r\nabc\r\n0\r\n\r\n`,
    '200 closed',
    '200 400 closed',
  ],
  [
    'Transfer-Encoding in HTTP/1.0 with keep-alive, and a request behind it',
    `${get('Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n', '/a.txt', '1.0')}0\r\n\r\n${NEXT}`,
    '400 closed',
  ],
  [
    'a broken chunk',
    `${get(`${HOST}Transfer-Encoding: chunked\r\n`)}zz\r\n`,
    '200 closed',
    '200 400 closed',
  ],
  // RFC 9110 §10.1.1
  [
    'Expect: 100-continue gets the final answer',
    get(`${HOST}Expect: 100-continue\r\nContent-Length: 5\r\n`),
    '200 closed',
  ],
  ['Expect without a body', get(`${HOST}Expect: 100-continue\r\n`), '200 open', '200 closed'],
  // §7.8
  ['Upgrade is ignored', get(`${HOST}Connection: upgrade\r\nUpgrade: websocket\r\n`), '200 open'],
  [
    'h2c is ignored',
    get(
      `${HOST}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n`,
    ),
    '200 open',
  ],
  // §6.3, §9.6: whoever sent it may mean another end.
  ...REFUSED.map(
    ([title, lines, body, status]): Row => [
      `nothing behind ${title} is answered`,
      `${get(lines)}${body}${NEXT}${NEXT}`,
      `${status} closed`,
    ],
  ),
  // §9.3.2
  ['two requests in one write', NEXT + NEXT, '200 200 open'],
  ['a good one, then a bad one', `${NEXT}\0`, '200 400 closed'],
  [
    'nothing after Connection: close is answered',
    get(`${HOST}Connection: close\r\n`) + NEXT,
    '200 closed',
  ],
];

const claims = claimsExcept(EXCEPTIONS.protocol);

/** What came, as in `Row`; another request follows when as many answers as expected are there. */
async function outcomeOf({ address }: Origin, bytes: string, expected: number): Promise<string> {
  const connection = await connect(address);
  const found: string[] = [];
  try {
    await connection.send(Buffer.from(bytes, 'latin1'));
    for (;;) {
      const answer = await connection.read();
      if (answer.body.toString() === 'marked') return [...found, 'open'].join(' ');
      // The fields of errors are errors.test.ts's; some of these are the libraries' own.
      const wrong = answer.status < 300 ? violations(answer, 'GET') : [];
      found.push([answer.status, ...wrong].join(', '));
      const closes = answer.field('connection') === 'close';
      if (found.length === expected && !closes) await connection.send(MARK);
    }
  } catch {
    return [...found, 'closed'].join(' ');
  } finally {
    connection.close();
  }
}

/** From memory, answers are given at once: uWebSockets.js is no good at pipelining where they are not. */
async function warmUp(origin: Origin): Promise<void> {
  await until(async () => {
    for (const target of ['/a.txt', '/mark.txt', '/']) await request(origin.address, target);
    const { kept, files } = await origin.stats();
    return files.memory.entries + kept >= 3;
  });
}

async function checkRows(t: Test, origin: Origin, name: CarrierName): Promise<void> {
  // All at once: a library that leaves a request without an answer closes after seconds.
  const outcomes = await Promise.all(
    REQUESTS.map(([, bytes, ...wanted]) => {
      const answers = wanted[0]?.match(/\d+/g)?.length ?? 0;
      return outcomeOf(origin, bytes, answers);
    }),
  );
  for (const [i, [title, , ...wanted]] of REQUESTS.entries()) {
    const got = outcomes[i] ?? '';
    claims.claim(t, name, title, wanted.includes(got) ? '' : got);
  }
}

onEveryCarrierAndProxy(
  t,
  async (t, serve, { name, addon }) => {
    const origin = await serve({ root, mmapMinUses: 1 });
    if (addon) await warmUp(origin);
    await checkRows(t, origin, name);
  },
  speaksHttp1,
);

claims.settle(t);
