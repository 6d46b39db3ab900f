// PROXY headers: what is one, what may become one, what is none; the engine and node's carriers are of one mind.
import { execFileSync } from 'node:child_process';
import { SocketAddress } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { MAX_PROXY_HEADER, parseProxyHeader } from '../../src/transport/node/proxy-header.ts';
import { cases, mutate, pick, randomOf, replay } from '../fuzz/mutate.ts';
import { NATIVE } from '../support/native.ts';
import { buildProgram, SANITIZERS } from '../support/native-program.ts';
import {
  ADDRESSES4,
  ADDRESSES6,
  PROXY_V1,
  PROXY_V2,
  proxyV2,
  TCP4,
  TCP6,
  tlv,
  UNIX,
} from '../support/proxy.ts';

const parts = [join(NATIVE, 'net/proxy_header.cc')];
const program = buildProgram(t, 'proxy_header_cli.cc', parts, SANITIZERS);

function askEngine(headers: readonly Buffer[]): string[] {
  const input = headers.map((bytes) => `${bytes.toString('hex')}\n`).join('');
  return execFileSync(program, { input, encoding: 'utf8' }).trimEnd().split('\n');
}

function askNode(bytes: Buffer): string {
  const header = parseProxyHeader(bytes);
  switch (header.kind) {
    case 'more':
    case 'bad':
      return header.kind;
    case 'own':
      return `${header.size} own`;
    case 'client': {
      const { size, peer } = header;
      if (peer === undefined) return `${size} unix`;
      const { address, port } = peer;
      const family = address.includes(':') ? 'ipv6' : 'ipv4';
      return `${size} ${new SocketAddress({ address, port, family }).address} ${port}`;
    }
  }
}

const text = (line: string) => Buffer.from(line, 'latin1');
const SIGNATURE = PROXY_V2.subarray(0, 12);
const withVersion = (first: number, family = TCP4) =>
  Buffer.concat([SIGNATURE, Buffer.of(first, family, 0, 12), ADDRESSES4]);

