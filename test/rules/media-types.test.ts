// Media types by extension or glob: which rule counts, and what is refused at start.
import t from 'tap';
import { compileMediaTypes } from '../../src/rules/media-types.ts';

const RULES = {
  '.foo': 'a/foo',
  '*.bar': 'a/bar',
  'docs/**': 'text/x-docs',
  Makefile: 'text/x-makefile;charset=us-ascii',
  '.UP': 'a/up',
};
const CLAIMS: Readonly<Record<string, string | undefined>> = {
  'x.foo': 'a/foo',
  'deep/x.FOO': 'a/foo',
  'x.bar': 'a/bar',
  'x.BAR': undefined,
  'docs/x.foo': 'text/x-docs; charset=utf-8',
  'docs/a/b': 'text/x-docs; charset=utf-8',
  'a/docs/b': undefined,
  Makefile: 'text/x-makefile;charset=us-ascii',
  'src/Makefile': 'text/x-makefile;charset=us-ascii',
  makefile: undefined,
  'x.up': 'a/up',
  foo: undefined,
};
const typeOf = compileMediaTypes(RULES);
for (const [path, type] of Object.entries(CLAIMS)) t.equal(typeOf(path), type, path);

const WRONG: ReadonlyArray<readonly [rules: Record<string, string>, message: RegExp]> = [
  [{ '.foo': 'foo' }, /^mimeTypes\["\.foo"\]: "foo" is not a media type; type\/subtype is allowed/],
  [{ '.foo': '' }, /is not a media type/],
  [{ '.foo': 'a/b\r\nX: y' }, /is not a media type/],
  [{ '.foo': 'a/b; charset' }, /is not a media type/],
  [{ '.foo': 'text/plain; charset=ü' }, /is not a media type/],
  [{ '': 'a/b' }, /^mimeTypes\[""\]: the glob is empty/],
];
for (const [rules, message] of WRONG) {
  t.throws(() => compileMediaTypes(rules), { message }, JSON.stringify(rules));
}
