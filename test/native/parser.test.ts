// The request-head parser by RFC section: the message, the request line, the target and Host.
import t from 'tap';
import { claimsOf, get, HOST, to, words } from '../support/parser-claims.ts';
import { buildParser } from '../support/parser-program.ts';

const { parse, accept, refuse } = claimsOf(buildParser(t, 'parser_cli.cc'));

t.test(
  'a head ends at its empty line; what follows is not looked at (RFC 9112 §2.1)',
  async (t) => {
    const head = get(HOST);
    const wanted = { methodText: 'GET', target: '/', minor: 1, fields: { host: 'a' } } as const;
    accept(t, head, { ...wanted, size: head.length });
    accept(t, `${head}GET /next HTTP/1.1\n\0`, { ...wanted, size: head.length });
    for (const part of [
      '',
      'G',
      'GET /',
      'GET / HTTP/1.1\r\n',
      head.slice(0, -1),
      head.slice(0, -2),
    ]) {
      t.equal(parse(t, part).result, 'incomplete');
    }
  },
);

t.test('one empty line is tolerated before the request line (RFC 9112 §2.2)', async (t) => {
  accept(t, `\r\n${get(HOST)}`, { size: get(HOST).length + 2 });
  refuse(t, 'bad_request', '\r\n\r▲\nGET / HTTP/1.1\r\n');
  refuse(t, 'bad_request', '\n▲GET / HTTP/1.1\r\n');
  refuse(t, 'bad_request', '\rG▲ET / HTTP/1.1\r\n');
  refuse(t, 'bad_request', ' ▲GET / HTTP/1.1\r\n');
});

t.test('a line ends with CRLF only (RFC 9112 §2.2)', async (t) => {
  refuse(t, 'bad_request', 'GET /\n▲');
  refuse(t, 'bad_request', 'GET /\r▲\n');
  refuse(t, 'bad_request', 'GET / HTTP/1.1\n▲Host: a\r\n\r\n');
  refuse(t, 'bad_request', 'GET / HTTP/1.1\rH▲ost: a\r\n\r\n');
  refuse(t, 'bad_request', get('Host: a\n▲Accept: b\r\n'));
  refuse(t, 'bad_request', get('Host: a\rb▲\r\n'));
  refuse(t, 'bad_request', get('Host: a\r\r▲\n'));
  refuse(t, 'bad_request', get(`${HOST}\n▲`));
  refuse(t, 'bad_request', `GET / HTTP/1.1\r\n${HOST}\r\r▲`);
});

t.test('the version is HTTP/1.x in capitals (RFC 9112 §2.3, RFC 9110 §2.5)', async (t) => {
  accept(t, 'GET / HTTP/1.0\r\n\r\n', { minor: 0 });
  accept(t, `GET / HTTP/1.1\r\n${HOST}\r\n`, { minor: 1 });
  accept(t, `GET / HTTP/1.9\r\n${HOST}\r\n`, { minor: 1 });
  for (const version of words('HTTP/2.0 HTTP/3.0 HTTP/9.9')) {
    refuse(t, 'version_not_supported', `GET / ${version}\r\n▲${HOST}\r\n`);
  }
  const malformed =
    'HTTP/0▲.9 h▲ttp/1.1 HTTP/1,▲1 HTTP/2\r▲ HTTP/1.10▲ HTTP/11▲.1 HTTPS▲/1.1 \t▲ I▲CY';
  for (const version of words(malformed)) refuse(t, 'bad_request', `GET / ${version}\r\n`);
});

t.test('the request line is three words between single spaces (RFC 9112 §3)', async (t) => {
  refuse(t, 'bad_request', 'GET  ▲/ HTTP/1.1\r\n');
  refuse(t, 'bad_request', 'GET\t▲/ HTTP/1.1\r\n');
  refuse(t, 'bad_request', 'GET /  ▲HTTP/1.1\r\n');
  refuse(t, 'bad_request', 'GET /a b▲ HTTP/1.1\r\n');
  refuse(t, 'bad_request', 'GET / HTTP ▲/1.1\r\n');
  refuse(t, 'bad_request', 'GET / HTTP/1.1 ▲\r\n');
  refuse(t, 'bad_request', 'GET\r▲\n');
});

t.test('the method is a case-sensitive token (RFC 9112 §3.1)', async (t) => {
  for (const method of ['get', 'head', 'options'] as const) {
    accept(t, to('/', method.toUpperCase()), { method });
  }
  for (const methodText of words("POST get GETX PROPFIND !#$%&'*+-.^_`|~0")) {
    accept(t, to('/', methodText), { method: 'other', methodText });
  }
  for (const method of words('G@▲T G"▲ :▲ (▲ \x16▲\x03\x01 \0▲ é▲')) {
    refuse(t, 'bad_request', `${method} / HTTP/1.1\r\n`);
  }
});

