// The pages for readers: their links lead somewhere, README fits, and no result is kept that no page links.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const CHECKOUT = fileURLToPath(new URL('..', import.meta.url));

const PAGES = [
  'README.md',
  'ARCHITECTURE.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'bench/README.md',
  'nginx-compare/README.md',
  ...readdirSync(join(CHECKOUT, 'docs')).map((name) => `docs/${name}`),
].filter((name) => name.endsWith('.md'));

interface Link {
  readonly page: string;
  /** From the top of the checkout. */
  readonly file: string;
  readonly heading: string | undefined;
}

const links = PAGES.flatMap((page) => linksOf(page));

function linksOf(page: string): Link[] {
  return [...read(page).matchAll(/\]\((?<path>[^)#\s]*)(?:#(?<heading>[^)\s]+))?\)/g)]
    .map(({ groups }) => ({ path: groups?.path ?? '', heading: groups?.heading }))
    .filter(({ path }) => !/^[a-z]+:/.test(path))
    .map(({ path, heading }) => {
      const target = path === '' ? page : join(dirname(page), path);
      return { page, file: target, heading };
    });
}

function read(page: string): string {
  return readFileSync(join(CHECKOUT, page), 'utf8');
}

/** Headings as a link names them. */
function headingsOf(page: string): string[] {
  return [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

t.test('every link of a page leads to a file, and to a heading that it has', async (t) => {
  t.ok(links.length > 20, 'links were found');
  for (const { page, file, heading } of links) {
    if (!existsSync(join(CHECKOUT, file))) t.fail(`${page}: ${file}`);
    else if (heading && !headingsOf(file).includes(heading)) t.fail(`${page}: ${file}#${heading}`);
  }
});

t.test('every test that a page names is there', async (t) => {
  const named = PAGES.flatMap((page) =>
    [...read(page).matchAll(/`(test\/[\w./-]+)`/g)].map(([, file = '']) => ({ page, file })),
  );
  t.ok(named.length > 20, 'tests are named');
  t.same(
    named.filter(({ file }) => !existsSync(join(CHECKOUT, file))),
    [],
  );
});

t.test('README has no more than 150 lines', async (t) => {
  const lines = read('README.md').split('\n').length;
  t.ok(lines <= 150, `${lines} lines`);
});

t.test('results are kept where a page links them; raw ones are compressed', async (t) => {
  const kept = ['bench/results', 'nginx-compare/results'].flatMap((directory) =>
    readdirSync(join(CHECKOUT, directory))
      .filter((name) => !name.endsWith('.html'))
      .map((name) => relative(CHECKOUT, join(CHECKOUT, directory, name))),
  );
  const linked = links.map(({ file }) => file);
  const runOf = (file: string) => /\d{4}-\d\d-\d\dT[\d-]+/.exec(file)?.[0];
  const runs = new Set(linked.map(runOf));
  t.same(
    kept.filter((file) =>
      file.endsWith('.json.gz') ? !runs.has(runOf(file)) : !linked.includes(file),
    ),
    [],
  );
});
