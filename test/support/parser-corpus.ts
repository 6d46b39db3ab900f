// Request heads to try parsers with: a few by hand, and any number mutated from them.
import fc from 'fast-check';

/** Well-formed heads of many kinds. */
export const seeds: readonly string[] = [
  'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'HEAD /a/b.css?x=1 HTTP/1.1\r\nHost: example.com:8080\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n',
  'GET /big HTTP/1.1\r\nHost: [::1]:80\r\nRange: bytes=0-99\r\nConnection: close\r\n\r\n',
  'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost:\r\nOrigin: http://a.example\r\n\r\n',
  'GET http://example.com/path?q HTTP/1.1\r\nHost: example.com\r\nAccept-Encoding: gzip, br\r\n\r\n',
  'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n',
  'POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello',
  'PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  '\r\nGET /a HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: a=1\r\nCookie: b=2\r\naccept: \t b \r\n\r\n',
  'GET /w HTTP/1.1\r\nHost: w\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\r\n',
];

const pieces: readonly string[] = [
  ...[
    '\r\n',
    '\n',
    '\r',
    ' ',
    '\t',
    '\0',
    ':',
    ',',
    '#',
    '%',
    '[',
    '*',
    '/',
    '\x7f',
    '\x80',
    '\xff',
  ],
  ...[
    '\r\n\r\n',
    '\r\n ',
    ' :',
    ': ',
    'HTTP/1.0',
    'HTTP/1.2',
    'HTTP/2.0',
    'HTTP/0.9',
    'GET ',
    'PATCHY ',
  ],
  ...[
    'Host: b\r\n',
    'Host: a@b\r\n',
    'Host:\r\n',
    'Connection: close\r\n',
    'Expect: 100-continue\r\n',
  ],
  ...[
    'Content-Length: 5\r\n',
    'Content-Length: +5\r\n',
    'Content-Length: 5, 5\r\n',
    '99999999999999999999',
  ],
  ...[
    'Transfer-Encoding: chunked\r\n',
    'Transfer-Encoding: gzip\r\n',
    'Transfer-Encoding: gzip, chunked\r\n',
  ],
  ...['https://u@h/', 'ftp://a/', 'a'.repeat(40)],
];

const edit = fc.record({
  at: fc.integer({ min: 0, max: 9999 }),
  remove: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 12 })),
  insert: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...pieces) },
    fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    fc.constant(''),
  ),
});

/** `count` heads, each a seed with up to three edits; the same ones for the same number. */
export function mutated(count: number, seed: number): string[] {
  const head = fc
    .tuple(fc.constantFrom(...seeds), fc.array(edit, { minLength: 1, maxLength: 3 }))
    .map(([text, edits]) =>
      edits.reduce((bytes, { at, remove, insert }) => {
        const begin = Math.floor((at * (bytes.length + 1)) / 10000);
        return bytes.slice(0, begin) + insert + bytes.slice(begin + remove);
      }, text),
    );
  return fc.sample(fc.noBias(head), { numRuns: count, seed });
}
