// What a running server does when a signal comes.
import { createLog, type Log } from '../log/log.ts';
import type { OwnServer } from '../server/server.ts';
import type { Gathered } from './config.ts';
import { endProcess } from './exit.ts';
import { confirmPidFile } from './pid-file.ts';
import type { Given } from './reload.ts';
import { serviceManager } from './service-manager.ts';
import { listenForSignals, type OtherSignal } from './signals.ts';

/** Time for what a disk still owes after a second signal, milliseconds. */
const AT_ONCE_MS = 100;

export interface Life {
  /** What the command was asked for, and how it is asked again. */
  readonly asked: Given;
  readonly ask: () => Promise<Given>;
  /** Sockets of systemd. */
  readonly activated: number;
  readonly pidFile: string | undefined;
  /** Ends the process; with an error, where that ends it. */
  readonly exit: (error?: unknown) => void;
}

/** The first signal that stops finishes what is in flight; the second does not wait. */
export function actOnSignals(starting: Promise<OwnServer>, life: Life): void {
  const { ask, activated, pidFile, exit } = life;
  let { asked } = life;
  // Not when they are needed: by then another version may lie where this one was.
  const parts = starting.then(() =>
    Promise.all([import('./reload.ts'), import('./hand-over.ts')] as const),
  );
  parts.catch(() => {});
  const stopping = new AbortController();
  const log = () => logOf(asked.gathered);
  const manager = serviceManager(process.env, log());
  // A start that failed is told, and ended, by whoever waits for it.
  starting.then(manager.ready, () => {});
  let handing = false;
  let isReplaced = false;
  /** Not before the one that came first is done. */
  let reloading: Promise<void> = Promise.resolve();
  const acts: Readonly<Record<OtherSignal, (server: OwnServer) => Promise<void>>> = {
    async SIGHUP(server) {
      const [{ reload }] = await parts;
      reloading = reloading.then(async () => {
        manager.reloading();
        asked = await reload(server, asked, ask, log());
        manager.ready();
      });
    },
    async SIGUSR1(server) {
      const [{ reopenLogs }] = await parts;
      await reopenLogs(server, log());
    },
    async SIGUSR2(server) {
      if (handing) return log().info('SIGUSR2: ignored, a new process is on its way');
      handing = true;
      try {
        const [, { handOver }] = await parts;
        const pid = await handOver(server.held, activated, stopping.signal);
        isReplaced = true;
        manager.replacedBy(pid);
        server.leave().then(() => exit(), exit);
        log().info(`SIGUSR2: process ${pid} has taken the place of this one`);
      } catch (error) {
        handing = false;
        log().error(`SIGUSR2: this process goes on: ${(error as Error).message}`);
        if (pidFile !== undefined) confirmPidFile(pidFile);
      }
    },
  };
  listenForSignals({
    onStop() {
      if (!isReplaced) manager.stopping();
      stopping.abort();
      void starting.then(
        (server) => server.close().then(() => exit(), exit),
        () => {},
      );
    },
    onStopAgain: (status) => void endProcess(status, AT_ONCE_MS),
    onOther(signal) {
      starting.then(acts[signal]).catch(() => {});
    },
  });
}

export function logOf({ options }: Gathered): Log {
  return createLog({ level: options.logLevel, format: options.logFormat });
}
