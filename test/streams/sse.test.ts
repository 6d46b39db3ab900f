import fc from 'fast-check';
import t from 'tap';
import { controlEvent, dataEvent, eventFormOf, wholeCharacters } from '../../src/streams/sse.ts';

/** WHATWG HTML §9.2.6, as far as these events go. */
function readEvents(text: string): Array<{ event: string; data: string }> {
  return text
    .split(/(?:\r\n|\r|\n){2}/)
    .filter((block) => block !== '')
    .map((block) => {
      const lines = block.split(/\r\n|\r|\n/).map((line) => /^(\w+): ?(.*)$/s.exec(line) ?? []);
      const values = (name: string) =>
        lines.flatMap(([, field, value = '']) => (field === name ? [value] : []));
      return { event: values('event').join(), data: values('data').join('\n') };
    });
}

t.test('PROTOCOL.md §5.8: how data goes, by media type', async (t) => {
  const cases = {
    'text/plain': 'text',
    'text/html': 'text',
    'application/json': 'json',
    'application/ndjson': 'base64',
    'application/octet-stream': 'base64',
    'image/png': 'base64',
  };
  for (const [type, form] of Object.entries(cases)) t.equal(eventFormOf(type), form, type);
});

t.test('data is in lines, whatever is in it', async (t) => {
  const text = (value: string) => dataEvent(Buffer.from(value), 'text');
  t.equal(text('one'), 'event: data\ndata:one\n\n');
  t.equal(
    text('one\ntwo\r\nthree\rfour'),
    'event: data\ndata:one\ndata:two\ndata:three\ndata:four\n\n',
  );
  t.equal(text(' x'), 'event: data\ndata:  x\n\n', 'the reader drops one blank');
  t.equal(text('x\n'), 'event: data\ndata:x\ndata:\n\n');
  t.equal(
    dataEvent(Buffer.from('{"a":1},\n{"b":2},\n'), 'json'),
    'event: data\ndata:[\ndata:{"a":1},\ndata:{"b":2}\ndata:]\n\n',
  );
  t.equal(dataEvent(Buffer.from([0, 1, 2, 255]), 'base64'), 'event: data\ndata:AAEC/w==\n\n');
});

t.test('no text makes another event, and all of it arrives', async (t) => {
  const piece = fc.constantFrom(
    '\r',
    '\n',
    '\r\n',
    'event: control',
    'data:',
    ' ',
    'id: 1',
    ':',
    'x',
    'ü',
    '\u0000',
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const text = pieces.join('');
      t.same(readEvents(dataEvent(Buffer.from(text), 'text')), [
        { event: 'data', data: text.replace(/\r\n|\r/g, '\n') },
      ]);
    }),
  );
});

t.test('control events', async (t) => {
  const open = { nextOffset: '7', cursor: '42', upToDate: false, closed: false };
  t.equal(
    controlEvent(open),
    'event: control\ndata:{"streamNextOffset":"7","streamCursor":"42"}\n\n',
  );
  t.equal(
    controlEvent({ ...open, upToDate: true }),
    'event: control\ndata:{"streamNextOffset":"7","streamCursor":"42","upToDate":true}\n\n',
  );
  t.equal(
    controlEvent({ nextOffset: '7', cursor: undefined, upToDate: true, closed: true }),
    'event: control\ndata:{"streamNextOffset":"7","upToDate":true,"streamClosed":true}\n\n',
  );
});

t.test('a character is not cut in two', async (t) => {
  const bytes = Buffer.from('aü€😀');
  const whole = [0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10];
  for (const [length, end] of whole.entries()) {
    t.equal(wholeCharacters(bytes.subarray(0, length)), end, `${length} bytes`);
  }
  t.equal(wholeCharacters(Buffer.from([0x80, 0x80, 0x80, 0x80])), 4, 'no characters at all');
  t.equal(wholeCharacters(Buffer.from([0x61, 0xff])), 1, 'what begins one of four');
});
