// Globs over root-relative paths.
import { loadPicomatch } from '../packages/packages.ts';

/** What means more than itself in a glob. */
const SPECIAL = /[*?[\]{}()!+@|\\]/;

/** Last segments that match all names of a directory, or all with an extension. */
const ALIKE = /^(?:\*\*?|\*\.(?:\w+|\{\w+(?:,\w+)*\}))$/;

/** May the glob match one name with this extension (without its dot) and not another in the same directory? */
export function tellsApart(glob: string, extension: string): boolean {
  const last = glob.slice(glob.lastIndexOf('/') + 1);
  if (glob.startsWith('!')) return true;
  // "a/**" matches "a" too.
  if (glob.endsWith('/**')) return tellsApart(glob.slice(0, -3), extension);
  if (ALIKE.test(last)) return false;
  const dot = last.lastIndexOf('.');
  const end = last.slice(dot + 1);
  if (SPECIAL.test(end)) return true;
  return dot >= 0 && end.toLowerCase() === extension.toLowerCase();
}

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
