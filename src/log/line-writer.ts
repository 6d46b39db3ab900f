// Lines to a descriptor, in order, without waiting for whoever takes them: no reader, disk or terminal may stall or
// end a server. (Node's process.stderr does both: it blocks on a full pipe, and throws where its reader is gone.)
import { write } from 'node:fs';

export interface LineWriter {
  /** Queues `text`, which is `lines` whole lines. Never throws: what cannot be written is lost and counted. */
  write(text: string, lines: number): void;
  /** Lines lost since this was asked last. */
  takeLost(): number;
  /** Lines lost since the start. */
  readonly lost: number;
  /** Resolves when all that is queued is written or lost; it waits `withinMs` at most. */
  drained(withinMs: number): Promise<void>;
}

/** Bytes that wait for a reader that is slow: a burst of a thousand long lines. */
const MAX_QUEUED = 256 * 1024;

/** A descriptor that somebody has made non-blocking is full: its reader gets this time, milliseconds. */
const RETRY_MS = 20;

interface Queued {
  readonly bytes: Buffer;
  readonly lines: number;
}

/** Its writes run in libuv's pool, one at a time: a reader that never reads holds one thread and nothing else. */
export function createLineWriter(fd: number): LineWriter {
  const queue: Queued[] = [];
  let queued = 0;
  let taken = 0;
  let lost = 0;
  let isIdle = () => {};

  function next(): void {
    const [first] = queue;
    if (first === undefined) isIdle();
    else writeFrom(first, 0);
  }

  function writeFrom(one: Queued, start: number): void {
    write(fd, one.bytes, start, (error, written) => {
      if (error?.code === 'EAGAIN' || error?.code === 'EINTR') {
        setTimeout(writeFrom, RETRY_MS, one, start).unref();
        return;
      }
      if (error === null && start + written < one.bytes.length) {
        writeFrom(one, start + written);
        return;
      }
      if (error !== null) lost += one.lines;
      queued -= one.bytes.length;
      queue.shift();
      next();
    });
  }

  return {
    write(text, lines) {
      const bytes = Buffer.from(text);
      if (queued + bytes.length > MAX_QUEUED) {
        lost += lines;
        return;
      }
      queued += bytes.length;
      if (queue.push({ bytes, lines }) === 1) next();
    },
    takeLost() {
      const count = lost - taken;
      taken = lost;
      return count;
    },
    get lost() {
      return lost;
    },
    drained(withinMs) {
      if (queue.length === 0) return Promise.resolve();
      return new Promise((resolve) => {
        const deadline = setTimeout(resolve, withinMs);
        isIdle = () => {
          clearTimeout(deadline);
          resolve();
        };
      });
    },
  };
}

/** Standard error, for every log of the process. */
export const standardError: LineWriter = createLineWriter(2);
