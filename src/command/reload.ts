// What a running server does when a signal says that something has changed.
import { isDeepStrictEqual } from 'node:util';
import type { Log } from '../log/log.ts';
import type { Options } from '../options/options.ts';
import type { Server } from '../server/server.ts';
import { type Gathered, inWordsOf } from './config.ts';

/** What the command was asked for, and what its server serves by. */
export interface Given {
  readonly gathered: Gathered;
  readonly options: Options;
}

/**
 * Reads the options again. Returns what holds from now on: `before`, where they cannot be used; then a line says why, and all
 * is as it was.
 */
export async function reload(
  server: Server,
  before: Given,
  read: () => Promise<Given>,
  log: Log,
): Promise<Given> {
  let asked = before;
  try {
    asked = await read();
    await server.reload(asked.options);
  } catch (error) {
    const { message } = inWordsOf(asked.gathered.call, error) as Error;
    log.error(`SIGHUP: all stays as it was: ${message}`);
    return before;
  }
  log.info(`SIGHUP: ${changeOf(server, before, asked)}`);
  for (const name of namesOf(before.gathered.process, asked.gathered.process)) {
    log.warn(`${asked.gathered.call(name)}: needs a restart`);
  }
  return asked;
}

function changeOf(server: Server, before: Given, asked: Given): string {
  const changed = namesOf(before.options, asked.options);
  if (changed.length > 0) return `reloaded: ${changed.join(', ')}`;
  const renewed = [
    ...(server.tlsVersions.length > 0 ? ['certificates reloaded'] : []),
    ...(asked.options.accessLog === undefined ? [] : ['access log opened anew']),
  ];
  return renewed.join(', ') || 'no option has changed';
}

/** Options that differ. */
function namesOf(before: object, after: object): string[] {
  const was = new Map<string, unknown>(Object.entries(before));
  return Object.entries(after).flatMap(([name, value]) =>
    isDeepStrictEqual(was.get(name), value) ? [] : name,
  );
}

/** After somebody has moved it away. */
export async function reopenLogs(server: Server, log: Log): Promise<void> {
  if (server.stats().accessLog === undefined) {
    return log.info('SIGUSR1: ignored, there is no access log');
  }
  await server.reopenLogs().then(
    () => log.info('SIGUSR1: access log opened anew'),
    (error: Error) => log.error(`SIGUSR1: the access log stays as it was: ${error.message}`),
  );
}
