// A log that is followed, and a client that stays.
import { join } from 'node:path';
import { openGrowing } from '../../src/files/growing-file.ts';
import { openRootByPath } from '../../src/files/open-by-path.ts';
import { FollowedFile } from '../../src/live/followed-file.ts';
import { makeTree, type Teardown } from '../support/tree.ts';

export const STAYS = { aborted: false, ending: false, onEnd() {} };

/** Joined once. */
export async function followed(t: Teardown, text: string, beatMs = 100) {
  const directory = makeTree(t, { 'a.log': text });
  const path = join(directory, 'a.log');
  const root = openRootByPath(directory, 'inside');
  let looks = 0;
  let left = 0;
  const find = async (name: string) => {
    looks++;
    const [found] = await root.open([name]);
    return found ?? ({ type: 'error', errno: 'EIO' } as const);
  };
  const first = await find('a.log');
  if (first.type !== 'file') throw new Error('no file');
  const file = new FollowedFile(await openGrowing(first, 'a.log', undefined), {
    ...{ find, pollMs: 100, beatMs },
    onLeft: () => left++,
  });
  file.join();
  // Looks keep no process.
  const alive = setInterval(() => {}, 1000);
  t.teardown(() => clearInterval(alive));
  return {
    ...{ file, path },
    looks: () => looks,
    left: () => left,
    async change(isSo: () => boolean) {
      while (!isSo()) await new Promise<void>((resolve) => file.wait(resolve));
    },
  };
}
