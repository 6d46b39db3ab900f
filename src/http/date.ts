// HTTP-date, read and written. RFC 9110 §5.6.7.

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const DAY = '(?<weekday>Sun|Mon|Tue|Wed|Thu|Fri|Sat)';
const LONG_DAY = '(?<weekday>Sun|Mon|Tues|Wednes|Thurs|Fri|Satur)day';
const MONTH = `(?<month>${MONTHS.join('|')})`;
const TIME = '(?<hour>[01]\\d|2[0-3]):(?<minute>[0-5]\\d):(?<second>[0-5]\\d|60)';

const FORMS = [
  // IMF-fixdate: Sun, 06 Nov 1994 08:49:37 GMT
  new RegExp(`^${DAY}, (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`),
  // RFC 850: Sunday, 06-Nov-94 08:49:37 GMT
  new RegExp(`^${LONG_DAY}, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT$`),
  // asctime: Sun Nov  6 08:49:37 1994
  new RegExp(`^${DAY} ${MONTH} (?<day>\\d\\d| \\d) ${TIME} (?<year>\\d{4})$`),
];

/**
 * Milliseconds since the epoch, or undefined where the text is none of the three forms or names a day
 * that does not exist or fell on another weekday.
 *
 * An RFC 850 year has two digits. The same day in 19xx and 20xx never falls on the same weekday (a
 * century is 36,524 or 36,525 days), so the weekday tells the century and no clock is needed.
 */
export function parseHttpDate(text: string): number | undefined {
  for (const form of FORMS) {
    const parts = form.exec(text)?.groups;
    if (parts === undefined) continue;
    const year = parts.year ?? '';
    if (year.length === 4) return instant(parts, Number(year));
    return instant(parts, 1900 + Number(year)) ?? instant(parts, 2000 + Number(year));
  }
  return undefined;
}

function instant(parts: Readonly<Record<string, string>>, year: number): number | undefined {
  const day = Number(parts.day);
  const date = new Date(0);
  date.setUTCFullYear(year, MONTHS.indexOf(parts.month ?? ''), day);
  if (date.getUTCDate() !== day) return undefined;
  if (!parts.weekday?.startsWith(DAYS[date.getUTCDay()] ?? '?')) return undefined;
  return date.setUTCHours(Number(parts.hour), Number(parts.minute), Number(parts.second));
}

/** IMF-fixdate of an instant in whole seconds, rounded down. */
export function formatHttpDate(ms: number): string {
  return new Date(ms).toUTCString();
}
