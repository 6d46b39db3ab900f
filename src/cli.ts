#!/usr/bin/env node
// The `zcserve` command: reads the command line, runs one server, ends it on a signal.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { takeActivated, withActivated } from './command/activation.ts';
import { readPlainArguments } from './command/arguments.ts';
import { type Gathered, gatherOptions, inWordsOf } from './command/config.ts';
import { endProcess } from './command/exit.ts';
import { calledOn, readFlags } from './command/flags.ts';
import { actOnSignals, logOf } from './command/on-signals.ts';
import type { Asked } from './command/usage.ts';
import { commandApart, readWords } from './command/words.ts';
import { standardError } from './log/line-writer.ts';
import type { Log } from './log/log.ts';
import type { Options } from './options/options.ts';
import { OptionError } from './options/table.ts';
import type { Server } from './server/server.ts';

/** Exit statuses: a wrong command line, and a start that failed. */
const BAD_USAGE = 2;
const FAILED = 1;

/** Time for the last lines of the log, milliseconds. */
const LAST_LINES_MS = 1000;

/** Time for what a disk still owes when all else is over, milliseconds. */
const LAST_READS_MS = 500;

// A reader that has left (`| head`), or a full disk, ends no server.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

await main(process.argv.slice(2)).catch((error: unknown) => {
  return fail(error, error instanceof OptionError ? BAD_USAGE : FAILED);
});

async function main(args: readonly string[]): Promise<void> {
  const apart = commandApart(args);
  if (apart !== undefined) return runApart(apart, args.slice(1));
  const asked = readPlainArguments(args) ?? (await readAny(args));
  if (asked === 'version') return console.log(readVersion());
  if ('help' in asked) return console.log(asked.help);
  const { command, root } = readWords(asked.words, args);
  if (command === 'help' || command === 'version') return main([`--${command}`]);
  const flags = { ...readFlags(asked.flags, args), root };
  const gather = () => gatherOptions(flags, process.env, calledOn(args));
  const gathered = gather();
  if (gathered.verify !== undefined && command !== 'doctor') {
    throw new OptionError(`${gathered.call('verify')} is for zcserve doctor`);
  }
  const unconfined = command === 'serve' ? await confine(gathered) : undefined;
  const log = logOf(gathered);
  for (const warning of gathered.warnings) log.warn(warning);
  if (unconfined !== undefined) log.warn(`no sandbox: ${unconfined}`);
  await run(command, gathered, gather, log).catch((error: unknown) => {
    throw inWordsOf(gathered.call, error);
  });
}

/** A command with flags of its own. */
async function runApart(
  command: 'compress' | 'tail' | 'append',
  args: readonly string[],
): Promise<void> {
  switch (command) {
    case 'compress': {
      const asked = await (await import('./command/compress/asked.ts')).readCompress(args);
      if (isTold(asked)) return;
      for (const warning of asked.gathered.warnings) asked.log.warn(warning);
      const { compressTree } = await import('./command/compress/compress.ts');
      process.exitCode = await compressTree(asked);
      return;
    }
    case 'tail': {
      const asked = await (await import('./command/tail/asked.ts')).readTail(args);
      if (isTold(asked)) return;
      process.exitCode = await (await import('./command/tail/tail.ts')).tail(asked);
      return;
    }
    case 'append': {
      const asked = await (await import('./command/append/asked.ts')).readAppend(args);
      if (isTold(asked)) return;
      process.exitCode = await (await import('./command/append/append.ts')).append(asked);
      return;
    }
  }
}

/** Was only to be told something? Then it is. */
function isTold<T extends object>(
  asked: T | 'version' | { readonly help: string },
): asked is 'version' | { readonly help: string } {
  if (asked === 'version') console.log(readVersion());
  else if ('help' in asked) console.log(asked.help);
  else return false;
  return true;
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
  command: 'serve' | 'doctor' | 'tune' | 'upgrade',
  gathered: Gathered,
  gather: () => Gathered,
  log: Log,
): Promise<void> {
  const { options, json, verify } = gathered;
  switch (command) {
    case 'serve':
      return serve(gathered, gather, log);
    case 'doctor':
      if (verify !== undefined) {
        return (await import('./command/doctor/verify.ts')).printVerdicts(options, verify, json);
      }
      return (await import('./command/doctor/doctor.ts')).printDiagnosis(options, json);
    case 'tune':
      return (await import('./command/tune/tune.ts')).tune(options);
    case 'upgrade':
      return (await import('./command/upgrade.ts')).upgrade(gathered.process.pidFile);
  }
}

/** Whoever starts it on a terminal sees who asks for what. */
function byHand(options: Options, quiet: boolean): Options {
  const isSeen = process.stdout.isTTY === true && options.accessLog === undefined && !quiet;
  return isSeen ? { ...options, accessLog: '-' } : options;
}

async function serve(gathered: Gathered, gather: () => Gathered, log: Log): Promise<void> {
  const { process: own, json } = gathered;
  const { inheritance } = await import('./command/inheritance.ts');
  const inherited = inheritance(process.env);
  const activated = takeActivated(process.env, process.pid) || (inherited?.activated ?? 0);
  const asFor = (given: Gathered) => {
    const byItself = byHand(given.options, given.json || given.quiet);
    return { gathered: given, options: withActivated(byItself, activated) };
  };
  const asked = asFor(gathered);
  const starting = import('./command/start.ts').then(({ start }) =>
    start(asked.options, own, log, inherited, gathered.quiet),
  );
  const ask = async () => {
    const given = gather();
    if (own.sandbox !== 'off') (await import('./command/sandbox.ts')).refuseOutside(given);
    return asFor(given);
  };
  actOnSignals(starting, {
    ...{ asked, ask, activated, pidFile: own.pidFile },
    exit: (error) => (error === undefined ? exit(0) : fail(error, FAILED)),
  });
  const server = await starting;
  const say = json
    ? JSON.stringify(report(server, activated))
    : banner(server, asked.options, activated);
  console.log(say);
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
