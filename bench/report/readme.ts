// README's measured parts: what stands between a pair of markers is written by runs, never by hand.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const README = join(PROJECT, 'README.md');

/** Replaces what is between `<!-- name:start -->` and `<!-- name:end -->`; a README without them stays as it is. */
export function updateReadme(name: string, part: string): void {
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  const text = existsSync(README) ? readFileSync(README, 'utf8') : '';
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from === -1 || to < from) {
    process.stderr.write(`README.md has no ${start} … ${end}: left as it is\n`);
    return;
  }
  writeFileSync(README, `${text.slice(0, from)}${start}\n${part}${text.slice(to)}`);
  process.stderr.write('wrote README.md\n');
}

/** A path as README links it. */
export function readmePath(path: string): string {
  return relative(PROJECT, path);
}
