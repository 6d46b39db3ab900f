import fc from 'fast-check';
import t from 'tap';
import { formatHttpDate, parseHttpDate } from '../../src/http/date.ts';

const EXAMPLE = Date.UTC(1994, 10, 6, 8, 49, 37);

t.test('RFC 9110 §5.6.7: the three forms are read', (t) => {
  const cases: ReadonlyArray<readonly [text: string, ms: number]> = [
    ['Sun, 06 Nov 1994 08:49:37 GMT', EXAMPLE],
    ['Sunday, 06-Nov-94 08:49:37 GMT', EXAMPLE],
    ['Sun Nov  6 08:49:37 1994', EXAMPLE],
    ['Wed Nov 16 08:49:37 1994', Date.UTC(1994, 10, 16, 8, 49, 37)],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['Thursday, 01-Jan-70 00:00:00 GMT', 0],
    ['Thu, 29 Feb 2024 23:59:59 GMT', Date.UTC(2024, 1, 29, 23, 59, 59)],
    ['Sat, 31 Dec 2016 23:59:60 GMT', Date.UTC(2017, 0, 1)],
    // RFC 850: the weekday tells the century
    ['Tuesday, 06-Jan-26 00:00:00 GMT', Date.UTC(2026, 0, 6)],
    ['Wednesday, 06-Jan-26 00:00:00 GMT', Date.UTC(1926, 0, 6)],
    ['Saturday, 01-Jan-00 00:00:00 GMT', Date.UTC(2000, 0, 1)],
    ['Tuesday, 29-Feb-00 00:00:00 GMT', Date.UTC(2000, 1, 29)],
    ['Fri, 31 Dec 9999 23:59:59 GMT', Date.UTC(9999, 11, 31, 23, 59, 59)],
  ];
  for (const [text, ms] of cases) t.equal(parseHttpDate(text), ms, text);
  t.end();
});

t.test('anything else is no date', (t) => {
  const cases = [
    ...['', 'yesterday', '0', '784111777', '1994-11-06T08:49:37Z', 'Sun, 06 Nov 1994'],
    ...['sun, 06 nov 1994 08:49:37 gmt', 'Sun, 06 Nov 1994 08:49:37 gmt'],
    ...['Sun, 06 Nov 1994 08:49:37 UTC', 'Sun, 06 Nov 1994 08:49:37 +0000'],
    ...['Sun, 06 Nov 1994 08:49:37', ' Sun, 06 Nov 1994 08:49:37 GMT'],
    ...['Sun, 06 Nov 1994 08:49:37 GMT ', 'Sun, 06 Nov 1994 08:49:37 GMT, x'],
    ...['Sun,  06 Nov 1994 08:49:37 GMT', 'Sun 06 Nov 1994 08:49:37 GMT'],
    ...['Sun, 6 Nov 1994 08:49:37 GMT', 'Sun, 06 Nov 94 08:49:37 GMT'],
    ...['Sun, 06-Nov-1994 08:49:37 GMT', 'Sun, 06 November 1994 08:49:37 GMT'],
    ...['Mon, 06 Nov 1994 08:49:37 GMT', 'Sun, 00 Nov 1994 08:49:37 GMT'],
    ...['Sun, 06 Nov 1994 24:00:00 GMT', 'Sun, 06 Nov 1994 08:60:37 GMT'],
    ...['Sun, 06 Nov 1994 08:49:61 GMT', 'Sun, 06 Nov 1994 8:49:37 GMT'],
    ...['Thu, 31 Jun 1994 08:49:37 GMT', 'Fri, 31 Jun 1994 08:49:37 GMT'],
    ...['Wed, 29 Feb 2023 00:00:00 GMT', 'Mon, 30 Feb 2024 00:00:00 GMT'],
    ...['Sun, 06-Nov-94 08:49:37 GMT', 'Monday, 06-Nov-94 08:49:37 GMT'],
    ...['Sun Nov 6 08:49:37 1994', 'Sun Nov 06 08:49:37 94', 'Sun Nov  6 08:49:37 1994 GMT'],
  ];
  for (const text of cases) t.equal(parseHttpDate(text), undefined, JSON.stringify(text));
  t.end();
});

t.test('property: what is written is read back, to the second', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (ms) => {
      return parseHttpDate(formatHttpDate(ms)) === Math.floor(ms / 1000) * 1000;
    }),
  );
  t.end();
});

t.test('property: no text makes it throw, no weekday but one names a date', (t) => {
  fc.assert(fc.property(fc.string(), (text) => parseHttpDate(text) === undefined));
  fc.assert(
    fc.property(fc.date({ min: new Date(0), noInvalidDate: true }), (date) => {
      const rest = date.toUTCString().slice(3);
      const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
      if (date.getUTCFullYear() > 9999) return true;
      return days.filter((day) => parseHttpDate(day + rest) !== undefined).length === 1;
    }),
  );
  t.end();
});
