// Pages of listings: one for all who want the same, made once while the contents hold, within a budget.
import { createHash } from 'node:crypto';
import t from 'tap';
import type { RequestHead } from '../../src/plan/request.ts';
import type { Contents, Lease, ListingPage } from '../../src/plan/types.ts';
import { ListingPages } from '../../src/site/listing-pages.ts';
import { addon } from '../files/fixture.ts';
import { contentsOf } from '../support/contents.ts';

const LISTING = { kind: 'listing', path: '/d/', version: '1', evidence: [] } as const;
const LEASE: Lease = { evidence: [{ path: 'd', version: '1' }], ms: 900 };

function directory(count: number, nameLength = 6): Contents {
  return contentsOf(
    Array.from({ length: count }, (_, i) => ({
      name: String(i).padStart(nameLength, '0'),
      directory: false,
      size: (i * 7919) % count,
      mtimeMs: ((i * 104_729) % count) * 1000,
    })),
  );
}

function ask(query: string, accept = 'text/html'): RequestHead {
  return { method: 'GET', target: `/d/${query}`, fields: { accept } };
}

/** Pages of one directory, whose contents can be changed. */
function pagesOf(contents: Contents, etag = true, digest = false) {
  const table = {
    contents,
    kept: true,
    list: () => table.contents,
    lease: (_: unknown, of: Contents) => (table.kept && of === table.contents ? LEASE : undefined),
    hashes: async (_: unknown, names: readonly string[]) => {
      return new Map(names.map((name) => [name, `hash of ${name}`]));
    },
  };
  const isPlain = (path: string) => path.startsWith('/d/') && !path.endsWith('1');
  const pages = new ListingPages({ table, addon, etag, digest, isPlain, archives: [] });
  return {
    table,
    show: async (query: string, accept?: string): Promise<ListingPage> => {
      const shown = await pages.show(ask(query, accept), LISTING);
      if (shown.kind !== 'page') throw new Error(shown.kind);
      return shown;
    },
    showNow: () => pages.show(ask(''), LISTING),
  };
}

t.test('one page for all who want the same form, at the same time and later', async (t) => {
  const { show, showNow } = pagesOf(directory(2000));
  const queries = ['', '?', '?junk=1', '?sort=name', '?order=asc&x', '?sort=colour', '?%zz'];
  const shown = await Promise.all(queries.map((query) => show(query)));
  t.equal(new Set(shown.map(({ bytes }) => bytes)).size, 1);
  t.equal((await show('?later')).bytes, shown[0]?.bytes);
  t.notOk(showNow() instanceof Promise, 'a page that is kept is there at once');
});

t.test('twelve forms, each its own', async (t) => {
  const { show } = pagesOf(directory(2000));
  const forms = ['name', 'size', 'time'].flatMap((sort) =>
    ['asc', 'desc'].flatMap((order) =>
      ['text/html', 'application/json'].map(
        (accept) => [`?sort=${sort}&order=${order}`, accept] as const,
      ),
    ),
  );
  const first = await Promise.all(forms.map(([query, accept]) => show(query, accept)));
  t.equal(new Set(first.map(({ bytes }) => Buffer.from(bytes).toString())).size, 12);
  const again = await Promise.all(forms.map(([query, accept]) => show(query, accept)));
  t.ok(again.every(({ bytes }, i) => bytes === first[i]?.bytes));
});

