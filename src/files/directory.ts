// Reads the names in a directory.
import { type Dir, promises as fs } from 'node:fs';
import type { OpenFile } from './entry.ts';

/** Names by the directory's own descriptor: nobody can put another directory in its place (Linux). */
export function readByDescriptor(directory: OpenFile): Promise<Dir> {
  return readDirectory(`/proc/self/fd/${directory.fd}`);
}

/** 256 names per turn of libuv's pool; Node's default of 32 is half as fast on 100,000 names. */
export function readDirectory(path: string): Promise<Dir> {
  return fs.opendir(path, { bufferSize: 256 });
}
