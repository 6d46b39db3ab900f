import t from 'tap';
import { pairs } from '../../src/http/field-list.ts';
import { compileRules, type RulesConfig } from '../../src/rules/fields.ts';
import { NO_RULES } from '../support/rules.ts';

const HTML = 'text/html; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';
const IMMUTABLE = 'public, max-age=31536000, immutable';

function rules(config: Partial<RulesConfig>) {
  return compileRules({ ...NO_RULES, ...config });
}

t.test('globs: which files a rule is for', (t) => {
  const cases: ReadonlyArray<readonly [glob: string, yes: string, no: string]> = [
    ['**', 'a/.b/c', ''],
    ['*', 'a/b.txt', ''],
    ['*.html', 'index.html', 'index.htm'],
    ['*.html', 'a/b/index.html', 'a/index.html/x'],
    ['/*.html', 'index.html', 'a/index.html'],
    ['/index.html', 'index.html', 'a/index.html'],
    ['index.html', 'a/index.html', 'a/xindex.html'],
    ['assets/**', 'assets/a/b.js', 'x/assets/a.js'],
    ['/assets/**', 'assets/a/b.js', 'x/assets/a.js'],
    ['**/assets/*', 'x/assets/a.js', 'x/assets/a/b.js'],
    ['*.{png,jpg}', 'a/b.jpg', 'b.gif'],
    ['[a-c].txt', 'b.txt', 'd.txt'],
    ['!(*.html)', 'a.css', 'a.html'],
    ['.well-known/*', '.well-known/x', 'well-known/x'],
    ['*.js', '.hidden.js', '.js.map'],
    ['ü*.txt', 'über.txt', 'uber.txt'],
    ['a b.txt', 'a b.txt', 'a%20b.txt'],
  ];
  for (const [glob, yes, no] of cases) {
    const { cacheControl } = rules({ cacheControl: { [glob]: 'x' } });
    t.equal(cacheControl(yes, HTML), 'x', `${glob} matches ${yes}`);
    t.equal(cacheControl(no, HTML), undefined, `${glob} does not match ${no}`);
  }
  t.end();
});

t.test('headers: later wins, null removes, names in any case', (t) => {
  const { apply } = rules({
    headers: {
      '**': { 'X-A': '1', 'X-B': '1' },
      '*.css': { 'x-a': '2' },
      '/b.css': { 'X-B': null, 'Cache-Control': null },
    },
  });
  const own = ['ETag', '"v"', 'Cache-Control', 'no-cache'];
  t.same(apply('a.html', own), [...own, 'X-A', '1', 'X-B', '1']);
  t.same(apply('a.css', own), [...own, 'x-a', '2', 'X-B', '1']);
  t.same(apply('b.css', own), ['ETag', '"v"', 'x-a', '2']);
  t.same(apply('x/b.css', own), [...own, 'x-a', '2', 'X-B', '1']);
  t.end();
});

t.test('headers: a rule may be empty, a value too', (t) => {
  t.same(rules({ headers: { '**': {} } }).apply('a', []), []);
  t.same(rules({ headers: { '**': { 'X-A': '' } } }).apply('a', []), ['X-A', '']);
  t.end();
});

t.test('Cache-Control: the last glob, then hashed names, then the default', (t) => {
  const { cacheControl } = rules({
    cacheControl: { '*.js': 'max-age=1', '/lib/**': 'max-age=2', '*.tmp': 'no-store' },
    defaultCacheControl: 'no-cache',
    immutableHashed: true,
  });
  t.equal(cacheControl('a.js', SCRIPT), 'max-age=1');
  t.equal(cacheControl('lib/a.js', SCRIPT), 'max-age=2', 'later wins');
  t.equal(cacheControl('lib/app.3f2a9c1b.js', SCRIPT), 'max-age=2', 'a rule wins over the name');
  t.equal(cacheControl('a.3f2a9c1b.css', 'text/css'), IMMUTABLE);
  t.equal(cacheControl('a.css', 'text/css'), 'no-cache');
  t.end();
});

t.test('HTML is never immutable by its name', (t) => {
  const { cacheControl } = rules({ immutableHashed: true, defaultCacheControl: 'no-cache' });
  for (const type of [HTML, 'text/html', 'TEXT/HTML;charset=utf-8', 'application/xhtml+xml']) {
    t.equal(cacheControl('page.3f2a9c1b.html', type), 'no-cache', type);
  }
  t.end();
});

t.test('names are not hashed unless asked for', (t) => {
  t.equal(rules({}).cacheControl('app.3f2a9c1b.js', SCRIPT), undefined);
  t.end();
});

t.test('the security preset holds for every answer, and rules may change it', (t) => {
  const { common, apply } = rules({
    securityHeaders: true,
    headers: { '/embed/**': { 'x-frame-options': null } },
  });
  t.same(
    pairs(common).map(([name]) => name),
    [
      'X-Content-Type-Options',
      'X-Frame-Options',
      'Content-Security-Policy',
      'Referrer-Policy',
      'Cross-Origin-Opener-Policy',
    ],
  );
  t.ok(apply('a.html', common).includes('X-Frame-Options'));
  t.notOk(apply('embed/a.html', common).includes('X-Frame-Options'));
  t.end();
});

