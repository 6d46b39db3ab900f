// The scenarios of many files: asked for once, by Zipf's law, hot, missing, unchanged, listed, and right after a start.
import { basename } from 'node:path';
import {
  type Expectation,
  type ManyFiles,
  type Scenario,
  scenario,
  type Variation,
} from '../scenario.ts';
import { byZipf, first, hot, nothing, once, repeated, unchanged, untouched } from './asked.ts';
import { directoryWith, treeOf } from './tree.ts';

const LISTED = '/all/';
const LISTINGS = 2;

export const manyFiles = manyFilesOf(100_000);

/** Their names are those of 100,000 files; a test takes fewer, and all other amounts with them. */
export function manyFilesOf(count: number): readonly Scenario[] {
  const tree = treeOf(count);
  const large = treeOf(10 * count);
  const names = directoryWith(LISTED, count);
  const [few, some, half] = [count / 100, count / 20, count / 2];
  const files = (amount: number): string => `${amount.toLocaleString('en-US')} files`;
  const listing: Expectation = {
    kind: 'listing',
    path: LISTED,
    names: Array.from({ length: count }, (_, at) => basename(names.file(at).path)),
  };
  return [
    many('once', `GET, each of ${files(count)} once`, once(tree)),
    many('zipf-1k', `GET, Zipf over ${files(few)}`, byZipf(tree, few)),
    many('zipf-100k', `GET, Zipf over ${files(count)}`, byZipf(tree, count)),
    // Minutes to write, and 4 GiB.
    many('zipf-1m', `GET, Zipf over ${files(10 * count)}`, byZipf(large, 10 * count), {
      optIn: true,
    }),
    many('missing', '404, each name once', nothing(tree), {
      expects: untouched(tree, ({ path }) => ({ kind: 'missing', path: `${path}.gone` })),
    }),
    many('revalidate-many', `304 by date, each of ${files(count)} once`, once(tree, unchanged), {
      expects: untouched(tree, unchanged),
      needs: ['many files', 'If-Modified-Since'],
    }),
    many('hot-5k', `GET, ${files(some)} hot`, hot(tree, some)),
    many('hot-50k', `GET, ${files(half)} hot`, hot(tree, half)),
    many('listing-100k', `A listing of ${files(count)}`, repeated(names, listing, LISTINGS), {
      expects: [listing],
      connections: 1,
      needs: ['listing'],
    }),
    many(
      'first-1000',
      `GET, the first ${few.toLocaleString('en-US')} of a process`,
      first(tree, few),
    ),
    many('https-once', `GET, each of ${files(count)} once, HTTPS`, once(tree), {
      protocol: 'https',
    }),
    many('https-hot-5k', `GET, ${files(some)} hot, HTTPS`, hot(tree, some), {
      protocol: 'https',
    }),
  ];
}

/** Verified are files that no turn asks for, unless something else is said. */
function many(
  name: string,
  title: string,
  asked: ManyFiles,
  {
    expects = untouched(asked.tree),
    ...variation
  }: Variation & Partial<Pick<Scenario, 'expects'>> = {},
): Scenario {
  return scenario('many', name, title, expects, {
    needs: ['many files'],
    generator: 'wrk',
    many: asked,
    ...variation,
  });
}
