// The request-head parser by RFC section: field lines, the body's framing, persistence and expectations.
import t from 'tap';
import { WIRE } from '../../src/addon/wire.ts';
import { claimsOf, get, HOST, words } from '../support/parser-claims.ts';
import { buildParser } from '../support/parser-program.ts';

const { parse, accept, refuse } = claimsOf(buildParser(t, 'parser_cli.cc'));

t.test('a field name is a token with its colon at once (RFC 9112 §5.1)', async (t) => {
  accept(t, get(`${HOST}!#$%&'*+-.^_\`|~09aZ: x\r\nACCEPT:y\r\n`), { fields: { accept: 'y' } });
  for (const name of [' ▲Host', '\t▲Host', 'Host ▲', 'Host\t▲', 'Ho ▲st', 'Host\r▲']) {
    refuse(t, 'bad_request', get(`${name}: a\r\n`));
  }
  for (const name of words(':▲ H\0▲ H\xe9▲ (▲ H"▲ X-Unknown-Name-Of-Some-Length@▲')) {
    refuse(t, 'bad_request', get(`${name}: a\r\n`));
  }
});

t.test('lines do not fold (RFC 9112 §5.2)', async (t) => {
  refuse(t, 'bad_request', get(`${HOST}Accept: a\r\n ▲b\r\n`));
  refuse(t, 'bad_request', get(`${HOST}Accept: a\r\n\t▲\r\n`));
});

t.test('a value is any text without controls, trimmed of blanks (RFC 9110 §5.5)', async (t) => {
  const accept_ = (line: string, value: string) =>
    accept(t, get(`${HOST}Accept:${line}\r\n`), { fields: { accept: value } });
  const value = 'b\tc  d;"e"\x80\xff';
  for (const line of [value, ` ${value}`, `\t ${value}\t  `]) accept_(line, value);
  for (const line of ['', ' ', ' \t\t ']) accept_(line, '');
  for (const byte of words('\0 \x01 \b \v \x1f \x7f')) {
    refuse(t, 'bad_request', get(`${HOST}Accept: a${byte}▲b\r\n`));
    refuse(t, 'bad_request', get(`${HOST}X-Other: ${'a'.repeat(40)}${byte}▲${'b'.repeat(40)}\r\n`));
  }
});

const values: Record<string, string> = { 'content-length': '7', 'transfer-encoding': 'chunked' };

t.test('every field that the server reads is found by its whole name, in any case', async (t) => {
  for (const name of WIRE.fields) {
    const value = values[name] ?? 'v';
    const host = name === 'host' ? '' : HOST;
    for (const sent of [name, name.toUpperCase()]) {
      accept(t, get(`${host}${sent}: ${value}\r\n`), { fields: { [name]: value } });
    }
    const others = [
      `${name}x`,
      `x${name}`,
      name.slice(1),
      name.slice(0, -1),
      `${name[0]}_${name.slice(2)}`,
    ];
    const { head } = parse(t, `GET / HTTP/1.0\r\n${others.join(': v\r\n')}: v\r\n\r\n`);
    t.strictSame(head?.fields, {}, `names near to ${name}`);
  }
});

t.test('TypeScript knows the fields in the order of the engine', async (t) => {
  for (const without of ['content-length', 'transfer-encoding']) {
    const names = WIRE.fields.filter((name) => name !== without);
    const lines = names.map(
      (name) => `${name}: ${name === 'host' ? 'a' : (values[name] ?? 'v')}\r\n`,
    );
    const { head } = parse(t, get(lines.reverse().join('')));
    t.strictSame(Object.keys(head?.fields ?? {}), names);
  }
});

t.test(
  'a repeated field keeps its first line, and all its lines join in order (RFC 9110 §5.3)',
  async (t) => {
    const accepts = 'Accept: a\r\nX: y\r\naccept:\r\nACCEPT: b, c \r\n';
    const lines = `${HOST}${accepts}Origin: d=1\r\nOrigin: e=2\r\nRange: f\r\n`;
    for (const before of ['', '\r\n']) {
      const { head } = parse(t, before + get(lines));
      t.strictSame(head?.fields, { host: 'a', accept: 'a', range: 'f', origin: 'd=1' });
      t.strictSame(head?.joined, { accept: 'a, , b, c', origin: 'd=1, e=2' });
    }
  },
);

