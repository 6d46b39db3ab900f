// Patterns of paths: what they match, what they tell apart, and that no pattern is a bomb.
import * as fc from 'fast-check';
import t from 'tap';
import { compilePattern } from '../../src/rules/path-pattern.ts';

type Captured = Readonly<Record<string, string>> | undefined;

const matched = (pattern: string, path: string): Captured => {
  const captures = compilePattern(pattern).match(path);
  return captures && Object.fromEntries(captures);
};

t.test('what is matched and captured', (t) => {
  const cases: Array<[pattern: string, path: string, captured: Captured]> = [
    ['/', '/', {}],
    ['/', '/a', undefined],
    ['/a/', '/a', {}],
    ['/a', '/a/b', undefined],
    ['/*', '/', { '*': '' }],
    ['/*', '/a/b', { '*': 'a/b' }],
    ['/docs/*', '/docs', { '*': '' }],
    ['/docs/*', '/docsx', undefined],
    ['/docs*', '/docsx/y', { '*': 'x/y' }],
    ['/docs*', '/docs', { '*': '' }],
    ['/*.js', '/a/b.js', { '*': 'a/b' }],
    ['/*.js', '/.js', { '*': '' }],
    ['/*.js', '/a.css', undefined],
    ['/a/*/z', '/a/b/c/z', { '*': 'b/c' }],
    ['/a/*/z', '/a/z', undefined],
    ['/ab*ba', '/aba', undefined],
    ['/:a/*/:b', '/1/2/3/4', { a: '1', '*': '2/3', b: '4' }],
    ['/:a/x', '/1/x', { a: '1' }],
    ['/p-:id.html', '/p-7.html', { id: '7' }],
    ['/p-:id.html', '/p-.html', undefined],
    ['/:a', '/1/2', undefined],
    ['/a:1', '/a:1', {}],
  ];
  for (const [pattern, path, captured] of cases) {
    t.same(matched(pattern, path), captured, `${pattern} ${path}`);
  }
  t.end();
});

t.test('mistakes say what is allowed', (t) => {
  for (const wrong of ['a', '//a', '/a/../b', '/*/*', '/:a:b', '/:a/:a', '/:a*', '/*:a']) {
    t.throws(() => compilePattern(wrong), Error, wrong);
  }
  t.end();
});

/** The same by regular expressions, as slow as they may be on these short texts. */
function byRegex(pattern: string, path: string): boolean {
  const text = pattern.length > 1 ? pattern.replace(/\/$/, '') : pattern;
  const source = text
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/(.)\/\*$/, '$1(?:/.*)?')
    .replace(/(?<![)/.])\*|^\/\*|\/\*(?!\))/g, (star) => star.replace('*', '.*'))
    .replace(/:[A-Za-z_]\w*/g, '[^/]+');
  return new RegExp(`^${source}$`, 's').test(path);
}

t.test('property: as a regular expression would match', (t) => {
  const segment = fc.constantFrom('a', 'b', 'ab', 'a.b', ':x', 'a:y', ':z.b');
  const splat = fc.constantFrom('', '*', 'a*', '*b', 'a*b', '*');
  const pattern = fc
    .tuple(fc.uniqueArray(segment, { maxLength: 2 }), splat, fc.constantFrom('', '/b', '/b/a'))
    .map(
      ([before, star, after]) =>
        `/${[...before, ...(star === '' ? [] : [star])].join('/')}${star === '' || after === '' ? '' : after}`,
    );
  const path = fc
    .array(fc.constantFrom('a', 'b', 'ab', 'aab', 'a.b', 'b.b'), { maxLength: 5 })
    .map((segments) => `/${segments.join('/')}`);
  fc.assert(
    fc.property(pattern, path, (pattern, path) => {
      t.equal(matched(pattern, path) !== undefined, byRegex(pattern, path), `${pattern} ${path}`);
    }),
    { numRuns: 300 },
  );
  t.end();
});

t.test(
  'property: what is not told apart matches all names of a directory with the extension, or none',
  (t) => {
    const patterns = [
      '/*',
      '/d/*',
      '/d',
      '/d/a.css',
      '/*.css',
      '/d/*.css',
      '/:x/*',
      '/d/:x',
      '/d/e/*',
      '/a*',
    ];
    const names = ['a', 'b', 'abc', 'z'];
    for (const text of patterns) {
      const pattern = compilePattern(text);
      for (const directory of ['', '/d', '/d/e', '/x']) {
        for (const extension of ['css', 'js']) {
          const matches = names.map((name) => pattern.match(`${directory}/${name}.${extension}`));
          const same = new Set(matches.map((one) => one !== undefined)).size === 1;
          t.ok(
            same || pattern.tellsApart(directory, extension),
            `${text} ${directory} ${extension}`,
          );
        }
      }
    }
    t.notOk(compilePattern('/*').tellsApart('/d', 'html'));
    t.notOk(compilePattern('/assets/*').tellsApart('/assets/css', 'html'));
    t.notOk(compilePattern('/assets/*').tellsApart('', 'css'));
    t.notOk(compilePattern('/assets/*.css').tellsApart('/assets/a', 'css'));
    t.ok(compilePattern('/about').tellsApart('', 'html'), 'the page about.html');
    t.ok(compilePattern('/docs/*').tellsApart('', 'html'), 'the page docs.html');
    t.end();
  },
);

t.test('no pattern is a bomb: the longest path is matched in one pass', (t) => {
  const places = Array.from({ length: 50 }, (_, i) => `/:a${i}`).join('');
  const segments = 'a/'.repeat(4000);
  const letters = 'a'.repeat(8000);
  for (const pattern of [places, `${places}/*`, `/*${places}`, `/x/*${'/a'.repeat(900)}b`]) {
    compilePattern(pattern).match(`/${segments}b`);
    compilePattern(pattern).match(`/${letters}`);
  }
  t.equal(matched(`/:x.${'a'.repeat(900)}b`, `/x.${letters}`), undefined);
  t.equal(matched(`/*${'a'.repeat(900)}b`, `/${letters}`), undefined);
  t.throws(() => compilePattern('/*a*a*a*a'), /one "\*"/);
  t.end();
});
