// Opens what a table looks for: at once where nothing has to be waited for, and with fewer cached files where descriptors end.
import type { Log } from '../log/log.ts';
import type { FilePool } from './file-pool.ts';
import { closeAll, type Found, type Root } from './root.ts';

/** Opens root-relative paths beneath this root, in order, as `Root.open`. */
export type Open = (
  root: Root,
  paths: readonly string[],
) => readonly Found[] | Promise<readonly Found[]>;

export function createOpener(pool: Pick<FilePool, 'relieve'>, log: Log): Open {
  /** Where the process is out of descriptors, closes cached files and tries once more. */
  async function openLater(root: Root, paths: readonly string[]): Promise<readonly Found[]> {
    const found = await root.open(paths);
    if (!found.some(isExhausted)) return found;
    log.warn('out of file descriptors: closing cached files', 'descriptors');
    if (!(await pool.relieve())) return found;
    closeAll(found);
    return root.open(paths);
  }

  return (root, paths) => {
    const found = root.openNow(paths);
    if (found === undefined) return openLater(root, paths);
    if (!found.some(isExhausted)) return found;
    closeAll(found);
    return openLater(root, paths);
  };
}

function isExhausted(found: Found): boolean {
  return found.type === 'error' && (found.errno === 'EMFILE' || found.errno === 'ENFILE');
}
