// Globs over root-relative paths.
import { createRequire } from 'node:module';
import type picomatch from 'picomatch';

const require = createRequire(import.meta.url ?? __filename);

/**
 * As in .gitignore: a glob without a slash matches the name at any depth, a leading slash anchors it at
 * the root. Throws an Error that begins with `where`.
 */
export function compileGlob(where: string, glob: string): (path: string) => boolean {
  const pattern = glob.startsWith('/') ? glob.slice(1) : glob;
  if (pattern === '') throw new Error(`${where}: the glob is empty; "**" matches every file`);
  // Most servers have no globs: they start without its parser.
  const compile = require('picomatch') as typeof picomatch;
  const matches = compile(pattern, { dot: true, basename: !glob.includes('/') });
  return (path) => matches(path);
}