t.test(
  'other contents, another page: also for one that asks while the old one is made',
  async (t) => {
    const { show, table } = pagesOf(directory(2000));
    const before = show('');
    table.contents = directory(3000);
    const after = show('');
    const count = async (page: Promise<ListingPage>) =>
      Buffer.from((await page).bytes)
        .toString()
        .match(/<tr><td><a href="\d/g)?.length;
    t.equal(await count(before), 2000);
    t.equal(await count(after), 3000);
    t.equal(await count(show('')), 3000);
  },
);

t.test('a small directory is rendered at once, and once while it is kept', async (t) => {
  const { show, showNow, table } = pagesOf(directory(500));
  t.notOk(showNow() instanceof Promise);
  t.equal((await show('')).bytes, (await show('?again')).bytes);
  table.contents = directory(500, 7);
  table.kept = false;
  t.not((await show('')).bytes, (await show('')).bytes, 'not where each has it read anew');
});

t.test('a tag is of the bytes: another for other bytes, the same for the same', async (t) => {
  for (const count of [10, 2000]) {
    const { show, table } = pagesOf(directory(count));
    const pages = [await show(''), await show('?order=desc'), await show('', 'application/json')];
    for (const { bytes, etag } of pages) {
      t.equal(etag, `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`);
    }
    t.equal(new Set(pages.map(({ etag }) => etag)).size, 3);
    table.contents = directory(count + 1);
    t.not((await show('')).etag, pages[0]?.etag);
    const [elsewhere, off] = [pagesOf(directory(count)), pagesOf(directory(count), false)];
    t.equal((await elsewhere.show('')).etag, pages[0]?.etag);
    t.equal((await off.show('')).etag, undefined);
  }
});

t.test('hashes of files, where digests are on, in JSON and for whoever asks', async (t) => {
  const hashed = async (count: number, query: string, accept?: string, digest = true) => {
    const { show } = pagesOf(directory(count), true, digest);
    const { bytes } = await show(query, accept);
    return [...bytes.toString().matchAll(/"name":"(\d+)"[^\n]*,"integrity":"sha256-([^"]*)"/g)].map(
      ([, name = '', hash]) => (hash === `hash of ${name}` ? name : 'another'),
    );
  };
  const json = 'application/json';
  t.same(await hashed(4, '?integrity', json), ['000000', '000002', '000003'], 'of what is plain');
  t.equal((await hashed(1000, '?integrity', json)).length, 900);
  for (const [title, ...given] of [
    ['a directory that is too large', 1001, '?integrity', json],
    ['HTML', 4, '?integrity'],
    ['unasked', 4, '', json],
    ['without the option', 4, '?integrity', json, false],
  ] as const) {
    const [count, query, accept, digest] = given;
    t.same(await hashed(count, query, accept, digest), [], title);
  }
  const { show } = pagesOf(directory(4), false, true);
  const [one, other] = await Promise.all([show('?integrity', json), show('?integrity', json)]);
  t.equal(one.bytes, other.bytes, 'made once for all who ask at a time');
  t.not((await show('?integrity', json)).bytes, one.bytes, 'and not kept');
  t.equal(one.hash, createHash('sha256').update(one.bytes).digest('base64'));
  t.not((await show('', json)).bytes.toString(), one.bytes.toString());
});

t.test('a page that is made while its contents change has no lease', async (t) => {
  const { show, table } = pagesOf(directory(2000));
  t.equal((await show('')).lease, LEASE);
  const late = show('?order=desc');
  table.contents = directory(2001);
  t.equal((await late).lease, undefined);
});

t.test('what is kept has a bound; the least used goes', async (t) => {
  // 600 rows of 2 × 20 KB: 24 MB a page.
  const { show } = pagesOf(directory(600, 20_000));
  const [name, size, time] = [await show(''), await show('?sort=size'), await show('?sort=time')];
  t.equal((await show('?sort=size')).bytes, size.bytes);
  t.equal((await show('?sort=time')).bytes, time.bytes);
  t.not((await show('')).bytes, name.bytes);
});

t.test('why there is no listing goes through', async (t) => {
  const gone = { kind: 'not-found' } as const;
  const table = {
    list: async () => gone,
    lease: () => undefined,
    hashes: async () => new Map(),
  };
  const options = { etag: true, digest: false, isPlain: () => true, archives: [] };
  const pages = new ListingPages({ table, addon, ...options });
  t.equal(await pages.show(ask(''), LISTING), gone);
});
