// Lines of a file as server-sent events: what EventSource makes of them is what the file says, and no place is within a character.
import fc from 'fast-check';
import t from 'tap';
import { eventOf, KEEP_ALIVE, retryAfter } from '../../src/http/event-stream.ts';
import { eventsIn, MAX_LINE } from '../../src/live/lines.ts';
import { readEvents } from '../support/event-stream.ts';

t.test('an event as it is written', async (t) => {
  for (const [data, fields, text] of [
    ['a', {}, 'data:a\n\n'],
    ['', {}, 'data:\n\n'],
    [' a', { id: 7 }, 'id: 7\ndata:  a\n\n'],
    ['a\rb', { id: 0, event: 'end' }, 'event: end\nid: 0\ndata:a\ndata:b\n\n'],
    ['a\r\nb\nc', {}, 'data:a\ndata:b\ndata:c\n\n'],
  ] as const) {
    t.equal(eventOf(data, fields), text, JSON.stringify(data));
  }
  t.same(readEvents(`${retryAfter(5)}${KEEP_ALIVE}${eventOf('x')}`), [
    { event: 'message', data: 'x', id: '' },
  ]);
});

t.test('lines that have ended, with the offsets behind them', async (t) => {
  const event = (id: number, data: string) => ({ event: 'message', id: String(id), data });
  for (const [bytes, at, isLast, used, events] of [
    ['', 0, false, 0, []],
    ['a', 5, false, 0, []],
    ['a', 5, true, 1, [event(6, 'a')]],
    ['a\n', 5, false, 2, [event(7, 'a')]],
    ['a\n', 5, true, 2, [event(7, 'a')]],
    ['a\nb', 0, false, 2, [event(2, 'a')]],
    ['a\nb', 0, true, 3, [event(2, 'a'), event(3, 'b')]],
    ['a\r\n\r\n\n', 0, false, 6, [event(3, 'a'), event(5, ''), event(6, '')]],
    ['10 %\r20 %\rdone\r\n', 0, false, 16, [event(16, '10 %\n20 %\ndone')]],
    [
      'data: x\nid: 9\n:\n',
      0,
      false,
      16,
      [event(8, 'data: x'), event(14, 'id: 9'), event(16, ':')],
    ],
    ['\xff\xc3\n', 0, false, 3, [event(3, '\xff\xc3')]],
  ] as const) {
    const made = eventsIn(bytes, at, isLast);
    t.equal(made.used, used, JSON.stringify(bytes));
    t.same(readEvents(made.text), events, JSON.stringify(bytes));
  }
});

t.test('a line that is too long comes in pieces, of which the last has the id', async (t) => {
  const long = 'x'.repeat(MAX_LINE);
  t.same(eventsIn(long, 0, false), { text: '', used: 0 }, 'its end may be next');
  t.equal(eventsIn(`${long}\n`, 0, false).used, MAX_LINE + 1);
  const piece = eventsIn(`${long}y`, 0, false);
  t.equal(piece.used, MAX_LINE);
  t.same(readEvents(piece.text), [{ event: 'message', id: '', data: long }]);
  for (const [tail, used] of [
    ['x\xc3\xbcy', MAX_LINE],
    ['\xc3\xbcxx', MAX_LINE - 1],
    ['\xe2\x82\xacyy', MAX_LINE - 1],
    ['x\xf0\x9f\xa6\x8a', MAX_LINE],
  ] as const) {
    const bytes = 'x'.repeat(MAX_LINE - 1) + tail;
    t.equal(eventsIn(bytes, 0, false).used, used, JSON.stringify(tail));
  }
  const nonsense = eventsIn('\x80'.repeat(MAX_LINE + 4), 0, false);
  t.equal(nonsense.used, MAX_LINE, 'what is no UTF-8 is cut anywhere');
  const between = eventsIn(`${'x'.repeat(MAX_LINE - 1)}\r\ry`, 0, false);
  t.equal(between.used, MAX_LINE - 1, 'a CR waits for what is behind it');
});

t.test('whatever is read when: the lines are those of the file', async () => {
  const bytes = fc.string({
    unit: fc.constantFrom('\n', '\r', '\r\n', 'a', ' ', ':', '\xc3\xbc', '\0', '\xff'),
    maxLength: 60,
  });
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(60)), (file, reads) => {
      let at = 0;
      let text = '';
      const sizes = [...reads.sort((a, b) => a - b).map((one) => Math.min(one, file.length))];
      for (const size of sizes) {
        const made = eventsIn(file.slice(at, size), at, false);
        text += made.text;
        at += made.used;
      }
      const last = eventsIn(file.slice(at), at, true);
      text += last.text;
      const lines = file.split('\n');
      if (lines.at(-1) === '') lines.pop();
      const isEnded = (i: number) => i < lines.length - 1 || file.endsWith('\n');
      const expected = lines.map((line, i) =>
        (isEnded(i) ? line.replace(/\r$/, '') : line).replace(/\r\n?/g, '\n'),
      );
      const got = readEvents(text);
      if (JSON.stringify(got.map(({ data }) => data)) !== JSON.stringify(expected)) return false;
      return file === '' || got.at(-1)?.id === String(file.length);
    }),
  );
});
