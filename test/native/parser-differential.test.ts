// The request-head parser against Node's own: where they differ, the difference has a name and a reason.
import { METHODS } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import t from 'tap';
import { WIRE } from '../../src/addon/wire.ts';
import { askNode, type NodeAnswer } from '../support/node-parser.ts';
import { get, HOST, to } from '../support/parser-claims.ts';
import { mutated, seeds } from '../support/parser-corpus.ts';
import { buildParser, type HeadReport, parseHeads } from '../support/parser-program.ts';

const known: ReadonlySet<string> = new Set(WIRE.fields);
const program = buildParser(t, 'parser_cli.cc');

interface Difference {
  readonly name: string;
  readonly why: string;
  /** Who refuses what the other takes, or could still take. `neither`: they read it differently. */
  readonly refusedBy: 'us' | 'node' | 'neither';
  /** `read`: the bytes up to the one that made us refuse, or else the whole head. */
  readonly explains: (read: string) => boolean;
  readonly examples: readonly string[];
  /** Newer versions of Node agree with us. */
  readonly fixed?: true;
}

const requestLine = (rest: string) => new RegExp(`^(?:\r\n)?[^ \r\n]+ ${rest}$`);
const lastLine = (field: string) => new RegExp(`\r\n${field}:[^\r\n]*\r\n$`, 'i');
const linesOf = (read: string, field: string) =>
  read.match(new RegExp(`\r\n${field}:[^\r\n]*(?=\r\n)`, 'gi')) ?? [];
const methodOf = (read: string) => /^(?:\r\n)?([^ ]*)/.exec(read)?.[1] ?? '';

const differences: readonly Difference[] = [
  {
    name: 'more than one empty line, or half of one, before the request line',
    why: 'RFC 9112 §2.2 asks to tolerate one CRLF; a bare CR or LF ends no line anywhere (§2.2)',
    refusedBy: 'us',
    explains: (read) => /^(\n|\r[^\n]|\r\n[\r\n])$/.test(read),
    examples: [`\n${get(HOST)}`, `\r${get(HOST)}`, `\r\n\r\n${get(HOST)}`],
  },
  {
    name: 'several spaces in the request line',
    why: 'RFC 9112 §3 has single spaces; whoever reads leniently reads another target than the proxy in front',
    refusedBy: 'us',
    explains: (read) => requestLine('([!-~]+ )? ').test(read),
    examples: [`GET  / HTTP/1.1\r\n${HOST}\r\n`, `GET /  HTTP/1.1\r\n${HOST}\r\n`],
  },
  {
    name: 'a "#" in the target',
    why: 'a target has no fragment (RFC 9112 §3.2), and no client sends one',
    refusedBy: 'us',
    explains: (read) => requestLine('[!-~]*#').test(read),
    examples: [to('/a#b')],
  },
  {
    name: 'a target in no form that its method may have',
    why: 'RFC 9112 §3.2.1 to §3.2.4; Node looks at bytes only and leaves the form to the application',
    refusedBy: 'us',
    explains: (read) => requestLine('[!-~]+ ').test(read),
    examples: [
      to('*'),
      to('*/x'),
      to('ftp://a/'),
      to('http://u@a/'),
      to('/', 'CONNECT'),
      to('http:///a'),
    ],
  },
  {
    name: 'HTTP/0.9: a request line without a version',
    why: 'no client has sent it for decades (RFC 9112 §2.3 begins at 1.0), and its answer has no head',
    refusedBy: 'us',
    explains: (read) => requestLine('[!-~]*[\r\n]').test(read),
    examples: ['GET /\r\n\r\n', 'CONNECT \r\n\r\n'],
  },
  {
    name: 'the versions HTTP/0.9 and HTTP/2.0',
    why: 'a message of HTTP/0.9 has no version, one of HTTP/2 is no text: 400 and 505 (RFC 9110 §15.6.6)',
    refusedBy: 'us',
    explains: (read) => requestLine('[!-~]+ HTTP/(0|2\\.0\r\n)').test(read),
    examples: [`GET / HTTP/0.9\r\n${HOST}\r\n`, `GET / HTTP/2.0\r\n${HOST}\r\n`],
  },
  {
    name: 'a Host that is no host with an optional port',
    why: 'RFC 9112 §3.2: 400; Node leaves the value to the application',
    refusedBy: 'us',
    explains: (read) => lastLine('host').test(read) && linesOf(read, 'host').length === 1,
    examples: [
      get('Host: a b\r\n'),
      get('Host: u@a\r\n'),
      get('Host: [::g]\r\n'),
      get('Host: a:99999\r\n'),
    ],
  },
  {
    name: 'a second Host',
    why: 'RFC 9112 §3.2: 400; node:http refuses it after its parser',
    refusedBy: 'us',
    explains: (read) => lastLine('host').test(read) && linesOf(read, 'host').length === 2,
    examples: [get(`${HOST}${HOST}`)],
  },
  {
    name: 'HTTP/1.1 without Host',
    why: 'RFC 9112 §3.2: 400; node:http refuses it after its parser, an option that this test turns off',
    refusedBy: 'us',
    explains: (read) => read.endsWith('\r\n\r\n') && linesOf(read, 'host').length === 0,
    examples: [get(''), get('Accept: a\r\n')],
  },
  {
    name: 'a transfer coding other than chunked alone',
    why: 'we decode no other: 501 before chunked (RFC 9112 §6.1), 400 where chunked is not last (§6.3); Node hands it on',
    refusedBy: 'us',
    explains: (read) =>
      lastLine('transfer-encoding').test(read) && !/\n[^:]*:[ \t]*chunked[ \t]*\r\n$/i.test(read),
    examples: [
      get(`${HOST}Transfer-Encoding: gzip\r\n`),
      get(`${HOST}Transfer-Encoding: gzip, chunked\r\n`),
      get(`${HOST}Transfer-Encoding: xchunked\r\n`),
    ],
  },
  {
    name: 'chunked on HTTP/1.0',
    why: 'RFC 9112 §6.1: its framing cannot be trusted; it is how requests are smuggled',
    refusedBy: 'us',
    explains: (read) => lastLine('transfer-encoding').test(read) && read.includes(' HTTP/1.0\r\n'),
    examples: ['PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n'],
  },
  {
    name: 'a target or a number of fields over our limits',
    why: '414 from 8 KiB, 431 from 101 lines; Node limits the bytes of the whole head only',
    refusedBy: 'us',
    explains: (read) => requestLine('[!-~]{8193}').test(read) || read.split('\r\n').length === 102,
    examples: [to(`/${'a'.repeat(9000)}`), get(HOST + 'A: b\r\n'.repeat(100))],
  },
  {
    name: 'a method that Node does not know',
    why: 'a method is any token (RFC 9110 §9.1); the engine answers it with 405 rather than 400',
    refusedBy: 'node',
    explains: (read) => !METHODS.includes(methodOf(read)),
    examples: [to('/', 'PATCHY'), to('/', 'get'), to('/', '*')],
  },
  {
    name: 'HTTP/1.2 to HTTP/1.9',
    why: 'RFC 9110 §2.5: read as the highest minor version that we know',
    refusedBy: 'node',
    explains: (read) => requestLine('[!-~]+ HTTP/1\\.[2-9]\r\n[^]*').test(read),
    examples: [`GET / HTTP/1.2\r\n${HOST}\r\n`],
  },
  {
    name: 'a tab after the number of Content-Length',
    why: 'optional whitespace around a value is SP or HTAB (RFC 9110 §5.6.3); Node expects SP',
    refusedBy: 'node',
    explains: (read) => /\r\ncontent-length:[ \t]*\d+ *\t/i.test(read),
    examples: [get(`${HOST}Content-Length: 5\t\r\n`)],
    fixed: true,
  },
  {
    name: 'a tab after an option of Connection',
    why: 'the same (RFC 9110 §5.6.3): Node misses the option',
    refusedBy: 'neither',
    explains: (read) => /\r\nconnection:[^\r]*(close|keep-alive) *\t/i.test(read),
    examples: [
      get(`${HOST}Connection: close\t\r\n`),
      'GET / HTTP/1.0\r\nConnection: keep-alive\t\r\n\r\n',
    ],
    fixed: true,
  },
];

