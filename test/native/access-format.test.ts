// A line of the access log as the engine makes it and as the other carriers do: the same bytes for the same exchange.
import { execFileSync } from 'node:child_process';
import t from 'tap';
import { WIRE } from '../../src/addon/wire.ts';
import { userIn } from '../../src/http/credentials.ts';
import { type AccessEntry, accessLine } from '../../src/log/access-line.ts';
import {
  ACCESS_FORMATS,
  type AccessFormat,
  accessFormatOf,
  LOG_FIELDS,
  LOG_VALUES,
} from '../../src/rules/access-format.ts';
import { clientOf } from '../../src/rules/forwarded.ts';
import { inNetworks } from '../../src/rules/networks.ts';
import { cases, pick, type Random, randomOf, replay } from '../fuzz/mutate.ts';
import { sourcesUpTo } from '../support/native.ts';
import { buildProgram } from '../support/native-program.ts';

const program = buildProgram(t, 'access_cli.cc', sourcesUpTo('http'));

const PROTOCOLS = ['HTTP/1.0', 'HTTP/1.1', 'HTTP/2.0'];

interface Given {
  readonly peer: string;
  readonly tls: string;
  readonly protocol: number;
  readonly method: string;
  readonly target: string;
  readonly way: string;
  readonly reason: string;
  /** 0: there was no answer. */
  readonly status: number;
  readonly size: number;
  readonly sent: number;
  readonly end: string;
  readonly ms: number;
  readonly at: number;
  readonly number: number;
  readonly fields: Readonly<Record<string, string>>;
}

const ID = 'x1-';

function hex(words: readonly (string | number)[]): string {
  return words.map((word) => `.${Buffer.from(String(word), 'latin1').toString('hex')}`).join(' ');
}

function byEngine(format: AccessFormat, proxies: readonly string[], given: readonly Given[]) {
  const steps = format.steps.flatMap((step) => [step.value, step.with]);
  const input = [
    hex(['F', Number(format.json), ID, format.steps.length, ...steps, ...proxies]),
    ...given.map((one) =>
      hex([
        ...['E', one.peer, one.tls, one.protocol, one.method, one.target, one.way, one.reason],
        ...[one.status, one.size, one.sent, one.end, 1000, 1000 + one.ms, one.at, one.number],
        ...Object.entries(one.fields).flat(),
      ]),
    ),
  ];
  return execFileSync(program, { input: `${input.join('\n')}\n`, encoding: 'latin1' });
}

function byNode(format: AccessFormat, proxies: readonly string[], given: readonly Given[]): string {
  const isTrusted = inNetworks(proxies);
  return given.map((one) => accessLine(format, entryOf(one, isTrusted))).join('');
}

function entryOf(one: Given, isTrusted: (address: string) => boolean): AccessEntry {
  const field = (name: string) => one.fields[name] ?? '';
  const answered = one.status !== 0;
  const isFile = answered && one.way === 'mmap';
  return {
    at: one.at,
    ms: one.ms,
    peer: one.peer,
    user: userIn(field('authorization')),
    client: clientOf(one.peer, field('x-forwarded-for'), field('forwarded'), isTrusted),
    method: one.method,
    target: one.target,
    protocol: one.method === '' ? '' : (PROTOCOLS[one.protocol] ?? ''),
    status: answered ? one.status : one.end === 'gone' ? 499 : 0,
    bytes: answered ? one.sent : 0,
    end: one.end,
    strategy: answered ? one.way : '',
    reason: isFile ? one.reason : '',
    tls: one.tls,
    id: `${ID}${one.number}`,
    field,
  };
}

const PLAIN: Given = {
  peer: '192.0.2.7',
  tls: '',
  protocol: 1,
  method: 'GET',
  target: '/a/b.css?v=1',
  way: 'mmap',
  reason: 'hot',
  status: 200,
  size: 1536,
  sent: 1536,
  end: 'done',
  ms: 7,
  at: Date.UTC(2026, 10, 26, 18, 23, 42, 5),
  number: 12,
  fields: { referer: 'https://example.org/', 'user-agent': 'curl/8.0' },
};

