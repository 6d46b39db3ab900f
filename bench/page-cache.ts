// Drops files from the page cache: posix_fadvise(POSIX_FADV_DONTNEED), by way of dd(1).
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Pages that are dirty, or mapped by a process, stay. */
export async function dropFromPageCache(file: string): Promise<void> {
  await promisify(execFile)('dd', [`if=${file}`, 'iflag=nocache', 'count=0', 'status=none']);
}
