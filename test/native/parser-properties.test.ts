// Properties of the request-head parser: a generated head parses to what it was made of.
import fc from 'fast-check';
import t from 'tap';
import { buildParser, drainBodies, parseHeads } from '../support/parser-program.ts';

const program = buildParser(t, 'parser_cli.cc');

const lettersOf = (letters: string, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...letters), maxLength });

const method = fc
  .oneof(fc.constantFrom('GET', 'HEAD', 'OPTIONS'), lettersOf("abXYZ09!#$%&'*+-.^_`|~", 12))
  .filter((text) => text !== '' && text !== 'CONNECT');
const line = fc.record({
  name: fc.constantFrom('Accept', 'rAnge', 'ORIGIN', 'if-match', 'X-Other'),
  blanks: fc.tuple(lettersOf(' \t', 3), lettersOf(' \t', 3)),
  value: lettersOf('ab Z09,;:="/\t\x80\xff', 40).map((text) =>
    text.replace(/^[ \t]+|[ \t]+$/g, ''),
  ),
});
const head = fc.record({
  method,
  path: lettersOf('ab/?%&=.|{}[]\'"<>~', 40),
  minor: fc.constantFrom(0, 1),
  lines: fc.array(line, { maxLength: 8 }),
  emptyLine: fc.boolean(),
});
const anyBytes = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
});

t.test(
  'a generated head parses to what it was made of, split anywhere, whatever follows',
  async (t) => {
    const property = fc.property(
      head,
      anyBytes,
      ({ method, path, minor, lines, emptyLine }, rest) => {
        const written = lines.map(
          ({ name, blanks, value }) => `${name}:${blanks[0]}${value}${blanks[1]}\r\n`,
        );
        const bytes = `${emptyLine ? '\r\n' : ''}${method} /${path} HTTP/1.${minor}\r\nHost: a:1\r\n${written.join('')}\r\n`;

        const sent = new Map<string, string[]>([['host', ['a:1']]]);
        for (const { name, value } of lines) {
          if (name === 'X-Other') continue;
          const key = name.toLowerCase();
          sent.set(key, [...(sent.get(key) ?? []), value]);
        }
        const repeated = [...sent].filter(([, values]) => values.length > 1);
        const wanted = {
          method: { GET: 'get', HEAD: 'head', OPTIONS: 'options' }[method] ?? 'other',
          methodText: method,
          target: `/${path}`,
          minor,
          fields: Object.fromEntries([...sent].map(([key, values]) => [key, values[0]])),
          joined: Object.fromEntries(repeated.map(([key, values]) => [key, values.join(', ')])),
          keepAlive: minor === 1,
          expectContinue: false,
          chunked: false,
          contentLength: '0',
          size: bytes.length,
        };
        for (const report of parseHeads(program, [bytes, bytes + rest])) {
          const { result, resumes, head } = report;
          if (
            !t.same({ result, resumes, head }, { result: 'complete', resumes: true, head: wanted })
          )
            return false;
        }
        return true;
      },
    );
    fc.assert(property, { numRuns: 300 });
  },
);

t.test('no bytes at all make the answer depend on how they are split', async (t) => {
  const pieces = fc.constantFrom(
    'GET ',
    '/ ',
    'HTTP/1.1',
    '\r\n',
    'Host: a',
    ':',
    'Content-Length: 1',
    '\n',
    '\r',
    ' ',
  );
  const bytes = fc
    .array(fc.oneof({ weight: 9, arbitrary: pieces }, anyBytes), { maxLength: 12 })
    .map((all) => all.join(''));
  const property = fc.property(fc.array(bytes, { minLength: 10, maxLength: 10 }), (heads) =>
    parseHeads(program, heads).every(({ resumes }) => resumes),
  );
  t.doesNotThrow(() => fc.assert(property, { numRuns: 200 }));
});

t.test(
  'a generated chunked body is drained exactly, and its content found, split anywhere, whatever follows',
  async (t) => {
    // RFC 9112 §7.1.1: chunk-ext, a token or a quoted string for its value.
    const token = lettersOf("aZ0!#$%&'*+-.^_`|~", 6).map((text) => `a${text}`);
    const quoted = fc
      .array(fc.constantFrom('a', ';', '=', ' ', '\t', '\x80', '\\"', '\\\\'), { maxLength: 6 })
      .map((all) => `"${all.join('')}"`);
    const extension = fc
      .tuple(token, fc.option(fc.oneof(token, quoted), { nil: undefined }))
      .map(([name, value]) => (value === undefined ? `;${name}` : `;${name}=${value}`));
    const extensions = fc.array(extension, { maxLength: 3 }).map((all) => all.join(''));
    const chunks = fc.array(fc.tuple(anyBytes, extensions), { maxLength: 5 });
    const property = fc.property(chunks, anyBytes, (parts, rest) => {
      const framed = parts
        .filter(([content]) => content !== '')
        .map(
          ([content, extensions]) =>
            `${content.length.toString(16)}${extensions}\r\n${content}\r\n`,
        );
      const body = `${framed.join('')}0\r\n\r\n`;
      const [report] = drainBodies(program, [body + rest], { chunked: true, limit: 2 ** 20 });
      const content = parts.map(([content]) => content).join('');
      return t.same(report, { result: 'done', used: body.length, resumes: true, content });
    });
    fc.assert(property, { numRuns: 200 });
  },
);
