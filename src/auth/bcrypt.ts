// bcryptjs on a thread of its own: a comparison takes a tenth of a second and more. Its compare() is in constant time.
import type { Worker } from 'node:worker_threads';
import { bcryptPath } from '../packages/packages.ts';

export interface Bcrypt {
  /** Rejects where the thread cannot run. One at a time. */
  compare(password: string, hash: string): Promise<boolean>;
  close(): void;
}

const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads');
const bcrypt = require(workerData);
parentPort.on('message', ([password, hash]) => parentPort.postMessage(bcrypt.compareSync(password, hash)));
`;

/** The thread starts with the first comparison, and keeps no process alive. */
export function createBcrypt(): Bcrypt {
  let worker: Worker | undefined;
  const start = () => {
    // Not imported: whoever has no such users does not load it.
    const threads = process.getBuiltinModule('node:worker_threads');
    const started = new threads.Worker(PROGRAM, {
      eval: true,
      workerData: bcryptPath(),
      execArgv: [],
    });
    started.once('exit', () => {
      if (worker === started) worker = undefined;
    });
    return started;
  };
  return {
    async compare(password, hash) {
      worker ??= start();
      const running = worker;
      running.ref();
      try {
        return await new Promise<boolean>((resolve, reject) => {
          const gone = () => reject(new Error('the thread for bcrypt has ended'));
          running.once('error', reject).once('exit', gone);
          running.once('message', (same: boolean) => {
            running.off('error', reject).off('exit', gone);
            resolve(same);
          });
          running.postMessage([password, hash]);
        });
      } finally {
        running.unref();
      }
    },
    close() {
      worker?.terminate();
    },
  };
}
