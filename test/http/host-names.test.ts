// Names of virtual hosts: how they are written, and which of them an authority is for.
import t from 'tap';
import { HostNames, parseHostName } from '../../src/http/host-names.ts';
import { MATCHES, NAMES } from './host-matches.ts';

t.test('a name has one form', async (t) => {
  for (const [text, name] of [
    ['example.org', 'example.org'],
    ['EXAMPLE.Org', 'example.org'],
    ['example.org.', 'example.org'],
    ['*.example.org', '*.example.org'],
    ['*.Example.org.', '*.example.org'],
    ['localhost', 'localhost'],
    ['127.0.0.1', '127.0.0.1'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['*.BÜCHER.example', '*.xn--bcher-kva.example'],
    ['under_score.example', 'under_score.example'],
    [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
  ] as const) {
    t.same(parseHostName(text), { name }, text);
  }
});

t.test('what is no name is told why', async (t) => {
  for (const [text, wrong] of [
    ['', /label is empty/],
    ['*', /beside hosts/],
    ['example.org:80', /no port/],
    ['https://example.org', /no scheme/],
    ['example.org/a', /no path/],
    ['[::1]', /IPv6/],
    ['a..b', /label is empty/],
    ['.example.org', /label is empty/],
    ['*.', /label is empty/],
    ['example.org..', /label is empty/],
    ['www.*.org', /asterisk/],
    ['w*.example.org', /asterisk/],
    ['*.*.example.org', /asterisk/],
    ['*example.org', /asterisk/],
    ['-a.example', /not a name/],
    ['a-.example', /not a name/],
    ['a b.example', /not a name/],
    ['user@bücher.example', /not a name/],
    ['bücher.example?q', /not a name/],
    ['a%62.example', /not a name/],
    [`${'a'.repeat(64)}.example`, /too long/],
    [`${'a.'.repeat(126)}example`, /too long/],
  ] as const) {
    const parsed = parseHostName(text);
    t.match('wrong' in parsed ? parsed.wrong : parsed, wrong, JSON.stringify(text));
  }
});

t.test('the name itself before the longest pattern before the rest', async (t) => {
  const names = new HostNames(NAMES);
  for (const [authority, host] of MATCHES) t.equal(names.find(authority), host, authority);
  t.equal(new HostNames().find('example.org'), 0, 'without hosts');
});
