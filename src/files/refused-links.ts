// Links that the policy refuses are the operator's mistake more often than a client's: each is told, by its own path.
import type { Log } from '../log/log.ts';
import type { FilesPolicy } from './policy.ts';
import { closeAll, type Found } from './root.ts';
import { type Steps, settled } from './steps.ts';

/** Levels at which the link is looked for: bounds what a long path below one can cost. */
const MAX_LEVELS = 32;

/** Is a link on the way the reason? (openat2(2): EXDEV leaves the root, ELOOP is one where none may be, or a loop.) */
export function isRefusedLink(found: Found | undefined): boolean {
  return found?.type === 'error' && (found.errno === 'EXDEV' || found.errno === 'ELOOP');
}

/**
 * Tells which link keeps this path from being served. Whatever clients ask for below one, it is one line: they cannot
 * fill the log with it.
 */
export function* tellRefusedLink(
  path: string,
  open: (paths: readonly string[]) => readonly Found[] | Promise<readonly Found[]>,
  symlinks: FilesPolicy['symlinks'],
  log: Log,
): Steps<void> {
  const segments = path.split('/').slice(0, MAX_LEVELS);
  const paths = segments.map((_, i) => segments.slice(0, i + 1).join('/'));
  const found = yield* settled(open(paths));
  closeAll(found);
  const at = found.findIndex(isRefusedLink);
  const [link, look] = [paths[at], found[at]];
  if (link === undefined || look?.type !== 'error') return;
  const why = look.errno === 'EXDEV' ? 'leads out of the root' : 'is a link that is not followed';
  log.warn(`${link} ${why} (symlinks: ${symlinks}): not served`, `link:${link}`);
}
