// The body drain: bodies of known length and the chunked coding, within their limits.
import t, { type Test } from 'tap';
import { show, words } from '../support/parser-claims.ts';
import {
  type BodyFraming,
  type BodyReport,
  buildParser,
  drainBodies,
} from '../support/parser-program.ts';

const program = buildParser(t, 'parser_cli.cc');

type Drained = readonly [result: BodyReport['result'], used: number, content?: string];

function drain(t: Test, framing: BodyFraming, body: string, [result, used, content]: Drained) {
  const [report] = drainBodies(program, [body], framing);
  t.match(report, { result, used, resumes: true }, `${result}: ${show(body)}`);
  if (content !== undefined) t.equal(report?.content, content, `its content: ${show(body)}`);
}

t.test(
  'a body of known length is drained to its end, within the limit (RFC 9112 §6.2)',
  async (t) => {
    drain(t, { chunked: false, length: 0, limit: 0 }, 'GET', ['done', 0]);
    drain(t, { chunked: false, length: 5, limit: 5 }, 'helloGET', ['done', 5, 'hello']);
    drain(t, { chunked: false, length: 5, limit: 5 }, 'hell', ['more', 4, 'hell']);
    drain(t, { chunked: false, length: 5, limit: 4 }, 'hello', ['too_large', 0, '']);
    drain(t, { chunked: false, length: 5, limit: 4 }, '', ['too_large', 0]);
  },
);

const chunked = { chunked: true, limit: 20 };

t.test(
  'chunks are drained to the end of the trailers, and no further (RFC 9112 §7.1)',
  async (t) => {
    const bodies = [
      ['0\r\n\r\n', ''],
      ['000\r\n\r\n', ''],
      ['5\r\nhello\r\n0\r\n\r\n', 'hello'],
      ['A\r\n0123456789\r\na\r\n\r\n0\r\n\r\n\r\n\0\r\n0\r\n\r\n', '0123456789\r\n0\r\n\r\n\r\n\0'],
      ['1;a=b;c="d e\xe9"\r\nx\r\n0 \t;z\r\n\r\n', 'x'],
      ['0;a\r\n\r\n', ''],
      ['0 ; \ta \t= \tb ;c\t;d="";e=" \t\\"\\\\;=" ;f = g\r\n\r\n', ''],
      ['0000000000000001\r\nx\r\n0\r\n\r\n', 'x'],
      ['0\r\nA: b\tc\r\nD:\r\n\r\n', ''],
    ] as const;
    for (const [body, content] of bodies) {
      drain(t, chunked, body, ['done', body.length, content]);
      drain(t, chunked, `${body}GET / HTTP/1.1\r\n`, ['done', body.length, content]);
      drain(t, chunked, body.slice(0, -1), ['more', body.length - 1, content]);
    }
  },
);

t.test('a byte that chunked coding does not have is refused at once (RFC 9112 §7.1)', async (t) => {
  const sizes =
    '▲\r\n ▲g ▲-1 0▲x1 ▲;a ▲\t1 1▲\n 1\t▲\r\n 1;a▲\n 1;▲\0 1;▲\x7f 1\r▲x 0000000000000000▲1';
  const names = '1;▲\r 1;a;▲; 1;▲= 1;a▲" 1;a\t▲\r 1;a\t▲b 1;a▲\xe9';
  const values = '1;a=▲\r 1;a=▲; 1;a=▲= 1;a=b▲= 1;a=b▲" 1;a=b\t▲\r 1;a=b\t▲c 1;a=b▲/';
  const quoted =
    '1;a="▲\r 1;a="b▲\r 1;a="\\▲\r 1;a="b\\"▲\r 1;a="b▲\x7f 1;a="b"▲c 1;a="b"▲" 1;a="b"\t▲\r';
  const contents = '1\r\nx▲y 1\r\nx▲\n 1\r\nx\r▲y 1\r\nx\r\n▲\r\n';
  const trailers =
    '0\r\n▲\n 0\r\n▲\ta 0\r\nA▲\t:b 0\r\n▲: 0\r\nA▲\r\n 0\r\nA:b▲\n 0\r\nA:▲\x7f 0\r\n\r▲x';
  for (const marked of words(`${sizes} ${names} ${values} ${quoted} ${contents} ${trailers}`)) {
    drain(t, chunked, marked.replace('▲', ''), ['bad', marked.indexOf('▲') + 1]);
  }
});

t.test('content, extensions and trailers are bounded, without overflow', async (t) => {
  drain(t, chunked, `14\r\n${'x'.repeat(20)}\r\n0\r\n\r\n`, ['done', 31]);
  drain(t, chunked, `15\r\n${'x'.repeat(21)}`, ['too_large', 4]);
  drain(t, chunked, 'A\r\n0123456789\r\nB\r\n', ['too_large', 18]);
  drain(t, chunked, '1\r\nx\r\nffffffffffffffff\r\n', ['too_large', 24]);
  drain(t, chunked, `1;${'e'.repeat(16384)}`, ['too_large', 16386]);
  drain(t, chunked, `0\r\n${'A: b\r\n'.repeat(4096)}\r\n`, ['done', 24581]);
  drain(t, chunked, `0\r\n${'A: b\r\n'.repeat(4096)}C`, ['too_large', 24580]);
});
