// systemd, and others who speak its language, are told what the process does: sd_notify(3).
import { loadNative } from '../addon/load.ts';
import type { Log } from '../log/log.ts';

export interface ServiceManager {
  /** It listens; or has others options than before, or not. */
  ready(): void;
  /** It reads its options again. */
  reloading(): void;
  stopping(): void;
  /** Another process is the service from now on. */
  replacedBy(pid: number): void;
}

/** One that nobody has asked for is told nothing. */
export function serviceManager(
  { NOTIFY_SOCKET: address }: NodeJS.ProcessEnv,
  log: Log,
): ServiceManager {
  const tell = (state: string) => {
    if (address === undefined || address === '') return;
    const { addon } = loadNative();
    try {
      if (addon === undefined) throw new Error('that needs the native addon');
      addon.tellServiceManager(address, state);
    } catch (error) {
      log.warn(`the service manager is not told: ${(error as Error).message}`, 'service-manager');
    }
  };
  return {
    ready: () => tell('READY=1'),
    // Of CLOCK_MONOTONIC, by which a reload is told from the one before.
    reloading: () => tell(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    stopping: () => tell('STOPPING=1'),
    replacedBy: (pid) => tell(`MAINPID=${pid}\nREADY=1`),
  };
}
