// Threads that encode, and the jobs that wait for one.
import type { Worker } from 'node:worker_threads';
import type { FileCoding } from '../plan/types.ts';
import { type Encoded, startEncoderThread, type Task } from './encoder-thread.ts';
import {
  callsOf,
  type Dictionary,
  type DictionaryCoding,
  type Effort,
  markOf,
} from './encoders.ts';

/** Content, and the form of it that is wanted. The bytes are copied when the job's turn comes. */
export type Job =
  | { readonly coding: FileCoding; readonly bytes: Uint8Array; readonly effort: Effort }
  | {
      readonly coding: DictionaryCoding;
      readonly bytes: Uint8Array;
      readonly dictionary: Dictionary;
    };

export interface Encoders {
  /** Rejects with an Error where a thread cannot run or encode, too many jobs wait, or the pool is closed meanwhile. */
  encode(job: Job): Promise<Uint8Array>;
  /** Ends the threads, whatever they are at. */
  close(): Promise<void>;
}

/** Jobs that wait: each holds its content. Whoever has more asks again later. */
const MAX_WAITING = 1024;

const CLOSED = 'the encoders are closed';

interface Waiting {
  readonly job: Job;
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Threads start when there is work for them, and keep no process alive that waits for none of it. `niceness`: of their
 * own, beside the process, where the system knows that (Linux); 19 leaves them what nobody else wants.
 */
export function createEncoders(threads: number, niceness = 0): Encoders {
  const idle: Worker[] = [];
  const busy = new Map<Worker, Waiting>();
  const waiting: Waiting[] = [];
  let closed = false;

  const start = (): Worker => {
    const thread = startEncoderThread(niceness);
    idle.push(thread);
    thread.on('message', (encoded: Encoded) => {
      const served = busy.get(thread);
      if (served !== undefined) settle(served, encoded);
      busy.delete(thread);
      thread.unref();
      idle.push(thread);
      next();
    });
    thread.on('error', (error) => lose(thread, error));
    thread.on('exit', () => lose(thread, new Error('a thread that encodes has ended')));
    thread.unref();
    return thread;
  };

  const lose = (thread: Worker, error: Error): void => {
    const at = idle.indexOf(thread);
    if (at >= 0) idle.splice(at, 1);
    busy.get(thread)?.reject(error);
    if (busy.delete(thread)) next();
  };

  const next = (): void => {
    while (!closed && busy.size < threads) {
      const wanted = waiting.shift();
      if (wanted === undefined) return;
      try {
        const thread = idle.at(-1) ?? start();
        // Throws for bytes that were given away.
        thread.postMessage(taskOf(wanted.job));
        thread.ref();
        idle.pop();
        busy.set(thread, wanted);
      } catch (error) {
        wanted.reject(error as Error);
      }
    }
  };

  return {
    encode: (job) =>
      new Promise((resolve, reject) => {
        if (closed) throw new Error(CLOSED);
        if (waiting.length === MAX_WAITING) throw new Error('too much waits for encoders');
        waiting.push({ job, resolve, reject });
        next();
      }),
    async close() {
      closed = true;
      const ended = [...idle, ...busy.keys()].map((thread) => thread.terminate());
      for (const { reject } of waiting.splice(0)) reject(new Error(CLOSED));
      await Promise.all(ended);
    },
  };
}

function taskOf(job: Job): Task {
  const { bytes } = job;
  return 'dictionary' in job
    ? { bytes, calls: callsOf(job.coding, bytes.length, 'best', job.dictionary.bytes) }
    : { bytes, calls: callsOf(job.coding, bytes.length, job.effort) };
}

function settle({ job, resolve, reject }: Waiting, encoded: Encoded): void {
  if ('error' in encoded) reject(new Error(encoded.error));
  else if (!('dictionary' in job)) resolve(encoded.bytes);
  else resolve(Buffer.concat([markOf(job.coding, job.dictionary.hash), encoded.bytes]));
}
