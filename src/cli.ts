#!/usr/bin/env node
// The `zcserve` command: reads the command line, runs one server, ends it on a signal.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { NAME_OF, readPlainArguments } from './command/arguments.ts';
import { gatherOptions } from './command/config.ts';
import { endProcess } from './command/exit.ts';
import { listenForSignals } from './command/signals.ts';
import { standardError } from './log/line-writer.ts';
import { createLog, type Log } from './log/log.ts';
import type { Options } from './options/options.ts';
import { nearest, OptionError, unknownOption } from './options/table.ts';
import type { Server } from './server/server.ts';

const COMMANDS = ['doctor', 'tune'] as const;
type Command = (typeof COMMANDS)[number] | 'serve';

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
  const asked =
    readPlainArguments(args) ?? (await (await import('./command/usage.ts')).readArguments(args));
  if (asked === 'version') return console.log(readVersion());
  if ('help' in asked) return console.log(asked.help);
  const { words, flags } = asked;
  const { command, root } = readWords(words);
  const { options, json } = gatherOptions({ ...readFlags(flags), root }, process.env);
  switch (command) {
    case 'serve':
      return serve(options, json);
    case 'doctor':
      return (await import('./command/doctor/doctor.ts')).printDiagnosis(options, json);
    case 'tune':
      return (await import('./command/tune.ts')).tune(options);
  }
}

async function serve(options: Options, json: boolean): Promise<void> {
  const starting = import('./server/server.ts').then(({ createServer }) => createServer(options));
  stopOnSignal(starting, createLog({ level: options.logLevel, format: options.logFormat }));
  const server = await starting;
  console.log(json ? JSON.stringify(report(server)) : banner(server, options));
}

function report({ url, transport, sendfile, reason }: Server): Readonly<Record<string, unknown>> {
  return { url, pid: process.pid, transport, sendfile, reason };
}

function banner(server: Server, { root }: Options): string {
  const path = server.sendfile ? 'sendfile' : 'no sendfile';
  return `zcserve: ${resolve(root)} at ${server.urls.join(' ')} (${server.transport}, ${path}: ${server.reason})`;
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
    onOther: (signal) => log.info(`${signal}: ignored, nothing is reloaded`),
  });
}

function fail(error: unknown, status: number): Promise<never> {
  standardError.write(`zcserve: ${error instanceof Error ? error.message : String(error)}\n`, 1);
  return exit(status);
}

async function exit(status: number): Promise<never> {
  await standardError.drained(LAST_LINES_MS);
  return endProcess(status, LAST_READS_MS);
}

function readWords(words: readonly string[]): { command: Command; root: string | undefined } {
  const command = COMMANDS.find((name) => name === words[0]);
  const [root, extra] = command ? words.slice(1) : words;
  if (extra !== undefined) throw new OptionError(`${extra}: only one directory can be served`);
  return { command: command ?? 'serve', root };
}

/** Flags by option name. Throws an OptionError for one that does not exist. */
function readFlags(flags: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [flag, value] of Object.entries(flags)) {
    const name = NAME_OF.get(flag);
    if (name === undefined) throw unknownFlag(flag);
    values[name] = value;
  }
  return values;
}

function unknownFlag(flag: string): OptionError {
  if (flag.length === 1)
    return new OptionError(`-${flag} is unknown; zcserve --help lists the options`);
  const near = nearest(flag, [...NAME_OF.keys(), 'help', 'version']);
  return unknownOption(`--${flag}`, `--${near}`);
}

function readVersion(): string {
  const file = new URL('../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
