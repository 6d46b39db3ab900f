import fc from 'fast-check';
import t from 'tap';
import { parseTarget } from '../../src/http/target.ts';
import {
  compileRedirects,
  compileRewrites,
  type RedirectRule,
  type RewriteRule,
} from '../../src/rules/redirects.ts';

function locate(from: string, to: string, path: string, query = ''): string | undefined {
  return compileRedirects([{ from, to }])(path, query)?.location;
}

t.test('patterns: what matches, and where it leads', (t) => {
  const cases: ReadonlyArray<
    readonly [from: string, to: string, path: string, location: string | undefined]
  > = [
    ['/old', '/new', '/old', '/new'],
    ['/old', '/new', '/older', undefined],
    ['/old', '/new', '/x/old', undefined],
    ['/old', '/new', '/old/x', undefined],
    ['/old', '/new', '/OLD', undefined],
    ['/old/', '/new/', '/old', '/new/'],
    ['/', '/home', '/', '/home'],
    ['/a.b', '/c', '/axb', undefined],
    ['/a(b)+[c]', '/d', '/a(b)+[c]', '/d'],
    ['/über uns', '/about', '/über uns', '/about'],
    // :name
    ['/p/:id', '/posts/:id', '/p/7', '/posts/7'],
    ['/p/:id', '/posts/:id', '/p/7/8', undefined],
    ['/p/:id', '/posts/:id', '/p', undefined],
    ['/:y/:m/x', '/x?y=:y&m=:m', '/2026/07/x', '/x?y=2026&m=07'],
    ['/:name.php', '/pages/:name', '/about.php', '/pages/about'],
    ['/:name.php', '/pages/:name', '/a.b.php', '/pages/a.b'],
    ['/:name.php', '/pages/:name', '/.php', undefined],
    ['/v-:n', '/version/:n', '/v-2', '/version/2'],
    ['/p/:id', '/q/:id/:id', '/p/7', '/q/7/7'],
    ['/p/:id', '/q/:id.html', '/p/7', '/q/7.html'],
    // *
    ['/docs/*', '/manual/*', '/docs/a/b', '/manual/a/b'],
    ['/docs/*', '/manual/*', '/docs', '/manual/'],
    ['/docs/*', '/manual', '/docs/a', '/manual'],
    ['/docs/*', '/manual/*', '/docsx/a', undefined],
    ['/:lang/docs/*', '/docs/:lang/*', '/de/docs/a/b', '/docs/de/a/b'],
    ['/*', 'https://new.example/*', '/a/b', 'https://new.example/a/b'],
    ['/*', 'https://new.example/*', '/', 'https://new.example/'],
    // Captures are percent-encoded, slashes stay
    ['/p/:id', '/q/:id', '/p/a b?#%', '/q/a%20b%3F%23%25'],
    ['/p/*', '/q/*', '/p/ü/ö', '/q/%C3%BC/%C3%B6'],
    ['/p/:id', '/q/:id', '/p/a\r\nSet-Cookie: x', '/q/a%0D%0ASet-Cookie%3A%20x'],
    ['/p/:id', '/s?q=:id', '/p/a&b=c', '/s?q=a%26b%3Dc'],
    // A port is no name
    ['/a', 'http://localhost:8080/b', '/a', 'http://localhost:8080/b'],
    ['/a/:x', 'http://[::1]:8080/:x', '/a/b', 'http://[::1]:8080/b'],
  ];
  for (const [from, to, path, location] of cases) {
    t.equal(locate(from, to, path), location, `${from} → ${to} for ${path}`);
  }
  t.end();
});

t.test('the query is kept, after the target’s own and before its fragment', (t) => {
  const cases: ReadonlyArray<readonly [to: string, query: string, location: string]> = [
    ['/new', '', '/new'],
    ['/new', '?a=1', '/new?a=1'],
    ['/new?b=2', '?a=1', '/new?b=2&a=1'],
    ['/new#part', '?a=1', '/new?a=1#part'],
    ['/new?b=2#part?', '?a=1', '/new?b=2&a=1#part?'],
    ['https://new.example', '?a=1', 'https://new.example?a=1'],
  ];
  for (const [to, query, location] of cases) t.equal(locate('/old', to, '/old', query), location);
  t.end();
});

t.test('the status is 301 unless the rule has one', (t) => {
  for (const status of [undefined, 301, 302, 303, 307, 308] as const) {
    const found = compileRedirects([{ from: '/a', to: '/b', status }])('/a', '');
    t.same(found, { kind: 'redirect', status: status ?? 301, location: '/b' });
  }
  t.end();
});