t.test('Content-Length is one decimal number (RFC 9110 §8.6, RFC 9112 §6.3)', async (t) => {
  for (const contentLength of words('0 7 18446744073709551615')) {
    accept(t, get(`${HOST}Content-Length: ${contentLength}\r\n`), {
      contentLength,
      chunked: false,
    });
  }
  accept(t, get(`${HOST}Content-Length:\t007 \r\n`), { contentLength: '7' });
  accept(t, get(HOST), { contentLength: '0', chunked: false });
  const malformed =
    '-1 +1 1.0 0x1 5,5 5, 1e3 a 18446744073709551616 18446744073709551620 99999999999999999999999 ';
  for (const length of words(malformed)) {
    refuse(t, 'bad_request', get(`${HOST}Content-Length: ${length}\r\n▲`));
  }
  refuse(t, 'bad_request', get(`${HOST}Content-Length: 1 1\r\n▲`));
  refuse(t, 'bad_request', get(`${HOST}Content-Length: 5\r\nContent-Length: 5\r\n▲`));
});

t.test('chunked, once and last, is the one coding decoded (RFC 9112 §6.1, §6.3)', async (t) => {
  for (const coding of ['chunked', 'Chunked', 'CHUNKED', ' chunked\t']) {
    accept(t, get(`${HOST}Transfer-Encoding:${coding}\r\n`), { chunked: true, contentLength: '0' });
  }
  for (const coding of words('gzip,chunked x,gzip,Chunked identity,chunked')) {
    refuse(t, 'not_implemented', get(`${HOST}Transfer-Encoding: ${coding}\r\n▲`));
  }
  const endless = 'gzip identity xchunked chunke chunked;q=1 "chunked" chunked,gzip gzip,x';
  const malformed = ', ,chunked chunked, chunked,chunked gzip,,chunked gzip,chunked,chunked ';
  for (const coding of words(`${endless} ${malformed}`)) {
    refuse(t, 'bad_request', get(`${HOST}Transfer-Encoding: ${coding}\r\n▲`));
  }
  const chunked = 'Transfer-Encoding: chunked\r\n';
  refuse(t, 'bad_request', get(`${HOST}${chunked}${chunked}▲`));
});

t.test('chunked stands beside no length and not on HTTP/1.0 (RFC 9112 §6.1)', async (t) => {
  const [chunked, length] = ['Transfer-Encoding: chunked\r\n', 'Content-Length: 5\r\n'];
  refuse(t, 'bad_request', get(`${HOST}${length}${chunked}▲`));
  refuse(t, 'bad_request', get(`${HOST}${chunked}${length}▲`));
  refuse(t, 'bad_request', `POST / HTTP/1.0\r\n${chunked}▲\r\n`);
});

t.test('the connection persists by version and Connection options (RFC 9112 §9.3)', async (t) => {
  const table: readonly (readonly [minor: number, lines: string, keepAlive: boolean])[] = [
    [1, '', true],
    [1, 'Connection: close\r\n', false],
    [1, 'Connection: CLOSE\r\n', false],
    [1, 'Connection: x,\tclose ,y\r\n', false],
    [1, 'Connection: keep-alive, close\r\n', false],
    [1, 'Connection: keep-alive\r\nConnection: close\r\n', false],
    [1, 'Connection: closed, enclose, "close"\r\n', true],
    [1, 'Connection:\r\n', true],
    [0, '', false],
    [0, 'Connection: Keep-Alive\r\n', true],
    [0, 'Connection: x\r\nConnection: keep-alive\r\n', true],
    [0, 'Connection: keep-alive, close\r\n', false],
  ];
  for (const [minor, lines, keepAlive] of table) {
    accept(t, `GET / HTTP/1.${minor}\r\n${HOST}${lines}\r\n`, { keepAlive });
  }
});

t.test('100-continue is expected on HTTP/1.1 only (RFC 9110 §10.1.1)', async (t) => {
  accept(t, get(`${HOST}Expect: 100-Continue\r\n`), { expectContinue: true });
  accept(t, get(`${HOST}Expect: x, 100-continue\r\n`), { expectContinue: true });
  accept(t, get(`${HOST}Expect: 100-continued\r\n`), { expectContinue: false });
  accept(t, get(HOST), { expectContinue: false });
  accept(t, 'GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n', { expectContinue: false });
});