t.test('CORS: any origin, or Vary for a list', (t) => {
  t.same(rules({ cors: [] }).common, []);
  t.same(rules({ cors: ['*'] }).common, [
    ...['Access-Control-Allow-Origin', '*', 'Access-Control-Expose-Headers', '*'],
  ]);
  t.same(rules({ cors: ['https://a.example', 'http://localhost:5173'] }).common, [
    ...['Vary', 'Origin', 'Access-Control-Expose-Headers', '*'],
  ]);
  t.end();
});

t.test('mistakes are refused at start, with the place and what is allowed', (t) => {
  const cases: ReadonlyArray<readonly [config: Partial<RulesConfig>, message: RegExp]> = [
    [{ headers: { '**': { 'X Bad': '1' } } }, /^headers\["\*\*"\]: field name "X Bad" .*token/],
    [{ headers: { '**': { '': '1' } } }, /field name "" .*token/],
    [{ headers: { '**': { 'X:Y': '1' } } }, /token/],
    [{ headers: { '**': { 'X\r\nY': '1' } } }, /token/],
    [{ headers: { '**': { Ünicode: '1' } } }, /token/],
    [{ headers: { '*.a': { 'X-A': 'a\r\nB: c' } } }, /^headers\["\*\.a"\]\["X-A"\]: "a\\r\\nB: c"/],
    [{ headers: { '**': { 'X-A': 'a\nb' } } }, /field value.*visible ASCII/],
    [{ headers: { '**': { 'X-A': 'a\u0000' } } }, /field value/],
    [{ headers: { '**': { 'X-A': 'ü' } } }, /field value/],
    [{ headers: { '**': { 'X-A': ' a' } } }, /field value/],
    [{ headers: { '**': { 'X-A': 'a\t' } } }, /field value/],
    [{ headers: { '**': { 'X-A': 1 as unknown as string } } }, /field value/],
    [{ headers: { '': { 'X-A': '1' } } }, /^headers\[""\]: the glob is empty/],
    [{ headers: { '/': { 'X-A': '1' } } }, /the glob is empty/],
    [{ cacheControl: { '': 'x' } }, /^cacheControl\[""\]: the glob is empty/],
    [{ cacheControl: { '**': 'a\nb' } }, /^cacheControl\["\*\*"\].*field value/],
    [{ defaultCacheControl: 'a\nb' }, /^cacheControl: "a\\nb" is not a field value/],
    [{ cors: ['example.com'] }, /^cors: "example.com" is not an origin/],
    [{ cors: ['https://a.example/'] }, /not an origin/],
    [{ cors: ['https://A.example'] }, /not an origin/],
    [{ cors: ['https://a.example', '*'] }, /"\*" is not an origin.*"\*" alone/],
    [{ cors: ['null'] }, /not an origin/],
    [{ cors: ['https://a b'] }, /not an origin/],
    [
      { cors: ['*'], headers: { '**': { 'Access-Control-Allow-Origin': 'https://a.example' } } },
      /set by the cors option/,
    ],
  ];
  for (const [config, message] of cases) {
    t.throws(() => rules(config), { message }, JSON.stringify(config));
  }
  t.end();
});

t.test('no rule touches framing or what the plan decides', (t) => {
  const owned = [
    ...['Content-Length', 'Transfer-Encoding', 'Connection', 'Keep-Alive', 'Upgrade', 'Date'],
    ...['Content-Range', 'Accept-Ranges', 'ETag', 'Last-Modified', 'Vary'],
    ...['Trailer', 'TE', 'Proxy-Connection', 'Location', 'Allow', 'content-length', 'DATE'],
  ];
  for (const name of owned) {
    for (const value of ['x', null]) {
      const headers = { '**': { [name]: value } };
      t.throws(() => rules({ headers }), { message: /is the server's own/ }, `${name}: ${value}`);
    }
  }
  t.end();
});

t.test('cdn: what is for CDNs alone, and never instead of what keeps a file to itself', (t) => {
  const { cdnCacheControl } = rules({ cdn: 90 });
  const day = 'stale-while-revalidate=600, stale-if-error=86400';
  const cases: ReadonlyArray<readonly [cacheControl: string | undefined, cdn: string | undefined]> =
    [
      [undefined, `max-age=90, ${day}`],
      ['no-cache', `max-age=90, ${day}`],
      ['max-age=5', `max-age=90, ${day}`],
      [IMMUTABLE, IMMUTABLE],
      ['private', undefined],
      ['max-age=5, Private', undefined],
      ['no-store', undefined],
    ];
  for (const [cacheControl, cdn] of cases) {
    t.equal(cdnCacheControl(cacheControl), cdn, `${cacheControl}`);
    t.equal(rules({}).cdnCacheControl(cacheControl), undefined, 'none without the option');
  }
  t.end();
});
