// Whether a glob can tell one name in a directory from another with the same extension.
import fc from 'fast-check';
import t from 'tap';
import { compileGlob, tellsApart } from '../../src/rules/glob.ts';

t.test('globs for all names of an extension tell none apart', (t) => {
  for (const glob of ['*', '**', 'a/*', '/a/**', '*.js', 'a/**/*.js', '*.{js,css}', '**/*.{a,b}']) {
    t.notOk(tellsApart(glob, 'js'), glob);
  }
  t.notOk(tellsApart('LICENSE', 'js'), 'nor one for a name without any');
  t.notOk(tellsApart('index.html', 'js'), 'nor one for names of another');
  for (const glob of ['sw.js', 'a/*.min.js', 'x*', '!x.png', '*.j?', '{a,b}', '[ab].js', 'sw.JS']) {
    t.ok(tellsApart(glob, 'js'), glob);
  }
  t.end();
});

t.test('property: where it says that it does not, it does not', (t) => {
  const piece = fc.constantFrom(
    ...['*', '**', '?', '.', '/', '.js', '.png', '*.js', 'a', 'x', 'sw', '!', '{a,x}', '.{js,png}'],
    ...['[ax]', '@(a|x)', '!(a)', '+(a)', '\\'],
  );
  const glob = fc.array(piece, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));
  const name = fc.constantFrom('a', 'x', 'sw', 'ax', 'a.x', 'x.min', 'x.js', '0');
  const directory = fc.constantFrom('', 'a/', 'x/a/', 'sw/');
  const extension = fc.constantFrom('js', 'png', 'JS');
  fc.assert(
    fc.property(
      glob,
      directory,
      extension,
      name,
      name,
      (glob, directory, extension, one, other) => {
        if (glob === '/' || tellsApart(glob, extension)) return;
        const matches = compileGlob('glob', glob);
        const path = (name: string) => `${directory}${name}.${extension}`;
        return matches(path(one)) === matches(path(other));
      },
    ),
    { numRuns: 20_000 },
  );
  t.end();
});
