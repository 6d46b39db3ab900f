// What a line of the access log consists of: named formats, and patterns as Apache's mod_log_config has them.

/** What a step writes. Text stands as it is; `field` is a request's. The other side is native/http/access_format.h. */
export const LOG_VALUES = [
  'text',
  'client',
  'peer',
  'user',
  'common-time',
  'iso-time',
  'clock-time',
  'method',
  'target',
  'path',
  'query',
  'protocol',
  'request',
  'status',
  'bytes',
  'common-bytes',
  'size',
  'microseconds',
  'milliseconds',
  'seconds',
  'elapsed',
  'end',
  'fault',
  'strategy',
  'reason',
  'tls',
  'id',
  'field',
  'colour',
] as const;

export type LogValue = (typeof LOG_VALUES)[number];

/** `with`: of `text` the text, of `field` its name; else empty. */
export interface LogStep {
  readonly value: LogValue;
  readonly with: string;
}

export interface AccessFormat {
  readonly steps: readonly LogStep[];
  /** Are values JSON's: texts in quotes, null for what is not there? */
  readonly json: boolean;
}

/** Request fields that a line may have: those that every carrier keeps. */
export const LOG_FIELDS = [
  ...['referer', 'user-agent', 'x-request-id', 'host', 'accept', 'accept-encoding', 'range'],
  ...['if-range', 'if-none-match', 'if-modified-since', 'origin', 'sec-fetch-dest', 'via'],
  ...['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'],
];

/** Directives without braces. `%r`, `%b` and the times are Apache's; %T is in seconds with thousandths, as nginx has it. */
const DIRECTIVES: Readonly<Record<string, LogValue | string>> = {
  '%%': '%',
  '%a': 'client',
  '%h': 'client',
  '%l': '-',
  '%u': 'user',
  '%t': 'common-time',
  '%r': 'request',
  '%m': 'method',
  '%U': 'path',
  '%q': 'query',
  '%H': 'protocol',
  '%s': 'status',
  '%>s': 'status',
  '%b': 'common-bytes',
  '%B': 'bytes',
  '%D': 'microseconds',
  '%T': 'seconds',
  '%L': 'id',
  '%X': 'end',
};

/** Directives with a name in braces. */
const BRACED: Readonly<Record<string, Readonly<Record<string, LogValue>>>> = {
  a: { c: 'peer' },
  t: { iso: 'iso-time', clock: 'clock-time' },
  T: { ms: 'milliseconds', us: 'microseconds', s: 'seconds' },
  x: { target: 'target', strategy: 'strategy', reason: 'reason', tls: 'tls', size: 'size' },
};

const PATTERN = /%(?:\{([^}]*)\}([a-zA-Z])|>s|[a-zA-Z%])|[^%]+|%/g;

/** The steps of a pattern; or what is wrong with it. */
export function parseAccessPattern(pattern: string): readonly LogStep[] | string {
  const steps: LogStep[] = [];
  for (const [part, name, letter] of pattern.matchAll(PATTERN)) {
    const step = letter === undefined ? stepOf(part) : bracedStep(name ?? '', letter);
    if (step === undefined) return `${part} is unknown`;
    // Apache's brackets around the time of day belong to its directive.
    if (part === '%t') steps.push(text('['), step, text(']'));
    else steps.push(step);
  }
  return steps;
}

function stepOf(part: string): LogStep | undefined {
  if (!part.startsWith('%')) return text(part);
  const found = Object.hasOwn(DIRECTIVES, part) ? DIRECTIVES[part] : undefined;
  if (found === undefined) return undefined;
  const value = LOG_VALUES.find((one) => one === found);
  return value === undefined ? text(found) : { value, with: '' };
}

function bracedStep(name: string, letter: string): LogStep | undefined {
  if (letter === 'i') {
    const field = name.toLowerCase();
    return LOG_FIELDS.includes(field) ? { value: 'field', with: field } : undefined;
  }
  const row = Object.hasOwn(BRACED, letter) ? BRACED[letter] : undefined;
  const value = row && Object.hasOwn(row, name) ? row[name] : undefined;
  return value === undefined ? undefined : { value, with: '' };
}

function text(words: string): LogStep {
  return { value: 'text', with: words };
}

const COMMON = '%h %l %u %t "%r" %>s %b';
const COMBINED = `${COMMON} "%{Referer}i" "%{User-Agent}i"`;

export const ACCESS_FORMATS = ['combined', 'common', 'json', 'pretty'] as const;

/** The members of a line of JSON, in order. */
const MEMBERS: ReadonlyArray<readonly [name: string, value: LogValue, field?: string]> = [
  ['time', 'iso-time'],
  ['client', 'client'],
  ['user', 'user'],
  ['method', 'method'],
  ['target', 'target'],
  ['protocol', 'protocol'],
  ['host', 'field', 'host'],
  ['status', 'status'],
  ['bytes', 'bytes'],
  ['end', 'end'],
  ['ms', 'milliseconds'],
  ['referer', 'field', 'referer'],
  ['agent', 'field', 'user-agent'],
  ['strategy', 'strategy'],
  ['reason', 'reason'],
  ['tls', 'tls'],
  ['id', 'id'],
];

/** A named format, or a pattern that `parseAccessPattern` takes. `colours`: the reader is a terminal. */
export function accessFormatOf(name: string, colours: boolean): AccessFormat {
  switch (name) {
    case 'json':
      return { steps: jsonSteps(), json: true };
    case 'pretty':
      return { steps: prettySteps(colours), json: false };
    default: {
      const pattern = name === 'combined' ? COMBINED : name === 'common' ? COMMON : name;
      const steps = parseAccessPattern(pattern);
      if (typeof steps === 'string') throw new Error(`access format: ${steps}`);
      return { steps, json: false };
    }
  }
}

function jsonSteps(): LogStep[] {
  const steps = MEMBERS.flatMap(([name, value, field = ''], i) => [
    text(`${i === 0 ? '{' : ','}"${name}":`),
    { value, with: field },
  ]);
  return [...steps, text('}')];
}

/** ECMA-48 §8.3.117: faint, and back. */
const FAINT = '\x1b[2m';
const PLAIN = '\x1b[0m';

function prettySteps(colours: boolean): LogStep[] {
  const step = (value: LogValue): LogStep => ({ value, with: '' });
  const faint = (words: string) => text(colours ? `${FAINT}${words}` : words);
  const plain = (words: string) => text(colours ? `${PLAIN}${words}` : words);
  return [
    faint(''),
    step('clock-time'),
    plain(' '),
    ...(colours ? [step('colour')] : []),
    step('status'),
    plain(' '),
    step('method'),
    text(' '),
    step('target'),
    faint(' '),
    step('size'),
    text(' '),
    step('elapsed'),
    text(' '),
    step('strategy'),
    plain(''),
    ...(colours ? [step('colour')] : []),
    step('fault'),
    plain(''),
  ].filter((one) => one.value !== 'text' || one.with !== '');
}
