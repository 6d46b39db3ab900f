// A thread that encodes: it makes the calls of node:zlib that it is told of, and answers with the smallest result. Its
// program is a text: so no bundler can leave it behind, and whoever encodes nothing loads none of it.
import type { Worker } from 'node:worker_threads';
import type { ZlibCall } from './encoders.ts';

/** What the thread is told. */
export interface Task {
  readonly bytes: Uint8Array;
  readonly calls: readonly ZlibCall[];
}

/** What it answers: the bytes, or why there are none. */
export type Encoded = { readonly bytes: Uint8Array } | { readonly error: string };

// Of Linux: setpriority(2) of the calling thread; elsewhere it would be the whole process.
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads');
const zlib = require('node:zlib');
if (workerData.niceness !== 0 && process.platform === 'linux') {
  try { require('node:os').setPriority(0, workerData.niceness); } catch {}
}
parentPort.on('message', ({ bytes, calls }) => {
  try {
    let best;
    for (const { name, options } of calls) {
      const made = zlib[name](bytes, options);
      if (best === undefined || made.length < best.length) best = made;
    }
    const own = new Uint8Array(best);
    parentPort.postMessage({ bytes: own }, [own.buffer]);
  } catch (error) {
    parentPort.postMessage({ error: String(error && error.message) });
  }
});
`;

/** Throws where this process may have no threads (node --permission). */
export function startEncoderThread(niceness: number): Worker {
  const { Worker } = process.getBuiltinModule('node:worker_threads');
  return new Worker(PROGRAM, { eval: true, workerData: { niceness }, execArgv: [] });
}