t.test('the first rule that matches wins; one that leads to itself does not match', (t) => {
  const find = compileRedirects([
    { from: '/a', to: '/first' },
    { from: '/a', to: '/second' },
    { from: '/*', to: '/closed.html', status: 302 },
  ]);
  t.equal(find('/a', '')?.location, '/first');
  t.equal(find('/b/c', '')?.location, '/closed.html');
  t.equal(find('/closed.html', '?x'), undefined);
  const mixed = compileRedirects([
    { from: '/a/:x', to: '/pattern' },
    { from: '/a/b', to: '/exact' },
    { from: '/c/d', to: '/exact' },
    { from: '/c/:x', to: '/pattern' },
  ]);
  t.equal(mixed('/a/b', '')?.location, '/pattern', 'a pattern before an exact path');
  t.equal(mixed('/c/d', '')?.location, '/exact', 'an exact path before a pattern');
  t.equal(mixed('/c/e', '')?.location, '/pattern');
  t.end();
});

t.test('no request chooses the host: a Location never begins with two slashes', (t) => {
  const find = compileRedirects([{ from: '/go/*', to: '/*' }]);
  t.equal(find('/go/evil.example', '')?.location, '/evil.example');
  const between = compileRedirects([{ from: '/x/*', to: '/*/evil.example' }]);
  t.equal(between('/x', '')?.location, '/evil.example', 'an empty capture leaves no //');
  const path = fc
    .array(fc.constantFrom('/', '\\', '.', '..', 'a', 'evil.example', '%2f', '@', ':'))
    .map((pieces) => parseTarget(`/go/${pieces.join('')}`));
  fc.assert(
    fc.property(path, (target) => {
      if (target.kind !== 'path') return true;
      const location = find(target.path, target.query)?.location ?? '/x';
      return new URL(location, 'http://own.example/').host === 'own.example';
    }),
  );
  t.end();
});

t.test('property: whatever is captured, a Location is visible ASCII', (t) => {
  const find = compileRedirects([{ from: '/p/:a/*', to: '/q/*/:a' }]);
  const segment = fc.string({ unit: 'binary', minLength: 1 }).map((s) => s.replaceAll('/', '_'));
  fc.assert(
    fc.property(segment, segment, (a, b) => {
      return /^\/q\/[\x21-\x7e]*$/.test(find(`/p/${a}/${b}`, '')?.location ?? '');
    }),
  );
  t.end();
});

t.test('loops are refused at start', (t) => {
  const cases: ReadonlyArray<readonly [claim: string, rules: ReadonlyArray<[string, string]>]> = [
    ['to itself', [['/a', '/a']]],
    ['to itself but for a slash', [['/a', '/a/']]],
    ['to itself with a query', [['/a', '/a?x=1']]],
    ['to itself with a fragment', [['/a', '/a#x']]],
    ['to itself, encoded', [['/a', '/%61']]],
    ['to itself by name', [['/:x', '/:x']]],
    ['to itself by rest', [['/*', '/*']]],
    [
      'there and back',
      [
        ['/a', '/b'],
        ['/b', '/a'],
      ],
    ],
    [
      'three steps',
      [
        ['/a', '/b'],
        ['/b', '/c'],
        ['/c', '/a'],
      ],
    ],
    ['swapped names', [['/:a/:b', '/:b/:a']]],
    ['deeper and deeper', [['/*', '/new/*']]],
    ['longer and longer', [['/:id', '/:id.html']]],
    [
      'names against a literal',
      [
        ['/x/:id', '/y/:id'],
        ['/y/7', '/x/7'],
      ],
    ],
    [
      'only for one capture',
      [
        ['/go/:page', '/:page'],
        ['/home', '/go/home'],
      ],
    ],
  ];
  for (const [claim, pairs] of cases) {
    const rules = pairs.map(([from, to]) => ({ from, to }));
    t.throws(
      () => compileRedirects(rules),
      { message: /^redirects\[\d\].*(itself|circles)/ },
      claim,
    );
  }
  t.end();
});

t.test('what ends is no loop', (t) => {
  const cases: ReadonlyArray<ReadonlyArray<[string, string]>> = [
    [],
    [
      ['/a', '/b'],
      ['/b', '/c'],
    ],
    [['/:name.html', '/:name']],
    [['/*', '/closed.html']],
    [['/old/*', '/*']],
    [['/a', 'https://own.example/a']],
    [['/blog/:id', '/posts/:id']],
  ];
  for (const pairs of cases) {
    const rules = pairs.map(([from, to]) => ({ from, to }));
    t.doesNotThrow(() => compileRedirects(rules), JSON.stringify(pairs));
  }
  t.end();
});

