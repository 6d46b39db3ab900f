// What stands at a path of the command line. Of what may not be looked at (node --permission) the server will tell.
import { existsSync, statSync } from 'node:fs';

export function isDirectory(path: string): boolean {
  return look(() => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true);
}

export function exists(path: string): boolean {
  return look(() => existsSync(path));
}

function look(see: () => boolean): boolean {
  try {
    return see();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_ACCESS_DENIED';
  }
}
