// What all streams of a directory share to reach its disk.
import {
  close,
  fdatasync,
  fstat,
  fsync,
  ftruncate,
  open,
  rename,
  unlink,
  write,
  writev,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { NativeAddon } from '../../addon/types.ts';
import { fill } from '../../files/read-span.ts';
import type { Log } from '../../log/log.ts';
import type { Checksum } from './checksum.ts';
import type { Turns } from './turns.ts';

export const openFile = promisify(open);
export const closeFile = promisify(close);
export const truncateFile = promisify(ftruncate);
export const renameFile = promisify(rename);
export const removeFile = promisify(unlink);
const statFile = promisify(fstat);
const writeAt = promisify(write);
const writeAllAt = promisify(writev);
const syncData = promisify(fdatasync);
const syncAll = promisify(fsync);

export interface Disk {
  readonly directory: string;
  readonly addon: NativeAddon | undefined;
  readonly checksum: Checksum;
  readonly log: Log;
  /** For syncs: each holds a thread of libuv's pool for as long as the disk takes, and others need those too. */
  readonly turns: Turns;
  readonly counts: DiskCounts;
}

export interface DiskCounts {
  commits: number;
  syncs: number;
}

export function pathOf(disk: Disk, file: string): string {
  return join(disk.directory, file);
}

/** fdatasync(2). Rejects with an Error that has `code`. */
export function sync(disk: Disk, fd: number): Promise<void> {
  disk.counts.syncs++;
  return disk.turns.take(() => syncData(fd));
}

/** So that its names are kept. Rejects with an Error that has `code`. */
export async function syncDirectory(disk: Disk): Promise<void> {
  // Windows has no such thing: NTFS keeps names in its journal.
  if (process.platform === 'win32') return;
  const fd = await openFile(disk.directory, 'r');
  try {
    disk.counts.syncs++;
    await disk.turns.take(() => syncAll(fd));
  } finally {
    await closeFile(fd);
  }
}

/** Bytes. */
export async function sizeOf(fd: number): Promise<number> {
  return (await statFile(fd)).size;
}

/** All of a file. */
export async function readWhole(fd: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(await sizeOf(fd));
  return bytes.subarray(0, await fill(fd, bytes, 0));
}

/** Rejects with an Error that has `code`; then some of it may be written. */
export async function writeFully(
  fd: number,
  chunks: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let rest = [...chunks];
  for (let at = position; rest.length > 0; ) {
    const [first] = rest;
    const { bytesWritten } =
      rest.length === 1 && first !== undefined
        ? await writeAt(fd, first, 0, first.length, at)
        : await writeAllAt(fd, rest, at);
    at += bytesWritten;
    rest = after(rest, bytesWritten);
  }
}

/** What is left of these chunks without so many bytes of their start. */
function after(chunks: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skipped = bytes;
  const rest: Uint8Array[] = [];
  for (const chunk of chunks) {
    if (skipped < chunk.length) rest.push(chunk.subarray(skipped));
    skipped = Math.max(0, skipped - chunk.length);
  }
  return rest;
}

/** Chunks that are small on average cost less as one copy than as a vector. */
const SMALL = 16 * 1024;

export function gather(chunks: readonly Uint8Array[]): readonly Uint8Array[] {
  if (chunks.length < 2) return chunks.filter(({ length }) => length > 0);
  const total = chunks.reduce((sum, { length }) => sum + length, 0);
  if (total === 0) return [];
  return total / chunks.length < SMALL ? [Buffer.concat(chunks, total)] : chunks;
}

/** The checksum of these chunks, one after the other. */
export function sumOf(chunks: readonly Uint8Array[], checksum: Checksum): number {
  return chunks.reduce((sum, chunk) => checksum(chunk, sum), 0);
}
