// The zcserve command as a process of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { CLI } from './cli.ts';
import { plainCommand } from './plain-command.ts';
import type { Teardown } from './tree.ts';

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A descriptor for what it says; a pipe unless given. */
  readonly stderr?: number;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What `--json` prints. */
export interface Report {
  readonly url: string;
  readonly urls: readonly string[];
  readonly admin?: string;
  readonly pid: number;
  readonly transport: string;
  readonly sendfile: boolean;
  readonly reason: string;
}

export interface Running {
  readonly process: ChildProcess;
  readonly report: Report;
  readonly port: number;
  /** When it has ended, and how. */
  readonly ended: Promise<Ended>;
}

/** Runs the command to its end. */
export function runCommand(args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
  return endOf(launch(process.execPath, [...CLI, ...args], options));
}

/** Starts a server, on a free port unless `--port=` is given, and waits for its start line. Killed when the test ends. */
export function startCommand(
  t: Teardown,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<Running> {
  return startProgram(t, process.execPath, [...CLI, ...args], options);
}

/** The same with another program that is the command, e.g. an installed one. */
export async function startProgram(
  t: Teardown,
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<Running> {
  const port = args.some((arg) => /^--(?:port|listen)=/.test(arg)) ? [] : ['--port=0'];
  const child = launch(program, [...args, ...port, '--json'], options);
  t.teardown(() => child.kill('SIGKILL'));
  const ended = endOf(child);
  const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> });
  const line = await Promise.race([
    once(lines, 'line').then(([text]) => String(text)),
    ended.then(({ code, stderr }) => {
      throw new Error(`exit ${code}: ${stderr}`);
    }),
  ]);
  const report = JSON.parse(line) as Report;
  return { process: child, report, port: Number(new URL(report.url).port), ended };
}

function launch(
  program: string,
  args: readonly string[],
  { cwd, env, stderr }: CommandOptions,
): ChildProcess {
  return spawn(...plainCommand(program, args), {
    cwd,
    env: { PATH: process.env.PATH, ...addonOf(), ...env },
    stdio: ['ignore', 'pipe', stderr ?? 'pipe'],
  });
}

/** A run of the tests against another addon, or none, is one for its children too. */
function addonOf(): Readonly<Record<string, string>> {
  const { ZCSERVE_ADDON: addon, ZCSERVE_NO_ADDON: none } = process.env;
  return { ...(addon && { ZCSERVE_ADDON: addon }), ...(none && { ZCSERVE_NO_ADDON: none }) };
}

async function endOf(child: ChildProcess): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, stdout, stderr };
}
