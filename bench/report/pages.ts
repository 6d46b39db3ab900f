// The measured parts of README and docs: what stands between a pair of markers is written by runs, never by hand.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

export type Page = 'README.md' | 'docs/performance.md';

/** A file as a page links it. */
export type Link = (path: string) => string;

/** Replaces what is between `<!-- name:start -->` and `<!-- name:end -->`; a page without them stays as it is. */
export function updatePage(page: Page, name: string, part: (link: Link) => string): void {
  const path = join(PROJECT, page);
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from === -1 || to < from) {
    process.stderr.write(`${page} has no ${start} … ${end}: left as it is\n`);
    return;
  }
  const written = part((target) => relative(dirname(path), target));
  writeFileSync(path, `${text.slice(0, from)}${start}\n${written}${text.slice(to)}`);
  process.stderr.write(`wrote ${page}\n`);
}

/** A path as it is told: from the top of the checkout. */
export function shownPath(path: string): string {
  return relative(PROJECT, path);
}