t.test(
  'the target has the form that its method calls for (RFC 9112 §3.2.1 to §3.2.4)',
  async (t) => {
    for (const target of words('/ // /a/../b /a?b?c /%41%zz /? /a|b^c`{d}[e]\\"<f> /http://x/')) {
      accept(t, to(target), { target });
    }
    for (const target of words(
      'http://a/ HTTP://A/b?c https://a:443 http://a?q http://[::1]:80/',
    )) {
      accept(t, to(target), { target, fields: { host: 'a' } });
    }
    accept(t, to('*', 'OPTIONS'), { method: 'options', target: '*' });
    for (const target of words('a.example:443 [::1]:443 127.0.0.1:1')) {
      accept(t, to(target, 'CONNECT'), { method: 'other', target });
    }
    const malformed =
      '* ** a a/b a.example:443 ?q http:/a http:a http http:// http:///a ftp://a/ http://u@a/ ' +
      'http://a:b/ http://a:65536/ http://[::1/ http://[::g]/ http://a%/ 1http://a/ x/://a ://a';
    for (const target of words(malformed)) refuse(t, 'bad_request', `GET ${target} ▲HTTP/1.1\r\n`);
    for (const target of words('/ * a.example a.example: :443 http://a:443 [::1] u@a:1')) {
      refuse(t, 'bad_request', `CONNECT ${target} ▲HTTP/1.1\r\n`);
    }
  },
);

t.test(
  'the target has no fragment, no control and no byte above ASCII (RFC 3986 §2)',
  async (t) => {
    for (const byte of words('# \0 \x1f \t \x7f \x80 \xff')) {
      refuse(t, 'bad_request', `GET /a${byte}▲b HTTP/1.1\r\n`);
      refuse(t, 'bad_request', `GET /${'a'.repeat(30)}${byte}▲${'b'.repeat(30)} HTTP/1.1\r\n`);
    }
  },
);

t.test(
  'Host is a host with an optional port, or empty (RFC 9112 §3.2, RFC 9110 §7.2)',
  async (t) => {
    const wellFormed =
      "a A.example a:80 a: a_b-c~d a!$&'()*+,;= %41.example 127.0.0.1:8080 [::1] [2001:db8::1]: " +
      '[::ffff:1.2.3.4]:65535 ';
    for (const host of words(wellFormed)) accept(t, get(`Host: ${host}\r\n`), { fields: { host } });
    const malformed =
      'a/b u@a a:b a:65536 a:99999999999 a:80:80 :80 ::1 [::1 [] [::1]a [::1%25eth0] [v1.a] ' +
      `[1.2.3.4] [1:2:3:4:5:6:7:8:9] [${'1:'.repeat(40)}] % %4 %4g a?b a#b a\\b é "a" a,\ta`;
    for (const host of words(malformed)) refuse(t, 'bad_request', get(`Host: ${host}\r\n▲`));
    refuse(t, 'bad_request', get('Host: a b\r\n▲'));
  },
);

t.test('HTTP/1.1 has exactly one Host, HTTP/1.0 at most one (RFC 9112 §3.2)', async (t) => {
  refuse(t, 'bad_request', get(''));
  refuse(t, 'bad_request', get('Accept: a\r\n'));
  refuse(t, 'bad_request', get('Host: a\r\nhost: a\r\n▲'));
  refuse(t, 'bad_request', get('Host:\r\nHost:\r\n▲'));
  accept(t, 'GET / HTTP/1.0\r\n\r\n', { fields: {} });
  accept(t, 'GET / HTTP/1.0\r\nHost: a\r\n\r\n', { fields: { host: 'a' } });
  refuse(t, 'bad_request', 'GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n▲\r\n');
});

t.test('a head over a limit is refused at the limit (RFC 9112 §3, RFC 6585 §5)', async (t) => {
  accept(t, to(`/${'a'.repeat(9)}`), {}, { target: 10 });
  refuse(t, 'uri_too_long', `GET /${'a'.repeat(10)}▲ HTTP/1.1\r\n`, { target: 10 });
  accept(t, to(`/${'a'.repeat(8191)}`));
  refuse(t, 'uri_too_long', `GET /${'a'.repeat(8192)}▲a HTTP/1.1\r\n`);

  const line = 'A: b\r\n';
  accept(t, get(HOST + line.repeat(99)));
  refuse(t, 'fields_too_large', `GET / HTTP/1.1\r\n${HOST}${line.repeat(99)}A▲`);

  const room = 16384 - get(`${HOST}Cookie: \r\n`).length;
  const exact = get(`${HOST}Cookie: ${'c'.repeat(room)}\r\n`);
  accept(t, exact, { size: 16384 });
  accept(t, `${exact}x`, { size: 16384 });
  refuse(t, 'fields_too_large', `${exact.replace('c', 'cc').slice(0, 16384)}▲\n`);

  refuse(t, 'fields_too_large', 'GET / HTTP/1.1▲\r\n', { head: 14 });
  refuse(t, 'uri_too_long', 'GET /aaaaa▲a', { head: 10 });
  refuse(t, 'not_implemented', `${'M'.repeat(16384)}▲M`);
});