function basic(text: string, scheme = 'Basic '): string {
  return `${scheme}${Buffer.from(text, 'latin1').toString('base64')}`;
}

t.test('the named formats and patterns', (t) => {
  const NOW = '26/Nov/2026:18:23:42 +0000';
  const rows: ReadonlyArray<readonly [format: string, given: Partial<Given>, line: string]> = [
    ['common', {}, `192.0.2.7 - - [${NOW}] "GET /a/b.css?v=1 HTTP/1.1" 200 1536`],
    [
      'combined',
      {},
      `192.0.2.7 - - [${NOW}] "GET /a/b.css?v=1 HTTP/1.1" 200 1536 "https://example.org/" "curl/8.0"`,
    ],
    [
      'combined',
      { fields: {}, sent: 0, status: 304 },
      `192.0.2.7 - - [${NOW}] "GET /a/b.css?v=1 HTTP/1.1" 304 - "-" "-"`,
    ],
    [
      'common',
      { method: '', target: '', status: 408, sent: 3 },
      `192.0.2.7 - - [${NOW}] "-" 408 3`,
    ],
    [
      'common',
      { status: 0, end: 'gone' },
      `192.0.2.7 - - [${NOW}] "GET /a/b.css?v=1 HTTP/1.1" 499 -`,
    ],
    ['%>s', { status: 0, end: 'cancelled' }, '-'],
    ['%u', { fields: { authorization: basic('ada:secret:s') } }, 'ada'],
    ['%u', { fields: { authorization: basic('a b"\n\xe9:x', 'bAsIc   ') } }, 'a b\\x22\\x0A\\xE9'],
    ['%u', { fields: { authorization: basic(':x') } }, '-'],
    ['%u', { fields: { authorization: basic('ada') } }, '-'],
    ['%u', { fields: { authorization: 'Basic YWRhOng' } }, 'ada'],
    ['%u', { fields: { authorization: 'Basic YWRh!Ong=' } }, '-'],
    ['%u', { fields: { authorization: 'Basic YWRhOng===' } }, '-'],
    ['%u', { fields: { authorization: 'BasicYWRhOng=' } }, '-'],
    ['%u', { fields: { authorization: 'Basic' } }, '-'],
    ['%u', { fields: { authorization: 'Bearer YWRhOng=' } }, '-'],
    [
      'common',
      { fields: { authorization: basic('ada:x') } },
      `192.0.2.7 - ada [${NOW}] "GET /a/b.css?v=1 HTTP/1.1" 200 1536`,
    ],
    ['%r', { target: '/"\\\x7f\xe9' }, 'GET /\\x22\\x5C\\x7F\\xE9 HTTP/1.1'],
    ['%{User-Agent}i', { fields: { 'user-agent': 'a\nb' } }, 'a\\x0Ab'],
    ['%D %T %{ms}T', { ms: 12_345 }, '12345000 12.345 12345'],
    ['%T', { ms: 7 }, '0.007'],
    ['%X', { end: 'timed-out' }, 'timed-out'],
    ['%{strategy}x:%{reason}x %{tls}x', { tls: 'TLSv1.3' }, 'mmap:hot TLSv1.3'],
    ['%{strategy}x:%{reason}x', { way: 'none', status: 304, sent: 0 }, 'none:-'],
    ['%{size}x', { size: 1536 }, '1.5k'],
    ['%{size}x', { size: 1023, sent: 1023 }, '1023B'],
    ['%m %U %q %H', {}, 'GET /a/b.css v=1 HTTP/1.1'],
    ['%q', { target: '/a?' }, '-'],
    ['%L', {}, 'x1-12'],
    ['%L', { fields: { 'x-request-id': 'ab-1.2' } }, 'ab-1.2'],
    ['%L', { fields: { 'x-request-id': 'no good' } }, 'x1-12'],
    ['100%% %{iso}t', {}, '100% 2026-11-26T18:23:42.005Z'],
    ['%a %{c}a', { peer: 'unix:' }, 'unix: unix:'],
    ['%a', { peer: '' }, '-'],
    ['%a', { peer: '2001:db8::1' }, '2001:db8::1'],
    [
      'json',
      { fields: { 'user-agent': '"x"', host: 'example.org' }, tls: 'TLSv1.3' },
      '{"time":"2026-11-26T18:23:42.005Z","client":"192.0.2.7","user":null,"method":"GET","target":"/a/b.css?v=1",' +
        '"protocol":"HTTP/1.1","host":"example.org","status":200,"bytes":1536,"end":"done","ms":7,"referer":null,' +
        '"agent":"\\u0022x\\u0022","strategy":"mmap","reason":"hot","tls":"TLSv1.3","id":"x1-12"}',
    ],
    ['pretty', {}, '18:23:42 200 GET /a/b.css?v=1 1.5k 7ms mmap'],
    ['pretty', { end: 'gone', sent: 5 }, '18:23:42 200 GET /a/b.css?v=1 5B 7ms mmap gone'],
  ];
  process.env.TZ = 'UTC';
  for (const [name, given, line] of rows) {
    const format = accessFormatOf(name, false);
    const all = [{ ...PLAIN, ...given }];
    t.equal(byEngine(format, [], all), `${line}\n`, name);
    t.equal(byNode(format, [], all), `${line}\n`, name);
  }
  t.end();
});

