// Encoding beside a server: one thread, behind everything else that wants a processor, for a share of its time.
import { setTimeout as delay } from 'node:timers/promises';
import type { FileCoding } from '../plan/types.ts';
import { createEncoders, type Encoders } from './encoder-pool.ts';

export interface Background {
  /** The content in this coding, when its turn comes. Rejects as `Encoders` does. */
  encode(coding: FileCoding, bytes: Uint8Array): Promise<Uint8Array>;
  close(): void;
}

/** What nobody else wants: nice(1). */
const LAST = 19;

/** A thread takes some 10 MB, and 30 ms to start: after so long without work it ends. */
const IDLE_MS = 30_000;

/** `percent`: of one processor, at most (1 to 100). After each job it rests for as much longer as that takes. */
export function createBackground(percent: number): Background {
  const rest = 100 / percent - 1;
  let encoders: Encoders | undefined;
  let idle: NodeJS.Timeout | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;

  const end = () => {
    clearTimeout(idle);
    void encoders?.close();
    encoders = undefined;
  };

  async function encodeNow(coding: FileCoding, bytes: Uint8Array): Promise<Uint8Array> {
    if (closed) throw new Error('it is closed');
    clearTimeout(idle);
    encoders ??= createEncoders(1, LAST);
    return encoders.encode({ coding, bytes, effort: 'once' });
  }

  return {
    encode(coding, bytes) {
      const job = last.then(async () => {
        const began = performance.now();
        try {
          return { made: await encodeNow(coding, bytes), took: performance.now() - began };
        } finally {
          idle = setTimeout(end, IDLE_MS).unref();
        }
      });
      last = job.then(
        ({ took }) => delay(took * rest, undefined, { ref: false }),
        () => {},
      );
      return job.then(({ made }) => made);
    },
    close() {
      closed = true;
      end();
    },
  };
}
