// Child processes of the benchmark: pinned to cores, in a process group of their own, ended by id.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Which cores the servers and the clients run on; undefined where taskset(1) is missing. */
export interface Pinning {
  readonly server: string;
  readonly client: string;
  readonly clientCores: number;
}

export function findPinning(): Pinning | undefined {
  const cores = availableParallelism();
  if (cores < 2 || !isInstalled('taskset')) return undefined;
  return {
    server: '0',
    client: cores === 2 ? '1' : `1-${cores - 1}`,
    clientCores: cores - 1,
  };
}

/** The first cores, two or more, as taskset(1) lists them. */
export function firstCores(count: number): string {
  return `0-${count - 1}`;
}

export function isInstalled(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v -- "${program}"`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The first line that a program prints about itself; some do so on stderr, some exit with 1. */
export function firstLine(program: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return `${stdout}${stderr}`.trim().split('\n', 1)[0] ?? '';
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A taskset(1) core list. */
  readonly cores?: string | undefined;
}

/** A running child. `output` is what it has printed so far (the last 64 KiB of each stream). */
export interface Child {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** How it ended, or undefined while it runs. */
  readonly ended: () => string | undefined;
  /** Resolves when it has ended. */
  readonly end: Promise<void>;
  /** SIGTERM to its whole group, SIGKILL after two seconds. */
  stop(): Promise<void>;
}

const KEPT_OUTPUT = 64 * 1024;
const GRACE_MS = 2000;

/** Starts a command. Its own process group keeps Ctrl-C away from it, so that results stay whole. */
export function start(command: Command): Child {
  const [program, args] =
    command.cores === undefined
      ? [command.program, command.args]
      : ['taskset', ['-c', command.cores, command.program, ...command.args]];
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    env: { ...process.env, ...command.env },
  });
  let stdout = '';
  let stderr = '';
  let ended: string | undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout = (stdout + text).slice(-KEPT_OUTPUT);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-KEPT_OUTPUT);
  });
  const end = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      ended = error.message;
      resolve();
    });
    child.once('close', (code, signal) => {
      ended ??= signal === null ? `exited with ${code}` : `ended by ${signal}`;
      live.delete(child);
      resolve();
    });
  });
  live.add(child);
  return {
    process: child,
    pid: child.pid ?? -1,
    stdout: () => stdout,
    stderr: () => stderr,
    ended: () => ended,
    end,
    async stop() {
      if (ended !== undefined) return;
      signalGroup(child, 'SIGTERM');
      const impatient = setTimeout(() => signalGroup(child, 'SIGKILL'), GRACE_MS);
      await end;
      clearTimeout(impatient);
      signalGroup(child, 'SIGKILL');
    },
  };
}

const live = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of live) signalGroup(child, 'SIGKILL');
});
// Its default would leave them running.
process.once('SIGTERM', () => process.exit(143));

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group is gone already.
  }
}

/** Runs a command to its end. Rejects with its stderr when it fails. */
export async function run(command: Command): Promise<string> {
  const child = start(command);
  await child.end;
  if (child.process.exitCode !== 0) {
    throw new Error(`${command.program} ${child.ended()}: ${child.stderr().trim()}`);
  }
  return child.stdout();
}
