// Where a fork parts from its source, and how it gets the bytes before: it is a copy, by reference where the file system
// has that. PROTOCOL.md §4.2.

import { constants, copyFile } from 'node:fs';
import { promisify } from 'node:util';
import type { FileEntry } from '../../files/entry.ts';
import { piecesIn } from '../../files/read-span.ts';
import { isJson } from '../../http/media-type.ts';
import { closeFile, openFile, truncateFile, writeFully } from './disk.ts';
import type { Inherited } from './make.ts';
import type { Fork, ForkConfig, StreamConfig } from './types.ts';

const cloneFile = promisify(copyFile);

/** Without an expiry of its own it has its source's. */
export function configOf(asked: ForkConfig, source: StreamConfig): StreamConfig {
  const { ttlSeconds, expiresAt } = inheritsExpiry(asked) ? source : asked;
  return { contentType: asked.contentType ?? source.contentType, ttlSeconds, expiresAt };
}

export function inheritsExpiry({ ttlSeconds, expiresAt }: ForkConfig): boolean {
  return ttlSeconds === undefined && expiresAt === undefined;
}

/**
 * Bytes of the source that the fork begins with; undefined where that is beyond its tail or within a message. Rejects with an
 * Error that has `code`.
 */
export async function forkPoint(source: ForkSource, fork: Fork): Promise<number | undefined> {
  const { tail } = source;
  const offset = fork.offset ?? tail;
  if (offset > tail) return undefined;
  if (!isJson(source.config.contentType)) {
    return offset + fork.subOffset <= tail ? offset + fork.subOffset : undefined;
  }
  return behindMessages(source.file.file.fd, offset, fork.subOffset, tail);
}

/** A stream as it was when the fork began, with its file, which is retained meanwhile. */
export interface ForkSource {
  readonly config: StreamConfig;
  readonly tail: number;
  readonly file: FileEntry;
}

const NEWLINE = 0x0a;

/** Each message ends with a newline, and has none within it. */
async function behindMessages(
  fd: number,
  offset: number,
  messages: number,
  tail: number,
): Promise<number | undefined> {
  if (offset > 0) {
    for await (const piece of piecesIn(fd, { start: offset - 1, end: offset })) {
      if (piece[0] !== NEWLINE) return undefined;
    }
  }
  if (messages === 0) return offset;
  let at = offset;
  let left = messages;
  for await (const piece of piecesIn(fd, { start: offset, end: tail })) {
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, end + 1)) {
      left--;
      if (left === 0) return at + end + 1;
    }
    at += piece.length;
  }
  return undefined;
}

/** `file` is retained until `openCopy` has ended. */
export function inheritedFrom({ file }: ForkSource, bytes: number): Inherited {
  const source = file.file.fd;
  return {
    bytes,
    async openCopy(path) {
      const isClone = await isCloned(source, path);
      const fd = await openFile(path, isClone ? 'r+' : 'w+');
      try {
        if (isClone) await truncateFile(fd, bytes);
        else await copyStart(source, fd, bytes);
        return fd;
      } catch (error) {
        await closeFile(fd);
        throw error;
      }
    },
  };
}

async function copyStart(source: number, fd: number, bytes: number): Promise<void> {
  let at = 0;
  for await (const piece of piecesIn(source, { start: 0, end: bytes })) {
    await writeFully(fd, [piece], at);
    at += piece.length;
  }
  if (at < bytes) throw Object.assign(new Error('EIO: a source was cut off'), { code: 'EIO' });
}

/** By descriptor: its name may be another file's by now. Where it fails, libuv removes what stands at the path. */
async function isCloned(source: number, path: string): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  try {
    await cloneFile(`/proc/self/fd/${source}`, path, constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch {
    return false;
  }
}
