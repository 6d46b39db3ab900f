// The list of differences: what it explains, what it does not, and that docs/migrating.md says the same.
import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { DIFFERENCES, type Difference } from './differences.ts';
import { explain, type Found } from './explain.ts';

const LISTED: Difference = {
  ...{ what: 'a slash', there: 'none', here: 'one', why: 'links' },
  seen: [
    {
      ...{ peers: ['sirv', 'hono'], where: /^\/dir$/, aspect: /^status$/ },
      ...{ ours: /^301$/, theirs: /^200$/ },
    },
  ],
};
const FOUND: Found = {
  ...{ peer: 'sirv', title: '/dir', aspect: 'status', ours: '301', theirs: '200' },
};
const BOTH: readonly Found[] = [FOUND, { ...FOUND, peer: 'hono' }];

t.test('what is listed is explained', async (t) => {
  t.same(explain(BOTH, [LISTED]), { unexplained: [], stale: [] });
});

t.test('a difference that nobody lists is not', async (t) => {
  const others: readonly Found[] = [
    { ...FOUND, peer: 'send' },
    { ...FOUND, title: '/dir/' },
    { ...FOUND, aspect: 'location' },
    { ...FOUND, ours: '308' },
    { ...FOUND, theirs: '404' },
  ];
  for (const other of others) t.same(explain([...BOTH, other], [LISTED]).unexplained, [other]);
});

t.test('what is listed and no longer occurs with a peer is named', async (t) => {
  t.match(explain([FOUND], [LISTED]).stale, [{ what: 'a slash', peer: 'hono' }]);
  t.equal(explain([], [LISTED]).stale.length, 2);
});

t.test('docs/migrating.md has every difference, and no other', async (t) => {
  const page = new URL('../../docs/migrating.md', import.meta.url);
  const text = readFileSync(page, 'utf8');
  const [before = '', after = ''] = text.split(
    /<!-- differences:start -->[\s\S]*<!-- differences:end -->/,
  );
  const table = `<!-- differences:start -->\n\n${tableOf(DIFFERENCES)}\n\n<!-- differences:end -->`;
  const wanted = before + table + after;
  if (process.env.UPDATE_DOCS === '1') writeFileSync(page, wanted);
  t.equal(readFileSync(page, 'utf8'), wanted, 'UPDATE_DOCS=1 writes it');
});

function tableOf(differences: readonly Difference[]): string {
  const rows = differences.map(({ what, there, here, why, seen }) => {
    const peers = [...new Set(seen.flatMap((one) => one.peers))].join(', ');
    return `| ${what} | ${peers} | ${there} | ${here} | ${why} |`;
  });
  return ['| What | Peers | There | Here | Why |', '| --- | --- | --- | --- | --- |', ...rows].join(
    '\n',
  );
}
