// Sockets that systemd has opened for this process (sd_listen_fds(3)): they are taken in the place of any address.
import { OPTIONS, type Options } from '../options/options.ts';

/** SD_LISTEN_FDS_START: those before it are every program's. */
export const FIRST = 3;

/** What says where to listen by port. */
const NO_PORT = {
  host: OPTIONS.host.default,
  port: OPTIONS.port.default,
  portFallback: OPTIONS.portFallback.default,
};

/** How many there are; 0 where they are for another process, or there is none. */
export function activatedSockets(env: NodeJS.ProcessEnv, pid: number): number {
  const { LISTEN_PID, LISTEN_FDS = '' } = env;
  return LISTEN_PID === String(pid) && /^[1-9]\d{0,3}$/.test(LISTEN_FDS) ? Number(LISTEN_FDS) : 0;
}

/** The same, and takes the variables away: what this process starts has no such sockets. */
export function takeActivated(env: NodeJS.ProcessEnv, pid: number): number {
  const activated = activatedSockets(env, pid);
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name];
  return activated;
}

/** The options with so many sockets, unless they name descriptors themselves, with their marks. */
export function withActivated(options: Options, activated: number): Options {
  const named = options.listen?.some((text) => text.startsWith('fd:'));
  if (activated === 0 || named) return options;
  const listen = Array.from({ length: activated }, (_, i) => `fd:${FIRST + i}`);
  return { ...options, ...NO_PORT, listen };
}
