// Lines to a descriptor, in order, without waiting for whoever takes them: no reader, disk or terminal may stall or
// end a server. (Node's process.stderr does both: it blocks on a full pipe, and throws where its reader is gone.)
import { close, write } from 'node:fs';

export interface LineWriter {
  /** Queues `text`, which is `lines` whole lines. Never throws: what cannot be written is lost and counted. */
  write(text: string, lines: number): void;
  /** Lines lost since this was asked last. */
  takeLost(): number;
  /** Lines since the start. */
  readonly written: number;
  readonly lost: number;
  /** Why lines were lost last: an errno's name, ENOBUFS where too many waited; empty where none were. */
  readonly error: string;
  /** What is not yet written goes to this descriptor, and the one before is closed. */
  reopen(fd: number): void;
  /** Closes its descriptor. */
  close(): void;
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
export function createLineWriter(first: number, maxQueued: number = MAX_QUEUED): LineWriter {
  const queue: Queued[] = [];
  const former: number[] = [];
  let fd = first;
  let queued = 0;
  let taken = 0;
  let written = 0;
  let lost = 0;
  let why = '';
  let isIdle = () => {};

  function next(): void {
    // Nobody writes to them any more.
    for (const one of former.splice(0)) close(one, () => {});
    const [waiting] = queue;
    if (waiting === undefined) isIdle();
    else writeFrom(waiting, 0);
  }

  function lose(lines: number, error: string): void {
    lost += lines;
    why = error;
  }

  function writeFrom(one: Queued, start: number): void {
    write(fd, one.bytes, start, (error, count) => {
      if (error?.code === 'EAGAIN' || error?.code === 'EINTR') {
        setTimeout(writeFrom, RETRY_MS, one, start).unref();
        return;
      }
      if (error === null && start + count < one.bytes.length) {
        writeFrom(one, start + count);
        return;
      }
      if (error === null) written += one.lines;
      else lose(one.lines, error.code ?? error.message);
      queued -= one.bytes.length;
      queue.shift();
      next();
    });
  }

  return {
    write(text, lines) {
      const bytes = Buffer.from(text);
      if (queued + bytes.length > maxQueued) {
        lose(lines, 'ENOBUFS');
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
    get written() {
      return written;
    },
    get lost() {
      return lost;
    },
    get error() {
      return why;
    },
    reopen(to) {
      former.push(fd);
      fd = to;
      if (queue.length === 0) next();
    },
    close: () => close(fd, () => {}),
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
