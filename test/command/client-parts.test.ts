// The parts of zcserve tail and append that take values and return values.
import t from 'tap';
import { framingOf } from '../../src/command/append/framing.ts';
import { lineOf } from '../../src/command/append/progress.ts';
import { backoffOf, retryAfterOf } from '../../src/command/client/backoff.ts';
import { failureOf } from '../../src/command/client/verdict.ts';
import { createEventReader } from '../../src/command/tail/events.ts';
import { splitMessages } from '../../src/command/tail/messages.ts';

t.test('waits double up to ten seconds, and are spread over their half', async (t) => {
  const waits = (random: number) => [1, 2, 3, 8, 1000].map((n) => backoffOf(n, random));
  t.same(waits(0), [50, 100, 200, 5000, 5000]);
  t.same(waits(1), [100, 200, 400, 10_000, 10_000]);
});

t.test('Retry-After: seconds or a date; neither past nor for ever', async (t) => {
  const now = Date.parse('2026-11-27T05:00:00Z');
  const cases: readonly (readonly [string | undefined, number | undefined])[] = [
    [undefined, undefined],
    ['2', 2000],
    ['0', 0],
    ['99999999', 300_000],
    ['Fri, 27 Nov 2026 05:00:03 GMT', 3000],
    ['Fri, 27 Nov 2026 04:00:00 GMT', 0],
    ['soon', undefined],
  ];
  for (const [value, ms] of cases) t.equal(retryAfterOf(value, now), ms, String(value));
});

t.test('which statuses are tried again', async (t) => {
  const refusal = { retryAfter: '1', location: undefined, words: '' };
  const isLost = (status: number) => 'afterMs' in failureOf({ ...refusal, status }, 0);
  for (const status of [408, 425, 429, 500, 502, 503, 504]) t.ok(isLost(status), `${status}`);
  for (const status of [301, 400, 401, 403, 404, 405, 409, 410, 413, 501, 507]) {
    t.notOk(isLost(status), `${status}`);
  }
});

const ARRAYS: readonly (readonly [json: string, lines: string])[] = [
  ['[]', ''],
  [' [ ]\n', ''],
  ['[1]', '1\n'],
  ['[1,2]', '1\n2\n'],
  ['[[1,2],[3]]', '[1,2]\n[3]\n'],
  ['[{"a":1,"b":[2,{}]}]', '{"a":1,"b":[2,{}]}\n'],
  ['["a,b","[",  "]", "\\"", "\\\\", "\\\\\\","]', '"a,b"\n"["\n"]"\n"\\""\n"\\\\"\n"\\\\\\","\n'],
  ['[ {\r\n "a" :\t1.50 } ,\n"  x "\n]', '{"a":1.50}\n"  x "\n'],
  ['["ä€😀",null]', '"ä€😀"\nnull\n'],
];

t.test('an array becomes its elements, wherever it is cut', async (t) => {
  for (const [json, lines] of ARRAYS) {
    const bytes = Buffer.from(json);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const splitter = splitMessages();
      const parts = [bytes.subarray(0, cut), bytes.subarray(cut)].map((part) =>
        splitter.take(part),
      );
      if (Buffer.concat(parts).toString() !== lines) t.fail(`${json} cut at ${cut}`);
      if (!splitter.isWhole) t.fail(`${json} is whole`);
    }
    t.pass(json);
  }
  const half = splitMessages();
  half.take(Buffer.from('[{"a":[]}'));
  t.notOk(half.isWhole, 'an array that has no end yet');
});

const EVENTS = '\uFEFFevent: data\r\ndata: ä€\rdata:b\n: note\n\nid: 4\ndata\r\n\r\nevent: x\n\n';

t.test('events, wherever they are cut', async (t) => {
  const bytes = Buffer.from(EVENTS);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const reader = createEventReader();
    const events = [bytes.subarray(0, cut), bytes.subarray(cut)].flatMap(reader.take);
    t.same(events, [
      { type: 'data', data: 'ä€\nb' },
      { type: 'message', data: '' },
    ]);
  }
  t.throws(() => createEventReader(4).take(Buffer.from('data: 12345\n')), /more than 4 characters/);
  t.throws(() => createEventReader(4).take(Buffer.from('12345')), /more than 4 characters/);
});

const CUTS: readonly (readonly [text: string, most: number, isAll: boolean, size: number])[] = [
  ['ab\ncd\n', 6, false, 6],
  ['ab\ncd\n', 5, false, 3],
  ['ab\ncd', 9, false, 3],
  ['ab\ncd', 9, true, 5],
  ['ab\ncd', 4, true, 3],
  // Lines are longer than the most: one is taken all the same.
  ['abcdef\ng\n', 3, false, 7],
  ['abcdef', 3, false, 0],
  ['abcdef', 3, true, 6],
  ['', 3, true, 0],
];

t.test('where an append of whole lines is cut', async (t) => {
  const { cut } = framingOf(false, true);
  for (const [text, most, isAll, size] of CUTS) {
    t.equal(cut(Buffer.from(text), most, isAll), size, JSON.stringify([text, most, isAll]));
  }
  t.equal(framingOf(false, false).cut(Buffer.from('ab\ncd'), 4, false), 4, 'bytes anywhere');
});

t.test('a line is a message of JSON, byte for byte', async (t) => {
  const { encode } = framingOf(true, false);
  const encoded = (text: string | Uint8Array) => {
    const { body, lines } = encode(Buffer.from(text), 7);
    return [Buffer.from(body).toString(), lines];
  };
  t.same(encoded('{"a": 1.0}\r\n\n [1,2] \n"\\u00e4"'), ['[{"a": 1.0},[1,2],"\\u00e4"]', 3]);
  t.same(encoded('\n \n'), ['', 2]);
  t.throws(() => encoded('1\n2\n{\n'), { message: 'line 9 is no JSON: one message a line' });
  t.throws(() => encoded(Uint8Array.of(0x22, 0xff, 0x22)), { message: /^line 7 .* is no UTF-8$/ });
});

t.test('progress: a bar where the size is known', async (t) => {
  t.equal(lineOf(512, undefined, 2 ** 21), '0.5 KiB, 2.0 MiB/s');
  t.match(lineOf(2 ** 20, 2 ** 21, 1024), /^\[#{15}\.{15}\] {2}50 % {2}1\.0 MiB, 1\.0 KiB\/s$/);
});
