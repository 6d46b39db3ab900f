// Encoded forms as sealed files of memory: gone with the process, and nobody else's.
import type { NativeAddon } from '../addon/types.ts';
import type { Log } from '../log/log.ts';
import type { FormShelf } from './encoded-files.ts';
import { codeOf } from './errno.ts';
import { readOpened } from './open.ts';

export function formsInMemory(addon: NativeAddon, log: Log): FormShelf {
  return {
    find: async () => undefined,
    async put(_hash, _coding, bytes, { mtimeMs, path }) {
      try {
        const [made] = readOpened(addon.memoryFile(bytes, Math.max(0, mtimeMs), path));
        return made?.type === 'file' ? made : undefined;
      } catch (error) {
        log.warn(`compress: no room for a form of ${path}: ${codeOf(error)}`, 'compress:room');
        return undefined;
      }
    },
    close: () => {},
  };
}
