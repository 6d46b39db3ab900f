// One start: a server, in a process that is what the operator wants it to be.
import type { Log } from '../log/log.ts';
import { showProgress } from '../log/progress.ts';
import { hostsOf, type Options, type ProcessOptions } from '../options/options.ts';
import { type OwnServer, startServer } from '../server/server.ts';
import type { Inheritance } from './inheritance.ts';
import { claimPidFile } from './pid-file.ts';
import { findDescent, unreadable } from './user.ts';

/**
 * As `createServer`; also rejects with a StartError where the user or the pid file cannot be had. `inherited`: from the
 * process whose place this one takes. `quiet`: nothing is drawn on a terminal.
 */
export async function start(
  options: Options,
  { user, pidFile }: ProcessOptions,
  log: Log,
  inherited: Inheritance | undefined,
  quiet: boolean,
): Promise<OwnServer> {
  const pid = pidFile === undefined ? undefined : claimPidFile(pidFile, inherited?.from);
  const sites = [options, ...hostsOf(options).map((host) => host.options)];
  const roots = sites.map(({ root }) => root);
  const descent = user === undefined ? undefined : findDescent(user, roots);
  const begin = {
    beforeOpening: descent?.begin,
    sockets: inherited?.sockets ?? [],
    showProgress: (bytes: number) => showProgress(process.stderr, bytes, quiet),
  };
  const server = await startServer(options, begin).catch((error: unknown) => {
    throw descent?.explain(error) ?? error;
  });
  try {
    if (pid !== undefined) (descent?.asRoot ?? run)(pid.write);
    descent?.end();
  } catch (error) {
    await server.close();
    throw error;
  }
  if (pid !== undefined) process.once('exit', pid.remove);
  inherited?.accept(server.held);
  if (descent === undefined) return server;
  if (pid?.isRemovable() === false) {
    log.info(`${pidFile}: ${user} cannot remove it at the end; the next start replaces it`);
  }
  for (const file of new Set(sites.flatMap(unreadable))) {
    log.warn(`${file}: ${user} cannot read it: a certificate is renewed by a restart, not by HUP`);
  }
  return server;
}

function run(work: () => void): void {
  work();
}