t.test('mistakes are refused at start, with the place and what is allowed', (t) => {
  const cases: ReadonlyArray<readonly [rule: RedirectRule, message: RegExp]> = [
    [{ from: 'a', to: '/b' }, /^redirects\[0\]: from "a": a decoded path from the root/],
    [{ from: '', to: '/b' }, /decoded path/],
    [{ from: '/a//b', to: '/c' }, /empty or dot segments/],
    [{ from: '/a/../b', to: '/c' }, /empty or dot segments/],
    [{ from: '/:a/:a', to: '/c' }, /each :name is allowed once/],
    [{ from: '/:a-:b', to: '/c' }, /one :name in a segment/],
    [{ from: '/*/*', to: '/c' }, /one "\*" is allowed/],
    [{ from: '/:a*', to: '/c' }, /one :name (?:or "\*" )?in a segment is allowed/],
    [{ from: '/a', to: 'b' }, /^redirects\[0\]: to "b": a path that begins with one slash/],
    [{ from: '/a', to: '//evil.example' }, /one slash/],
    [{ from: '/a', to: '/\\evil.example' }, /one slash/],
    [{ from: '/a', to: 'ftp://host/' }, /http\(s\)/],
    [{ from: '/a', to: 'javascript:alert(1)' }, /http\(s\)/],
    [{ from: '/:a', to: 'https://:a/' }, /http\(s\)/],
    [{ from: '/:a', to: 'https://:a.example/' }, /http\(s\)/],
    [{ from: '/*', to: 'https://*' }, /http\(s\)/],
    [{ from: '/*', to: 'https://own.example*' }, /http\(s\)/],
    [{ from: '/:a', to: 'https://own.example:a/' }, /http\(s\)/],
    [{ from: '/a', to: 'https://user@host/' }, /http\(s\)/],
    [{ from: '/a', to: '/b c' }, /percent-encoded/],
    [{ from: '/a', to: '/ü' }, /percent-encoded/],
    [{ from: '/a', to: '/b\r\nX: y' }, /percent-encoded/],
    [{ from: '/a', to: '/:id' }, /:id does not occur in from/],
    [{ from: '/a', to: '/*' }, /\* does not occur in from/],
    [{ from: '/a', to: '/b', status: 200 as 301 }, /status 200: 301, 302, 303, 307, 308/],
  ];
  for (const [rule, message] of cases) {
    t.throws(() => compileRedirects([rule]), { message }, JSON.stringify(rule));
  }
  t.end();
});

t.test('rewrites give the decoded path that is served instead', (t) => {
  const cases: ReadonlyArray<
    readonly [rule: RewriteRule, path: string, served: string | undefined]
  > = [
    [{ from: '/app/*', to: '/app/index.html' }, '/app/users/7', '/app/index.html'],
    [{ from: '/app/*', to: '/app/index.html' }, '/apps', undefined],
    [{ from: '/u/:name', to: '/users/:name.html' }, '/u/ä b', '/users/ä b.html'],
    [{ from: '/v1/*', to: '/api/*' }, '/v1/a/b', '/api/a/b'],
    [{ from: '/v1/*', to: '/api/*' }, '/v1', '/api'],
    [{ from: '/a/:x-y', to: '/:x/b' }, '/a/..-y', '/a/..-y'],
    [{ from: '/a/:x-y', to: '/c/:x/b' }, '/a/..-y', '/b'],
  ];
  for (const [rule, path, served] of cases) {
    t.equal(compileRewrites([rule])(path), served, `${rule.from} → ${rule.to} for ${path}`);
  }
  const first = compileRewrites([
    { from: '/a', to: '/b' },
    { from: '/b', to: '/c' },
  ]);
  t.equal(first('/a'), '/b', 'once, not again');
  t.throws(() => compileRewrites([{ from: '/a', to: 'b' }]), { message: /^rewrites\[0\]: to "b"/ });
  t.throws(() => compileRewrites([{ from: '/a', to: '/../b' }]), { message: /dot segments/ });
  t.throws(() => compileRewrites([{ from: '/a', to: '/:x' }]), { message: /does not occur/ });
  t.throws(() => compileRewrites([{ from: 'a', to: '/b' }]), {
    message: /^rewrites\[0\]: from "a"/,
  });
  t.end();
});

t.test('property: a rewrite never leaves the root', (t) => {
  const rewrite = compileRewrites([{ from: '/x/:a-/*', to: '/:a/*' }]);
  const piece = fc.constantFrom('.', '..', 'a', '-', '/');
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const target = parseTarget(`/x/${pieces.join('')}`);
      if (target.kind !== 'path') return true;
      return !(rewrite(target.path) ?? '/').split('/').includes('..');
    }),
  );
  t.end();
});
