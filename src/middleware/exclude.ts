// Paths that are the next handler's, whatever there is: such as an API behind a single page.
import { parseTarget } from '../http/target.ts';
import { type Kind, list, text } from '../options/kinds.ts';
import { compileGlob } from '../rules/glob.ts';

/** Of a request-target below the mount point. */
export type IsExcluded = (target: string) => boolean;

/** Globs over decoded paths; each stands for all that is below it too. */
export const excludedPaths: Kind<IsExcluded, string | readonly string[]> = {
  shape: 'glob,…',
  expected: 'a path or glob, or a list of them',
  parse(input) {
    const globs = list(text).parse(input);
    if (globs === undefined || globs.includes('') || globs.includes('/')) return undefined;
    const tests = globs
      .flatMap((glob) => [glob, `${glob.replace(/\/$/, '')}/**`])
      .map((glob) => compileGlob('exclude', glob));
    return (target) => {
      const parsed = parseTarget(target);
      return parsed.kind === 'path' && tests.some((matches) => matches(parsed.path.slice(1)));
    };
  },
  show: () => 'globs',
};
