// HPACK against nghttp2's, which is in Node: what either writes, the other reads.
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  sensitiveHeaders,
} from 'node:http2';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { listenForBlocks } from '../support/block-peer.ts';
import { buildHpack, type Field, hpackOf } from '../support/hpack-program.ts';

const { decode, encode } = hpackOf(buildHpack(t, 'hpack_cli.cc'));

/** Fixed, so that a failure is the same failure tomorrow. */
const seed = Number(process.env.ZCSERVE_FUZZ_SEED ?? 7541);

const lettersOf = (letters: string, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...letters), maxLength, size: 'max' });

const TOKEN = "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~";
/** field-vchar and the two blanks (RFC 9110 §5.5), as many common ones as rare. */
const VISIBLE = String.fromCharCode(...Array.from({ length: 94 }, (_, i) => 33 + i));
const OBSCURE = String.fromCharCode(...Array.from({ length: 128 }, (_, i) => 128 + i));
const VALUE = `${VISIBLE}\t ${'eaionrst0123456789-/'.repeat(10)}${OBSCURE}`;

/** Of the static table, without those that a client of node:http2 judges by their values. */
const KNOWN = [
  ...['accept', 'accept-charset', 'accept-encoding', 'accept-language', 'accept-ranges', 'allow'],
  ...[
    'cache-control',
    'content-disposition',
    'content-encoding',
    'content-language',
    'link',
    'via',
  ],
  ...['vary', 'www-authenticate', 'refresh', 'strict-transport-security', 'expect', 'set-cookie'],
];
const name = fc.oneof(
  fc.constantFrom(...KNOWN),
  fc.constantFrom('x-one', 'x-two', 'priority', 'sec-fetch-mode'),
  lettersOf(TOKEN, 12).map((letters) => `x${letters}`),
);
const value = fc
  .oneof(
    { weight: 4, arbitrary: fc.constantFrom('gzip, deflate', 'max-age=0', '*/*', '"a-b"', '') },
    { weight: 4, arbitrary: lettersOf(VALUE, 40) },
    { weight: 1, arbitrary: lettersOf(VALUE, 400) },
  )
  .map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ''));
const list = fc.array(fc.tuple(name, value), { maxLength: 24, size: 'max' });
const lists = (count: number) => fc.sample(fc.noBias(list), { numRuns: count, seed });

/** A client that knows the server's settings. */
async function open(t: Test, origin: string): Promise<ClientHttp2Session> {
  const client = connect(origin, { maxDeflateDynamicTableSize: 65536 });
  t.teardown(() => client.destroy());
  await once(client, 'remoteSettings');
  return client;
}

/** The answer's fields, as they came. */
async function answerTo(stream: ClientHttp2Stream): Promise<Field[]> {
  stream.resume();
  const [, , raw] = (await once(stream, 'response')) as [unknown, unknown, readonly string[]];
  if (!stream.closed) await once(stream, 'close');
  return Array.from({ length: raw.length / 2 }, (_, i) => [raw[2 * i] ?? '', raw[2 * i + 1] ?? '']);
}

const OK_BLOCK = '\x88';
const LONG = 'long value '.repeat(4000).trim();

for (const table of [0, 100, 4096, 65536]) {
  t.test(`blocks of nghttp2 are read, with a table of ${table}`, async (t) => {
    const peer = await listenForBlocks(t, table, () => OK_BLOCK);
    const client = await open(t, peer.origin);
    const asked: Field[][] = [];
    for (const [at, generated] of lists(250).entries()) {
      const fields = new Map(generated);
      if (at === 100) fields.set('x-long', LONG);
      const pseudo: Field[] = [
        [':method', at % 3 === 0 ? 'HEAD' : 'GET'],
        [':scheme', 'http'],
        [':authority', 'www.example.com'],
        [':path', `/${at % 10}`],
      ];
      asked.push([...pseudo, ...fields]);
      await answerTo(
        client.request({
          ...Object.fromEntries([...pseudo, ...fields]),
          [sensitiveHeaders]: [...fields.keys()].slice(0, 2),
        }),
      );
    }
    const [read] = decode([{ table, blocks: peer.blocks }]);
    for (const [at, lines] of asked.entries()) {
      if (!t.strictSame(read?.[at], { result: 'ok', lines }, `request ${at}`)) return;
    }
    const size = (texts: readonly string[]) => texts.join('').length;
    t.comment(`${size(peer.blocks)} bytes for ${size(asked.flat(2))}`);
  });
}

t.test('nghttp2 reads what we write', async (t) => {
  const STATUSES = ['200', '204', '206', '304', '400', '404', '500', '301', '421', '599'];
  const answers = lists(500).map((fields, at): Field[] => {
    const long: Field[] = at === 100 ? [['x-long', LONG]] : [];
    return [[':status', STATUSES[at % STATUSES.length] ?? ''], ...fields, ...long];
  });
  const blocks = encode(answers);
  const peer = await listenForBlocks(t, 4096, (nth) => blocks[nth] ?? '');
  const client = await open(t, peer.origin);
  for (const [at, fields] of answers.entries()) {
    const came = await answerTo(client.request({ ':path': '/' }));
    if (!t.strictSame(came, fields, `answer ${at}`)) return;
  }
});
