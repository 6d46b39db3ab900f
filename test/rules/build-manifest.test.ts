// Vite's manifest: the links of its pages, what is no manifest, and what no manifest can make of a field.
import fc from 'fast-check';
import t from 'tap';
import { MAX_LINKS, readManifest } from '../../src/rules/build-manifest.ts';
import { earlyLinks } from '../../src/rules/links.ts';

const read = (manifest: unknown, base = '') =>
  Object.fromEntries(readManifest(JSON.stringify(manifest), base));

/** As Vite 8 writes it, with two pages, a shared chunk, a lazy one, a font and an image. */
const MANIFEST = {
  '_vendor-1.js': { file: 'assets/vendor-1.js', name: 'vendor', css: ['assets/vendor-3.css'] },
  'about/index.html': {
    file: 'assets/about-1.js',
    isEntry: true,
    imports: ['_vendor-1.js'],
  },
  'index.html': {
    file: 'assets/index-1.js',
    name: 'index',
    src: 'index.html',
    isEntry: true,
    imports: ['_vendor-1.js'],
    dynamicImports: ['src/lazy.js'],
    css: ['assets/index-2.css'],
    assets: ['assets/logo-4.png', 'assets/font-5.woff2'],
  },
  'src/lazy.js': { file: 'assets/lazy-6.js', isDynamicEntry: true, css: ['assets/lazy-7.css'] },
  'src/logo.png': { file: 'assets/logo-4.png', src: 'src/logo.png' },
};
const style = (path: string) => `<${path}>; rel=preload; as=style; crossorigin`;
const script = (path: string) => `<${path}>; rel=modulepreload`;

t.test('pages have links to what they load at once', async (t) => {
  const font = '</assets/font-5.woff2>; rel=preload; as=font; crossorigin';
  t.same(read(MANIFEST), {
    'index.html': [
      ...['/assets/index-2.css', '/assets/vendor-3.css'].map(style),
      ...['/assets/index-1.js', '/assets/vendor-1.js'].map(script),
      font,
    ].join(', '),
    'about/index.html': [
      style('/assets/vendor-3.css'),
      ...['/assets/about-1.js', '/assets/vendor-1.js'].map(script),
    ].join(', '),
  });
});

t.test('a build below the root has its pages and files there', async (t) => {
  const page = { 'a b.html': { file: 'ü,>.js', isEntry: true } };
  t.same(read(page, 'my app/'), { 'my app/a b.html': script('/my%20app/%C3%BC%2C%3E.js') });
});

t.test('what is imported in a circle, twice or from nowhere is linked once or not', async (t) => {
  const chunks = {
    'a.html': { file: 'a.js', isEntry: true, imports: ['b', 'b', 'gone', 'constructor'] },
    b: { file: 'b.js', imports: ['a.html', 'c'] },
    c: { file: 'a.js', css: ['c.css', 'c.css'] },
  };
  t.same(read(chunks), {
    'a.html': [style('/c.css'), ...['/a.js', '/b.js'].map(script)].join(', '),
  });
});

t.test(`a page has at most ${MAX_LINKS} links, the nearest`, async (t) => {
  const names = Array.from({ length: 1000 }, (_, n) => `${n}`);
  const chain = names.map((n) => [n, { file: `${n}.js`, imports: [`${Number(n) + 1}`] }]);
  const page = { file: 'page.js', isEntry: true, imports: ['0'] };
  const links = read({ 'a.html': page, ...Object.fromEntries(chain) })['a.html']?.split(', ');
  t.equal(links?.length, MAX_LINKS);
  t.same(links?.slice(0, 2), [script('/page.js'), script('/0.js')]);
});

t.test('entries that are no pages, and pages from outside, have none', async (t) => {
  const outside = { file: 'b.js', isEntry: true };
  const page = { file: 'c.js', isEntry: true };
  const others = { 'src/main.ts': outside, '../b.html': outside, 'd.html': { file: 'd.js' } };
  t.same(Object.keys(read({ ...others, 'c.html': page })), ['c.html']);
  t.throws(() => read(others), { message: 'no page (.html) is an entry of this manifest' });
});

const MALFORMED: ReadonlyArray<readonly [text: string, message: RegExp]> = [
  ['', /JSON/],
  ['{"index.html": {', /JSON/],
  ['null', /must be an object of chunks/],
  ['[]', /must be an object of chunks/],
  ['{}', /no page/],
  ['{"a.html": 1}', /"a\.html" has no file below the build/],
  ['{"a.html": {}}', /"a\.html" has no file/],
  ['{"a.html": {"file": 1}}', /has no file/],
  ['{"a.html": {"file": "//evil.example/a.js"}}', /has no file below the build/],
  ['{"a.html": {"file": "../a.js"}}', /has no file below the build/],
  ['{"a.html": {"file": "a.js", "css": "a.css"}}', /has no list of css/],
  ['{"a.html": {"file": "a.js", "imports": [1]}}', /has no list of imports/],
  ['{"a.html": {"file": "a.js", "assets": {}}}', /has no list of assets/],
  // A web app's.
  ['{"name": "app", "icons": []}', /"name" has no file/],
];
for (const [text, message] of MALFORMED) {
  t.throws(() => readManifest(text, ''), { message }, text);
}

/** None where it is no manifest. */
function pagesOf(text: string): ReadonlyArray<readonly [page: string, links: string]> {
  try {
    return [...readManifest(text, '')];
  } catch {
    return [];
  }
}

t.test('property: whatever it says, its links are a field value that goes ahead whole', (t) => {
  const name = fc.oneof(
    fc.constantFrom('a.html', 'b.html', 'a', 'b', '__proto__'),
    fc.string({ unit: 'binary' }).map((text) => `${text}.html`),
  );
  const file = fc
    .tuple(fc.string({ unit: 'binary' }), fc.constantFrom('.js', '.css', '.woff2', '.png', ''))
    .map((parts) => parts.join(''));
  const chunk = fc.record(
    {
      file,
      isEntry: fc.boolean(),
      imports: fc.array(name),
      css: fc.array(file),
      assets: fc.array(file),
    },
    { requiredKeys: ['file'] },
  );
  fc.assert(
    fc.property(fc.dictionary(name, chunk), (chunks) => {
      const pages = pagesOf(JSON.stringify(chunks));
      return pages.every(
        ([page, links]) =>
          Object.hasOwn(chunks, page) &&
          links.split(', ').every((link) => /^<\/(?!\/)[!-;=?-~]+>; rel=[ -~]+$/.test(link)) &&
          earlyLinks(['Link', links])?.[1] === links,
      );
    }),
  );
  t.end();
});
