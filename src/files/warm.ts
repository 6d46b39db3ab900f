// Reads files into the page cache, a piece at a time, so that whoever asks for them first need not wait for a disk.

import type { NativeAddon } from '../addon/types.ts';
import { fill } from './read-span.ts';
import { closeAll, type FoundFile, type Root } from './root.ts';
import type { WalkedFile } from './walk.ts';

/** Bytes that are asked for at a time: a disk of 200 MB/s has a thread of the pool for 20 ms, and a stop waits as long. */
const PIECE = 4 * 2 ** 20;

/** Files at a time: two of the four threads of libuv's pool stay for what clients wait for. */
const READERS = 2;

export interface Warmed {
  /** Files that are in the page cache to their end. */
  readonly files: number;
  /** Bytes of these, and of one that did not fit. */
  readonly bytes: number;
  /** How many of the bytes were there before; undefined where the kernel does not tell. */
  readonly resident: number | undefined;
  /** Files that could not be opened. */
  readonly failed: number;
}

export interface WarmOptions {
  readonly addon: NativeAddon | undefined;
  /** Bytes at most. */
  readonly max: number;
  /** Ends it after the pieces that are on their way. */
  readonly signal: AbortSignal;
  /** So many bytes more are there. */
  readonly onRead: (bytes: number) => void;
}

/** Files that vanish, or change, meanwhile are none of its business. Rejects where the walk does. */
export async function warm(
  root: Root,
  files: AsyncGenerator<WalkedFile, void>,
  { addon, max, signal, onRead }: WarmOptions,
): Promise<Warmed> {
  const done = { files: 0, bytes: 0, failed: 0 };
  let resident: number | undefined = addon === undefined ? undefined : 0;
  /** That nobody has taken yet. */
  let left = max;
  const isOver = () => signal.aborted || left <= 0;

  async function warmFile(found: FoundFile): Promise<void> {
    const end = Math.min(found.size, left);
    left -= end;
    // Before any of it is read, for the kernel reads ahead.
    const before = await residentIn(found, end, addon);
    resident = before === undefined || resident === undefined ? undefined : resident + before;
    // What is there already is one piece.
    const piece = before === end ? end : PIECE;
    for (let at = 0; at < end; at += piece) {
      if (signal.aborted) return;
      const next = Math.min(end, at + piece);
      if (before !== end) await readPiece(found, at, next, addon);
      done.bytes += next - at;
      onRead(next - at);
    }
    if (end === found.size) done.files++;
  }

  async function reader(): Promise<void> {
    for await (const { path } of files) {
      if (isOver()) return;
      const opened = await root.open([path]);
      const [found] = opened;
      try {
        if (found?.type === 'file') await warmFile(found);
        else if (found?.type === 'error' && found.errno !== 'ENOENT') done.failed++;
      } finally {
        closeAll(opened);
      }
    }
  }

  await Promise.all(Array.from({ length: READERS }, reader));
  return { ...done, resident };
}

async function residentIn(
  { file: { native } }: FoundFile,
  end: number,
  addon: NativeAddon | undefined,
): Promise<number | undefined> {
  return native === undefined ? undefined : addon?.residentBytes(native, 0, end);
}

async function readPiece(
  { file }: FoundFile,
  start: number,
  end: number,
  addon: NativeAddon | undefined,
): Promise<void> {
  if (addon !== undefined && file.native !== undefined) return addon.warm(file.native, start, end);
  // Whoever sends the file will meet its error too, and say so.
  await fill(file.fd, Buffer.allocUnsafe(end - start), start).catch(() => {});
}
