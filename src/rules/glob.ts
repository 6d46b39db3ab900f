// Globs over root-relative paths.
import { loadPicomatch } from '../packages/packages.ts';

/**
 * As in .gitignore: a glob without a slash matches the name at any depth, a leading slash anchors it at
 * the root. Throws an Error that begins with `where`.
 */
export function compileGlob(where: string, glob: string): (path: string) => boolean {
  const pattern = glob.startsWith('/') ? glob.slice(1) : glob;
  if (pattern === '') throw new Error(`${where}: the glob is empty; "**" matches every file`);
  // Most servers have no globs: they start without its parser.
  const matches = loadPicomatch()(pattern, { dot: true, basename: !glob.includes('/') });
  return (path) => matches(path);
}