t.test('a line of JSON is JSON, whatever is in it', (t) => {
  const every = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('');
  const given = { ...PLAIN, target: `/${every}`, fields: { referer: every } };
  const line = JSON.parse(byNode(accessFormatOf('json', false), [], [given]));
  t.equal(line.target, `/${every}`);
  t.equal(line.referer, every);
  t.end();
});

t.test('the client is the last on the way that is no trusted proxy', (t) => {
  const proxies = ['10.0.0.0/8', '2001:db8::/32'];
  const xff = 'x-forwarded-for';
  const rows: ReadonlyArray<readonly [peer: string, fields: Record<string, string>, string]> = [
    ['10.0.0.1', {}, '10.0.0.1'],
    ['10.0.0.1', { [xff]: '203.0.113.9' }, '203.0.113.9'],
    ['203.0.113.1', { [xff]: '198.51.100.1' }, '203.0.113.1'],
    ['10.0.0.1', { [xff]: '198.51.100.1, 203.0.113.9' }, '203.0.113.9'],
    ['10.0.0.1', { [xff]: '203.0.113.9, 10.2.2.2' }, '203.0.113.9'],
    ['10.0.0.1', { [xff]: '10.1.1.1,10.2.2.2' }, '10.1.1.1'],
    ['10.0.0.1', { [xff]: '203.0.113.9, unknown' }, '10.0.0.1'],
    ['10.0.0.1', { [xff]: '203.0.113.9:4711' }, '203.0.113.9'],
    ['10.0.0.1', { [xff]: '2001:db9::7' }, '2001:db9::7'],
    ['10.0.0.1', { [xff]: '[2001:db9::7]:80' }, '2001:db9::7'],
    ['10.0.0.1', { [xff]: '[2001:db9::7' }, '10.0.0.1'],
    ['10.0.0.1', { [xff]: ' , ' }, '10.0.0.1'],
    ['2001:db8::1', { forwarded: 'for=203.0.113.9;proto=http' }, '203.0.113.9'],
    ['10.0.0.1', { forwarded: 'proto=https; FOR="[2001:db9::7]:4711"' }, '2001:db9::7'],
    ['10.0.0.1', { forwarded: 'for=203.0.113.9, for=10.2.2.2' }, '203.0.113.9'],
    ['10.0.0.1', { forwarded: 'for=_hidden, for=10.2.2.2' }, '10.2.2.2'],
    ['10.0.0.1', { forwarded: 'by=203.0.113.9' }, '10.0.0.1'],
    ['10.0.0.1', { forwarded: 'for="a,b";x, for=203.0.113.9' }, '203.0.113.9'],
    ['10.0.0.1', { forwarded: 'for=203.0.113.9', [xff]: '203.0.113.9' }, '10.0.0.1'],
    ['unix:', { [xff]: '203.0.113.9' }, 'unix:'],
  ];
  const format = accessFormatOf('%a', false);
  for (const [peer, fields, client] of rows) {
    const given = [{ ...PLAIN, peer, fields }];
    t.equal(byEngine(format, proxies, given), `${client}\n`, `${peer} ${JSON.stringify(fields)}`);
    t.equal(byNode(format, proxies, given), `${client}\n`);
  }
  t.end();
});

