// HPACK against the examples of its RFC: RFC 7541 Appendix C.
import t, { type Test } from 'tap';
import { buildHpack, type Field, hpackOf } from '../support/hpack-program.ts';

const { decode, encode } = hpackOf(buildHpack(t, 'hpack_cli.cc'));

const bytes = (hex: string) => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex').toString('latin1');

interface Step {
  readonly block: string;
  readonly lines: readonly Field[];
  /** The dynamic table afterwards, the newest entry first. */
  readonly table: readonly Field[];
}

/** Indexed fields of the whole dynamic table, which leave it as it is, and whether there is one more. */
const indexed = (from: number, to: number) =>
  String.fromCharCode(...Array.from({ length: to - from }, (_, i) => 0x80 + 62 + from + i));

function claim(t: Test, section: string, steps: readonly Step[], table = 4096) {
  for (const [at, { lines, table: entries }] of steps.entries()) {
    const blocks = steps.slice(0, at + 1).map(({ block }) => bytes(block));
    const [results = []] = decode([
      {
        table,
        blocks: [
          ...blocks,
          indexed(0, entries.length),
          indexed(entries.length, entries.length + 1),
        ],
      },
    ]);
    const title = `${section}.${at + 1}`;
    t.strictSame(results[at], { result: 'ok', lines }, title);
    t.strictSame(results[at + 1], { result: 'ok', lines: entries }, `${title}: the table`);
    t.equal(results[at + 2]?.result, 'broken', `${title}: nothing more in the table`);
  }
}

t.test('C.2: each representation of a field', async (t) => {
  const custom: Field = ['custom-key', 'custom-header'];
  const block = '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572';
  claim(t, 'C.2.1', [{ block, lines: [custom], table: [custom] }]);
  const path = '040c 2f73 616d 706c 652f 7061 7468';
  claim(t, 'C.2.2', [{ block: path, lines: [[':path', '/sample/path']], table: [] }]);
  const password = '1008 7061 7373 776f 7264 0673 6563 7265 74';
  claim(t, 'C.2.3', [{ block: password, lines: [['password', 'secret']], table: [] }]);
  claim(t, 'C.2.4', [{ block: '82', lines: [[':method', 'GET']], table: [] }]);
});

const authority: Field = [':authority', 'www.example.com'];
const noCache: Field = ['cache-control', 'no-cache'];
const custom: Field = ['custom-key', 'custom-value'];
const get: readonly Field[] = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
];
const getIndex: readonly Field[] = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':path', '/index.html'],
];

const requests = (blocks: readonly [string, string, string]): Step[] => [
  { block: blocks[0], lines: [...get, authority], table: [authority] },
  { block: blocks[1], lines: [...get, authority, noCache], table: [noCache, authority] },
  {
    block: blocks[2],
    lines: [...getIndex, authority, custom],
    table: [custom, noCache, authority],
  },
];

t.test('C.3, C.4: requests of one connection, without and with Huffman coding', async (t) => {
  claim(
    t,
    'C.3',
    requests([
      '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '8286 84be 5808 6e6f 2d63 6163 6865',
      '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
    ]),
  );
  claim(
    t,
    'C.4',
    requests([
      '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
      '8286 84be 5886 a8eb 1064 9cbf',
      '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
    ]),
  );
});

const status = (code: string): Field => [':status', code];
const date = (second: number): Field => ['date', `Mon, 21 Oct 2013 20:13:2${second} GMT`];
const priv: Field = ['cache-control', 'private'];
const location: Field = ['location', 'https://www.example.com'];
const gzip: Field = ['content-encoding', 'gzip'];
const cookie: Field = ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'];

const responses = (blocks: readonly [string, string, string]): Step[] => [
  {
    block: blocks[0],
    lines: [status('302'), priv, date(1), location],
    table: [location, date(1), priv, status('302')],
  },
  {
    block: blocks[1],
    lines: [status('307'), priv, date(1), location],
    table: [status('307'), location, date(1), priv],
  },
  {
    block: blocks[2],
    lines: [status('200'), priv, date(2), location, gzip, cookie],
    table: [cookie, gzip, date(2)],
  },
];

t.test('C.5, C.6: responses with a table of 256, which evicts', async (t) => {
  claim(
    t,
    'C.5',
    responses([
      `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133
       2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70
       6c65 2e63 6f6d`,
      '4803 3330 37c1 c0bf',
      `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d
       54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049
       5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e
       3d31`,
    ]),
    256,
  );
  claim(
    t,
    'C.6',
    responses([
      `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6
       2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
      '4883 640e ffc1 c0bf',
      `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab
       77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f
       9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
    ]),
    256,
  );
});

t.test('what is written is the shortest that leaves no trace in the peer', async (t) => {
  const written = (...fields: readonly Field[]) =>
    encode([fields]).map((block) => Buffer.from(block, 'latin1').toString('hex'))[0];
  t.equal(written(status('200')), '88', 'a field of the static table');
  t.equal(written(status('302')), '08826402', 'its name, and a value that Huffman shortens');
  t.equal(written(status('418')), '0803343138', 'one that it does not');
  t.equal(written(noCache), '0f0986a8eb10649cbf', 'a name whose number takes two bytes');
  t.equal(written(gzip), '0f0b839bd9ab', 'and one more');
  t.equal(written(['vary', '']), 'bb', 'a value that is empty in the static table too');
  t.equal(
    written(['custom-key', 'custom-value']),
    '008825a849e95ba97d7f8925a849e95bb8e8b4bf',
    'a name of nobody',
  );
  t.equal(written(['x', '"\\"']), '0001780322' + '5c22', 'where Huffman is no shorter, plain');
});
