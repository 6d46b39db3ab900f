#!/usr/bin/env node
// The `zcserve` command: reads the command line, runs one server, ends it on a signal.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { withActivation } from './command/activation.ts';
import { readPlainArguments } from './command/arguments.ts';
import { type Gathered, gatherOptions, inWordsOf } from './command/config.ts';
import { endProcess } from './command/exit.ts';
import { calledOn, readFlags } from './command/flags.ts';
import { listenForSignals } from './command/signals.ts';
import type { Asked } from './command/usage.ts';
import { readWords } from './command/words.ts';
import { standardError } from './log/line-writer.ts';
import { createLog, type Log } from './log/log.ts';
import type { Options } from './options/options.ts';
import { OptionError } from './options/table.ts';
import type { Server } from './server/server.ts';

/** Exit statuses: a wrong command line, and a start that failed. */
const BAD_USAGE = 2;
const FAILED = 1;

/** Time for the last lines of the log, milliseconds. */
const LAST_LINES_MS = 1000;

/** Time for what a disk still owes when all else is over, and after a second signal, milliseconds. */
const LAST_READS_MS = 500;
const AT_ONCE_MS = 100;

// A reader that has left (`| head`), or a full disk, ends no server.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

await main(process.argv.slice(2)).catch((error: unknown) => {
  return fail(error, error instanceof OptionError ? BAD_USAGE : FAILED);
});

async function main(args: readonly string[]): Promise<void> {
  const asked = readPlainArguments(args) ?? (await readAny(args));
  if (asked === 'version') return console.log(readVersion());
  if ('help' in asked) return console.log(asked.help);
  const { command, root } = readWords(asked.words, args);
  if (command === 'help' || command === 'version') return main([`--${command}`]);
  const flags = { ...readFlags(asked.flags, args), root };
  const gathered = gatherOptions(flags, process.env, calledOn(args));
  const unconfined = command === 'serve' ? await confine(gathered) : undefined;
  const log = createLog({
    level: gathered.options.logLevel,
    format: gathered.options.logFormat,
  });
  for (const warning of gathered.warnings) log.warn(warning);
  if (unconfined !== undefined) log.warn(`no sandbox: ${unconfined}`);
  await run(command, gathered, log).catch((error: unknown) => {
    throw inWordsOf(gathered.call, error);
  });
}

async function readAny(args: readonly string[]): Promise<Asked> {
  return (await import('./command/usage.ts')).readArguments(args);
}

/** Before a line is written: it may start the process once more. Why it is not confined, where it does not have to be. */
async function confine(gathered: Gathered): Promise<string | undefined> {
  if (gathered.process.sandbox === 'off') return undefined;
  const { enterSandbox } = await import('./command/sandbox.ts');
  try {
    return enterSandbox(gathered);
  } catch (error) {
    throw inWordsOf(gathered.call, error);
  }
}

async function run(
  command: 'serve' | 'doctor' | 'tune',
  gathered: Gathered,
  log: Log,
): Promise<void> {
  const { options, json } = gathered;
  switch (command) {
    case 'serve':
      return serve(gathered, log);
    case 'doctor':
      return (await import('./command/doctor/doctor.ts')).printDiagnosis(options, json);
    case 'tune':
      return (await import('./command/tune/tune.ts')).tune(options);
  }
}

/** Whoever starts it on a terminal sees who asks for what. */
function byHand(options: Options, quiet: boolean): Options {
  const isSeen = process.stdout.isTTY === true && options.accessLog === undefined && !quiet;
  return isSeen ? { ...options, accessLog: '-' } : options;
}

async function serve(gathered: Gathered, log: Log): Promise<void> {
  const { process: own, json, quiet } = gathered;
  const asked = byHand(gathered.options, json || quiet);
  const { options, activated } = withActivation(asked, process.env, process.pid);
  const starting = import('./command/start.ts').then(({ start }) => start(options, own, log));
  stopOnSignal(starting, log);
  const server = await starting;
  console.log(
    json ? JSON.stringify(report(server, activated)) : banner(server, options, activated),
  );
}

/** `activated`: how many of its sockets systemd has opened. */
function report(server: Server, activated: number): Readonly<Record<string, unknown>> {
  const { url, urls, redirectPort, admin, transport, protocols, tlsVersions } = server;
  const { sendfile, reason } = server;
  const { pid } = process;
  return {
    ...{ url, urls, redirectPort, admin, pid, transport, protocols, tlsVersions, sendfile, reason },
    ...(activated > 0 && { activated }),
  };
}

function banner(server: Server, { root }: Options, activated: number): string {
  const { transport, protocols, tlsVersions, reason } = server;
  const way = [
    transport,
    // What goes without saying is not said.
    ...(protocols.length > 1 ? [protocols.join(' and ')] : []),
    ...(tlsVersions.length > 0 ? [`TLS ${tlsVersions.join(' and ')}`] : []),
    server.sendfile ? 'sendfile' : 'no sendfile',
    ...(activated > 0 ? ['sockets of systemd'] : []),
  ];
  const admin = server.admin === undefined ? '' : `, admin at ${server.admin}`;
  return `zcserve: ${resolve(root)} at ${server.urls.join(' ')}${admin} (${way.join(', ')}: ${reason})`;
}

/** The first signal finishes what is in flight; the second does not wait. */
function stopOnSignal(starting: Promise<Server>, log: Log): void {
  const close = async () => {
    const server = await starting.catch(() => undefined);
    // A start that failed is told, and ended, by whoever waits for it.
    if (server === undefined) return;
    await server.close().catch((error) => fail(error, FAILED));
    await exit(0);
  };
  listenForSignals({
    onStop: () => void close(),
    onStopAgain: (status) => void endProcess(status, AT_ONCE_MS),
    onOther: (signal) => void reload(signal),
  });

  async function reload(signal: NodeJS.Signals): Promise<void> {
    const server = await starting.catch(() => undefined);
    if (signal === 'SIGUSR1' && server?.stats().accessLog !== undefined) {
      return server.reopenLogs().then(
        () => log.info(`${signal}: access log opened anew`),
        (error: Error) => log.error(`${signal}: the access log stays as it was: ${error.message}`),
      );
    }
    if (signal !== 'SIGHUP' || server === undefined || server.tlsVersions.length === 0) {
      return log.info(`${signal}: ignored, nothing is reloaded`);
    }
    await server.reload().then(
      () => log.info(`${signal}: certificates reloaded`),
      (error: Error) =>
        log.error(`${signal}: the certificates stay as they were: ${error.message}`),
    );
  }
}

function fail(error: unknown, status: number): Promise<never> {
  standardError.write(`zcserve: ${error instanceof Error ? error.message : String(error)}\n`, 1);
  return exit(status);
}

async function exit(status: number): Promise<never> {
  await standardError.drained(LAST_LINES_MS);
  return endProcess(status, LAST_READS_MS);
}

function readVersion(): string {
  const file = new URL('../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
