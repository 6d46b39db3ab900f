import t from 'tap';
import { frameParts } from '../../src/plan/multipart.ts';
import type { Representation, Span } from '../../src/plan/types.ts';
import { file, variant } from './given.ts';

const CONTENT = Array.from({ length: 1000 }, (_, at) => String.fromCharCode(97 + (at % 26))).join(
  '',
);

/** The body as it goes over the wire. */
function send(of: Representation, spans: readonly Span[]): string {
  const { parts, tail } = frameParts(of, spans);
  return parts.map(({ head, span }) => head + CONTENT.slice(span.start, span.end)).join('') + tail;
}

t.test('RFC 9110 §14.6: the form of the body, byte by byte', (t) => {
  const spans = [
    { start: 0, end: 2 },
    { start: 5, end: 7 },
  ];
  const { contentType } = frameParts(file(), spans);
  t.equal(contentType, 'multipart/byteranges; boundary=zc-3e8-v1');
  t.equal(
    send(file(), spans),
    [
      '--zc-3e8-v1',
      'Content-Type: text/html; charset=utf-8',
      'Content-Range: bytes 0-1/1000',
      '',
      'ab',
      '--zc-3e8-v1',
      'Content-Type: text/html; charset=utf-8',
      'Content-Range: bytes 5-6/1000',
      '',
      'fg',
      '--zc-3e8-v1--',
      '',
    ].join('\r\n'),
  );
  t.end();
});

t.test('the length is exact', (t) => {
  const cases: ReadonlyArray<readonly Span[]> = [
    [{ start: 0, end: 1000 }],
    [
      { start: 999, end: 1000 },
      { start: 0, end: 1 },
    ],
    Array.from({ length: 100 }, (_, at) => ({ start: at * 10, end: at * 10 + 5 })),
  ];
  for (const spans of cases) {
    t.equal(frameParts(file(), spans).length, send(file(), spans).length, `${spans.length} parts`);
  }
  t.end();
});

t.test('§15.3.7.2: each part says its type and coding', (t) => {
  const { parts } = frameParts(variant({ coding: 'br' }), [
    { start: 0, end: 1 },
    { start: 5, end: 6 },
  ]);
  for (const { head } of parts) {
    t.match(head, /\r\nContent-Type: text\/html; charset=utf-8\r\nContent-Encoding: br\r\n/);
  }
  t.end();
});

t.test('the boundary is a token of at most 70 characters, of one version, always the same', (t) => {
  const boundary = (over: Partial<Representation>) =>
    frameParts(file(over), [{ start: 0, end: 1 }]).contentType.replace(/^.*boundary=/, '');
  const etags = ['"5-oJdc+/x=="', '"x"', 'W/"1-2"', `"${'f'.repeat(200)}"`, '"a b;c"', '""'];
  for (const etag of etags) t.match(boundary({ etag }), /^[0-9A-Za-z-]{3,70}$/, etag);
  t.equal(boundary({ etag: '"a"' }), boundary({ etag: '"a"' }));
  t.not(boundary({ etag: '"a"' }), boundary({ etag: '"b"' }));
  t.not(
    boundary({ etag: undefined, mtimeMs: 1.25 }),
    boundary({ etag: undefined, mtimeMs: 1.5 }),
    'without ETags the time tells versions apart',
  );
  t.match(boundary({ etag: undefined }), /^[0-9A-Za-z-]{3,70}$/);
  t.end();
});
