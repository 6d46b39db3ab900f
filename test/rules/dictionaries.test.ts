// Which files are said to be dictionaries, and for what. RFC 9842 §2.1.
import t from 'tap';
import { compileDictionaries, type DictionaryRules } from '../../src/rules/dictionaries.ts';

const JS = 'text/javascript; charset=utf-8';

const NAMES: ReadonlyArray<readonly [path: string, type: string, field: string | undefined]> = [
  ['assets/app-3f2a9c1b.js', JS, 'match="app-*.js"'],
  ['app.3f2a9c1b.css', 'text/css', 'match="app.*.css"'],
  ['static/js/453.8ab44547.chunk.js', JS, 'match="453.*.chunk.js"'],
  ['data.3f2a9c1b.json', 'application/json', 'match="data.*.json"'],
  ['app.js', JS, undefined],
  ['photo-3f2a9c1b.png', 'image/png', undefined],
  // Every character of a pattern would have to be told from what it means there.
  ['a(b)-3f2a9c1b.js', JS, undefined],
  // The pattern of a directory would be for other files too.
  ['_next/static/3f2a9c1b3f2a9c1b3f2a9c1b3f2a9c1b3f2a9c1b/_buildManifest.js', JS, undefined],
];

t.test('what has a hash in its name is one for the next that is called so', async (t) => {
  const fieldOf = compileDictionaries({}, '');
  for (const [path, type, field] of NAMES) t.equal(fieldOf(path, type, false), field, path);
  t.equal(fieldOf('assets/app-DGkZ8fEw.js', JS, true), 'match="app-*.js"', 'or its build says so');
});

t.test('without the option nothing is one', async (t) => {
  t.equal(compileDictionaries(undefined, '')('app-3f2a9c1b.js', JS, false), undefined);
});

t.test('rules by glob go before names, the last that matches before the others', async (t) => {
  const fieldOf = compileDictionaries(
    {
      'lib/*': { match: '/lib/*' },
      'lib/a.*': { match: 'a.*', id: 'say "a"', dest: ['script', 'worker'] },
      'none/*': null,
    },
    '',
  );
  t.equal(fieldOf('lib/b.js', JS, false), 'match="/lib/*"');
  t.equal(
    fieldOf('lib/a.js', JS, false),
    'match="a.*", match-dest=("script" "worker"), id="say \\"a\\""',
  );
  t.equal(fieldOf('none/app-3f2a9c1b.js', JS, false), undefined);
  t.equal(fieldOf('app-3f2a9c1b.js', JS, false), 'match="app-*.js"');
});

t.test('a rule that does not hold is named', async (t) => {
  const wrong: ReadonlyArray<readonly [rule: DictionaryRules[string], said: RegExp]> = [
    [{ match: '' }, /^dictionaries\["a"\]: match ""/],
    [{ match: '/a(\\d+)' }, /match "\/a\(/],
    [{ match: '/ä' }, /match "\/ä"/],
    [{ match: 'a', id: 'x'.repeat(1025) }, /id "x/],
    [{ match: 'a', dest: ['a b'] }, /dest "a b"/],
  ];
  for (const [rule, said] of wrong) t.throws(() => compileDictionaries({ a: rule }, ''), said);
});