t.test('both agree on random exchanges in random formats', (t) => {
  for (const number of cases(30)) {
    const random = randomOf(number);
    const format = randomFormat(random);
    const proxies = ['10.0.0.0/8', '2001:db8::/32'].slice(random(3));
    const given = Array.from({ length: 100 }, () => randomExchange(random));
    const wanted = byNode(format, proxies, given);
    if (byEngine(format, proxies, given) !== wanted) t.fail(`differ: ${replay(number)}`);
  }
  t.pass('all the same');
  t.end();
});

function randomFormat(random: Random): AccessFormat {
  if (random(3) === 0) return accessFormatOf(pick(ACCESS_FORMATS, random), random(2) === 0);
  const steps = Array.from({ length: 1 + random(12) }, () => {
    const value = pick(LOG_VALUES, random);
    const words = value === 'field' ? pick(LOG_FIELDS, random) : value === 'text' ? ' | ' : '';
    return { value, with: words };
  });
  return { steps, json: random(2) === 0 };
}

function randomExchange(random: Random): Given {
  const bytes = () =>
    Array.from({ length: random(12) }, () =>
      String.fromCharCode(pick([random(256), 97 + random(26)], random)),
    ).join('');
  const address = () =>
    pick(['10.0.0.1', '10.9.8.7', '203.0.113.9', '2001:db8::5', '2001:db9::7', '::1', 'x'], random);
  const way = pick(['none', 'bytes', 'mmap'], random);
  const size = way === 'none' ? 0 : pick([0, 1, random(5000), random(2_000_000)], random);
  const fields: Record<string, string> = {};
  for (const name of LOG_FIELDS) if (random(3) === 0) fields[name] = bytes();
  const list = (write: (node: string) => string) =>
    Array.from({ length: 1 + random(3) }, () => write(address())).join(pick([',', ', '], random));
  if (random(2) === 0) {
    const token = basic(`${bytes()}${pick([':', ''], random)}${bytes()}`, '').slice(random(3));
    fields.authorization = `${pick(['Basic', 'basic', 'Bearer'], random)} ${token}${pick(['', '='], random)}`;
  }
  if (random(2) === 0) fields['x-forwarded-for'] = list((node) => node);
  if (random(2) === 0)
    fields.forwarded = list((node) => `for=${node.includes(':') ? `"[${node}]"` : node}`);
  return {
    peer: pick(['10.0.0.1', '203.0.113.9', '2001:db8::1', 'unix:', ''], random),
    tls: pick(['', 'TLSv1.3', 'TLSv1.2'], random),
    protocol: random(3),
    method: pick(['GET', 'HEAD', 'POST', ''], random),
    target: `/${bytes()}${pick(['', '?', `?${bytes()}`], random)}`,
    way,
    reason: pick(WIRE.reasons, random),
    status: pick([0, 200, 206, 304, 404, 503], random),
    size,
    sent: random(size + 1),
    end: pick(WIRE.ends, random),
    ms: pick([0, random(1000), random(100_000)], random),
    at: Date.UTC(
      2026,
      random(12),
      1 + random(28),
      random(24),
      random(60),
      random(60),
      random(1000),
    ),
    number: random(1_000_000),
    fields,
  };
}
