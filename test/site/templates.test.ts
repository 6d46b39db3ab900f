// Where all files of a directory with one extension have one answer, and what it is.
import t from 'tap';
import { type OptionsInput, resolveOptions } from '../../src/options/options.ts';
import { withoutCarried } from '../../src/site/own-rules.ts';
import { policiesOf } from '../../src/site/policies.ts';
import { createTemplates } from '../../src/site/templates.ts';

function templates(options: OptionsInput = {}, routed = false) {
  const policies = policiesOf(resolveOptions({ root: '/srv', ...options }));
  const rules = withoutCarried(policies.compileWith);
  return createTemplates({ ...policies, own: () => rules, routed });
}

t.test('the answer, with places for what only the file tells', (t) => {
  const template = templates({ cacheControl: 'max-age=60' }).of('/a', 'css', 'engine');
  t.same(template?.fields, [
    ...['Accept-Ranges', 'bytes', 'ETag', '\x01', 'Last-Modified', '\x02'],
    ...['Cache-Control', 'max-age=60', 'Content-Type', 'text/css; charset=utf-8'],
  ]);
  t.same(template?.notModified, template?.fields.slice(0, 8), 'a 304 says nothing of the content');
  t.same(template?.siblings, ['.br', '.zst', '.gz']);
  const steps = template?.steps.map(({ from, strategy, reason }) => [from, strategy, reason]);
  t.same(steps, [
    [0, 'read', 'cold'],
    [32_768, 'sendfile', 'size'],
    [32_769, 'sendfile', 'size'],
  ]);
  t.same(template?.cached, { max: 32_768, strategy: 'mmap', reason: 'hot', fields: [] });
  t.notOk(template?.judged.includes('accept-encoding'), 'a file with one form has no choice');
  t.ok(template?.judged.includes('range'));
  t.end();
});

t.test('by what the connection takes', (t) => {
  const steps = templates().of('', 'css', 'engine-tls')?.steps ?? [];
  t.same([...new Set(steps.map(({ strategy }) => strategy))], ['read']);
  t.end();
});

t.test('files are kept in memory where the plan would send them from there', (t) => {
  const cached = (options: OptionsInput) => templates(options).of('', 'css', 'engine')?.cached;
  t.equal(cached({ mmapMax: 100 })?.max, 100);
  t.equal(cached({ strategy: 'mmap' })?.reason, 'forced');
  t.equal(cached({ strategy: 'read' }), undefined);
  t.equal(cached({ strategy: 'sendfile' }), undefined);
  t.same(cached({ serverTiming: true })?.fields, ['Server-Timing', 'zc;desc="mmap:hot"']);
  t.end();
});

t.test('no template where an answer rests on more', (t) => {
  const cases: ReadonlyArray<readonly [OptionsInput, directory: string, extension: string]> = [
    [{ mmapMinUses: 1 }, '', 'css'],
    [{ etag: 'stat' }, '', 'css'],
    [{ etag: 'content' }, '', 'css'],
    [{ digest: 'sha-256' }, '', 'css'],
    [{}, '', 'gz'],
    [{}, '', 'svgz'],
    [{ immutableHashed: true }, '/_next/static/chunks', 'js'],
    [{ cleanUrls: true }, '', 'html'],
    [{ headers: { 'sw.js': { 'X-A': '1' } } }, '/a', 'js'],
    [{ cacheControl: { 'x*': 'no-store' } }, '', 'css'],
    [{ mimeTypes: { 'x.css': 'text/x' } }, '', 'css'],
    [{ redirects: [{ from: '/a/b', to: '/c' }] }, '/a', 'css'],
    [{ redirects: [{ from: '/a/b', to: '/c' }] }, '', 'css'],
    [{ redirects: [{ from: '/a/*', to: '/c' }] }, '/a/b', 'css'],
    [{ rewrites: [{ from: '/:name', to: '/x' }] }, '', 'css'],
  ];
  for (const [options, directory, extension] of cases) {
    const title = JSON.stringify({ ...options, directory, extension });
    t.equal(templates(options).of(directory, extension, 'engine'), undefined, title);
  }
  t.equal(templates({}, true).of('', 'css', 'engine'), undefined, 'where others have routed');
  t.ok(templates({ headers: { 'sw.js': { 'X-A': '1' } } }).of('/a', 'css', 'engine'));
  t.ok(templates({ redirects: [{ from: '/a/b', to: '/c' }] }).of('/d', 'css', 'engine'));
  t.end();
});

t.test('which names may have other fields', (t) => {
  const doubt = (directory: string, extension: string, immutableHashed = true) =>
    templates({ immutableHashed }).of(directory, extension, 'engine')?.doubt;
  t.equal(doubt('', 'js'), 'hash');
  t.equal(doubt('/assets', 'png'), 'hash');
  t.equal(doubt('', 'png'), 'hexadecimal');
  t.equal(doubt('', 'html'), 'none');
  t.equal(doubt('', 'js', false), 'none');
  t.end();
});

t.test('directories are alike unless a rule goes by them', (t) => {
  const alike = (one: string, other: string, options: OptionsInput = {}) => {
    const { group } = templates(options);
    return group(one) === group(other);
  };
  t.ok(alike('/a', '/b/c'));
  t.notOk(
    alike('/a', '/assets', { immutableHashed: true }),
    "in Vite's directory pictures are hashed too",
  );
  t.ok(alike('/a', '/assets'));
  t.notOk(alike('/a', '/b', { headers: { '/a/*': { 'X-A': '1' } } }));
  t.ok(alike('/a', '/b', { headers: { '*.css': { 'X-A': '1' } } }));
  t.notOk(alike('/a', '/b', { redirects: [{ from: '/a/b', to: '/c' }] }));
  t.end();
});

t.test('what is tried before a path is missing', (t) => {
  t.same(templates().tried(''), ['']);
  t.same(templates({ cleanUrls: true, extensions: ['txt'] }).tried('/a'), ['', '.html', '.txt']);
  t.equal(templates({ spa: 'index.html' }).tried(''), undefined, 'a page answers instead');
  t.equal(templates({ redirects: [{ from: '/a/b', to: '/c' }] }).tried('/a'), undefined);
  t.end();
});
