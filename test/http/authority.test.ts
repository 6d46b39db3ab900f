// Authorities: table by part, and IPv6 addresses against node's own judge.
import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import t from 'tap';
import { hostOf, isAuthority, isLoopback } from '../../src/http/authority.ts';

t.test('uri-host [ ":" port ] (RFC 9110 §4.2.1, RFC 3986 §3.2.2)', async (t) => {
  const good = [
    ...['a', 'A.example', '127.0.0.1', '999.1.1.1', 'a_b~c', "!$&'()*+,;=", '%41', 'a%2Fb', '-'],
    ...[
      'a:',
      'a:0',
      'a:80',
      'a:65535',
      'a:00080',
      '[::]',
      '[::1]:',
      '[::1]:443',
      '[1:2:3:4:5:6:7:8]',
    ],
    ...['[::ffff:1.2.3.4]', '[1:2:3:4:5:6:1.2.3.4]', '[ABCD::]', '[1:2:3:4:5:6:7::]'],
  ];
  for (const text of good) t.ok(isAuthority(text), text);
  const bad = [
    ...['', ':80', '[::1', '::1]', '[]', '[::1]x', '[::1]]', '[::1]:65536', 'h:98777', 'a:80:80'],
    ...[
      'a:b',
      'a:-1',
      'a: 80',
      '%zz',
      '%4',
      'a%',
      'a b',
      'a, a',
      'u@a',
      'a/b',
      'a?b',
      'a#b',
      'a\\b',
    ],
    ...['\xe4', '[v1.a]', '[1.2.3.4]', '[fe80::1%25eth0]', '[1:2:3:4:5:6:7:8:9]', '[1::2::3]'],
    ...[
      '[:1:2:3:4:5:6:7]',
      '[12345::]',
      '[::1.2.3]',
      '[::1.2.3.256]',
      '[::01.2.3.4]',
      '[1.2.3.4::]',
    ],
  ];
  for (const text of bad) t.notOk(isAuthority(text), text);
});

t.test('an IP literal is what node takes for an IPv6 address', async (t) => {
  const piece = fc.constantFrom(
    '0',
    'ab',
    '12345',
    'g',
    ':',
    '::',
    '1.2.3.4',
    '256',
    '.',
    ':1',
    '',
  );
  const texts = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(texts, (text) => isAuthority(`[${text}]`) === isIPv6(text)),
    { numRuns: 20_000 },
  );
  t.pass();
});

t.test('hosts that reach no further than this machine', async (t) => {
  for (const host of [
    'localhost',
    'LOCALHOST',
    '127.0.0.1',
    '127.1',
    '127.8.9.10',
    '::1',
    'my.app.localhost',
    'localhost.',
  ]) {
    t.equal(isLoopback(host), true, host);
  }
  for (const host of [
    '0.0.0.0',
    '::',
    '',
    '127.0.0.1.nip.io',
    'localhost.example',
    'notlocalhost',
    '.localhost',
    '::2',
    '10.0.0.1',
    '1127.0.0.1',
  ]) {
    t.equal(isLoopback(host), false, host);
  }
});

t.test('the host of an authority', async (t) => {
  for (const [authority, host] of [
    ['localhost', 'localhost'],
    ['localhost:8080', 'localhost'],
    ['a.example:', 'a.example'],
    ['127.0.0.1:80', '127.0.0.1'],
    ['[::1]', '::1'],
    ['[::1]:8080', '::1'],
  ] as const) {
    t.equal(hostOf(authority), host, authority);
  }
});