function ourReading({ head, result }: HeadReport) {
  if (!head) return { result };
  const { methodText, target, minor, fields, keepAlive } = head;
  const kept = methodText === 'CONNECT' ? undefined : keepAlive;
  return { result, methodText, target, version: `1.${minor}`, fields, keepAlive: kept };
}

function nodeReading(node: NodeAnswer) {
  if (node.result !== 'complete') return { result: node.result };
  const { method, target, version, lines, keepAlive } = node.head;
  const first = lines.filter(
    ([name], i) => known.has(name) && lines.findIndex((line) => line[0] === name) === i,
  );
  const fields = Object.fromEntries(first);
  return { result: node.result, methodText: method, target, version, fields, keepAlive };
}

function difference(ours: HeadReport, node: NodeAnswer): Difference['refusedBy'] | undefined {
  const weRefuse = ours.result !== 'complete' && ours.result !== 'incomplete';
  if (node.result === 'refused') return weRefuse ? undefined : 'node';
  if (weRefuse) return 'us';
  return isDeepStrictEqual(ourReading(ours), nodeReading(node)) ? undefined : 'neither';
}

/** Asks both. Counts the named differences and returns the others. */
async function compare(heads: readonly string[], seen: Map<string, number>): Promise<string[]> {
  const unnamed: string[] = [];
  const reports = parseHeads(program, heads);
  for (const [i, head] of heads.entries()) {
    const ours = reports[i];
    if (!ours) throw new Error('the program printed too little');
    const node = await askNode(head);
    const refusedBy = difference(ours, node);
    if (refusedBy === undefined) continue;
    const read = head.slice(0, ours.head?.size ?? ours.decidedAt);
    const named = differences.find((row) => row.refusedBy === refusedBy && row.explains(read));
    if (named) seen.set(named.name, (seen.get(named.name) ?? 0) + 1);
    else unnamed.push(JSON.stringify({ head, ours, node }));
  }
  return unnamed;
}

const titles = {
  us: 'only we refuse',
  node: 'only Node refuses',
  neither: 'Node misreads',
} as const;

for (const { name, why, examples, refusedBy, fixed } of differences) {
  t.test(`${titles[refusedBy]} ${name}`, async (t) => {
    t.comment(why);
    const seen = new Map<string, number>();
    t.strictSame(await compare(examples, seen), []);
    if (!fixed) t.strictSame([...seen], [[name, examples.length]]);
  });
}

t.test('well-formed heads are read alike', async (t) => {
  const seen = new Map<string, number>();
  t.strictSame(await compare(seeds, seen), []);
  t.equal(seen.size, 0);
});

t.test('mutated heads are read alike, refused by both, or differ by name', async (t) => {
  const seen = new Map<string, number>();
  t.strictSame(await compare(mutated(4000, 9112), seen), []);
  for (const [name, count] of seen) t.comment(`${count} × ${name}`);
});