const ROWS: ReadonlyArray<readonly [title: string, bytes: Buffer, result: string]> = [
  ['nothing yet', text(''), 'more'],
  ['version 1, IPv4', PROXY_V1, `${PROXY_V1.length} 203.0.113.7 50000`],
  [
    'bytes behind it are not its own',
    Buffer.concat([PROXY_V1, text('GET / HTTP/1.1\r\n')]),
    `${PROXY_V1.length} 203.0.113.7 50000`,
  ],
  ['version 1, IPv6', text('PROXY TCP6 2001:db8::7 2001:DB8::1 1 65535\r\n'), '44 2001:db8::7 1'],
  [
    'an IPv4 address in IPv6',
    text('PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n'),
    '37 ::ffff:192.0.2.7 1',
  ],
  ['unknown, without a word more', text('PROXY UNKNOWN\r\n'), '15 own'],
  ['unknown, whatever follows', text('PROXY UNKNOWN what ever \xff\r\n'), '27 own'],
  [
    'the longest line',
    text(
      'PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n',
    ),
    '107 own',
  ],
  ['a line that is longer', text(`PROXY UNKNOWN ${'x'.repeat(92)}\r\n`), 'bad'],
  ['a line without an end', text(`PROXY UNKNOWN ${'x'.repeat(93)}`), 'bad'],
  ['one that may still end', text(`PROXY UNKNOWN ${'x'.repeat(92)}`), 'more'],
  ['a line feed alone ends nothing', text('PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n'), 'more'],
  ['in lower case', text('proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n'), 'bad'],
  ['another protocol', text('PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n'), 'bad'],
  ['the protocol in lower case', text('PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n'), 'bad'],
  ['two spaces', text('PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n'), 'bad'],
  ['a space at the end', text('PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n'), 'bad'],
  ['a word too many', text('PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n'), 'bad'],
  ['a word too few', text('PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n'), 'bad'],
  ['no address', text('PROXY TCP4\r\n'), 'bad'],
  ['an address of the other family', text('PROXY TCP4 ::1 ::1 1 2\r\n'), 'bad'],
  ['of the other family, the other way', text('PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n'), 'bad'],
  ['a zone', text('PROXY TCP6 fe80::1%lo ::1 1 2\r\n'), 'bad'],
  ['three numbers', text('PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n'), 'bad'],
  ['a number too large', text('PROXY TCP4 1.2.3.256 1.2.3.4 1 2\r\n'), 'bad'],
  ['a wrong destination', text('PROXY TCP4 1.2.3.4 1.2.3 1 2\r\n'), 'bad'],
  ['NUL in an address', text('PROXY TCP4 1.2.3.4\0 1.2.3.4 1 2\r\n'), 'bad'],
  ['port 0', text('PROXY TCP4 1.2.3.4 1.2.3.4 0 0\r\n'), '32 1.2.3.4 0'],
  ['a port too large', text('PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n'), 'bad'],
  ['a port with a sign', text('PROXY TCP4 1.2.3.4 1.2.3.4 +1 2\r\n'), 'bad'],
  ['a port with a zero before it', text('PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n'), 'bad'],
  ['a port that is empty', text('PROXY TCP4 1.2.3.4 1.2.3.4  2\r\n'), 'bad'],
  ['a request', text('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), 'bad'],
  ['the first letter of one', text('PRI * HTTP/2.0\r\n\r\n'), 'bad'],
  ['a TLS handshake', Buffer.from('1603010200', 'hex'), 'bad'],

  ['version 2, IPv4', proxyV2(1, TCP4, ADDRESSES4), '28 203.0.113.7 50000'],
  ['version 2, IPv6', proxyV2(1, TCP6, ADDRESSES6), '52 2001:db8::7 50000'],
  ['version 2, a Unix socket', proxyV2(1, UNIX, Buffer.alloc(216)), '232 unix'],
  ['additions of any type', PROXY_V2, `${PROXY_V2.length} 203.0.113.7 50000`],
  [
    'additions that make no sense',
    proxyV2(1, TCP4, Buffer.concat([ADDRESSES4, Buffer.of(1, 255, 255)])),
    '31 203.0.113.7 50000',
  ],
  ['LOCAL: the proxy asks for itself', proxyV2(0, 0, Buffer.of()), '16 own'],
  ['LOCAL with addresses', proxyV2(0, TCP4, ADDRESSES4), '28 own'],
  ['LOCAL of any family', proxyV2(0, 0xff, Buffer.of(1)), '17 own'],
  ['a family that is not told', proxyV2(1, 0, Buffer.of()), '16 own'],
  ['the same with additions', proxyV2(1, 0, tlv(4, Buffer.of(0))), '20 own'],
  ['datagrams', proxyV2(1, 0x12, ADDRESSES4), '28 own'],
  ['an unknown family', proxyV2(1, 0x41, ADDRESSES6), 'bad'],
  ['an unknown protocol', proxyV2(1, 0x13, ADDRESSES4), 'bad'],
  ['an unknown command', withVersion(0x22), 'bad'],
  ['version 1 in binary', withVersion(0x11), 'bad'],
  ['version 3', withVersion(0x31), 'bad'],
  ['too short for its family', proxyV2(1, TCP4, ADDRESSES4.subarray(1)), 'bad'],
  ['too short for IPv6', proxyV2(1, TCP6, ADDRESSES6.subarray(1)), 'bad'],
  ['too short for a Unix socket', proxyV2(1, UNIX, Buffer.alloc(215)), 'bad'],
  [
    'as long as we take',
    proxyV2(1, TCP4, Buffer.concat([ADDRESSES4, Buffer.alloc(MAX_PROXY_HEADER - 28)])),
    '4096 203.0.113.7 50000',
  ],
  [
    'longer: its length is enough to know',
    proxyV2(1, TCP4, Buffer.alloc(4081)).subarray(0, 16),
    'bad',
  ],
  ['a signature that goes wrong', Buffer.concat([SIGNATURE.subarray(0, 11), text('x')]), 'bad'],
];

t.test('each is what it is', (t) => {
  const answers = askEngine(ROWS.map(([, bytes]) => bytes));
  for (const [i, [title, bytes, result]] of ROWS.entries()) {
    t.equal(answers[i], result, title);
    t.equal(askNode(bytes), result, `${title}: node`);
  }
  t.end();
});

t.test('until its last byte a header may still become one', (t) => {
  for (const [title, bytes, result] of ROWS) {
    const size = Number.parseInt(result, 10);
    if (Number.isNaN(size)) continue;
    const beginnings = Array.from({ length: size }, (_, i) => bytes.subarray(0, i));
    t.ok(
      askEngine(beginnings).every((answer) => answer === 'more'),
      title,
    );
    t.ok(
      beginnings.every((beginning) => askNode(beginning) === 'more'),
      `${title}: node`,
    );
  }
  t.end();
});

const PIECES = [
  ...['PROXY ', 'TCP4', 'TCP6', 'UNKNOWN', ' ', '  ', '\r\n', '\n', '0', '65536', '::', '1.2.3.4'],
  ...['::ffff:1.2.3.4', '1:2:3:4:5:6:7:8', '1::2::3', '00001::', '256', '-1', '\0', '\xff', '%lo'],
  ...['\x21', '\x20', '\x11', '\x21', '\x31', '\x00\x0c', '\x00\x24', '\xff\xff'],
];

t.test('both agree on mutated ones', (t) => {
  const whole = ROWS.filter(([, , result]) => /^\d/.test(result)).map(([, bytes]) => bytes);
  for (const number of cases(20)) {
    const random = randomOf(number);
    const headers = Array.from({ length: 200 }, () =>
      text(mutate(pick(whole, random).toString('latin1'), PIECES, random)),
    );
    t.strictSame(askEngine(headers), headers.map(askNode), replay(number));
  }
  t.end();
});
