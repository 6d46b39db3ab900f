// What machine a run was made on: enough to judge its figures, nothing that names the machine.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';

export interface Machine {
  readonly system: string;
  readonly kernel: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly node: string;
  /** The file system of the served directory, e.g. "ext4". */
  readonly filesystem: string;
}

export function describeMachine(root: string): Machine {
  return {
    system: systemName(),
    kernel: `${type()} ${release()}`,
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    node: process.version,
    filesystem: execFileSync('stat', ['-f', '-c', '%T', root], { encoding: 'utf8' }).trim(),
  };
}

function systemName(): string {
  const text = readFileSync('/etc/os-release', 'utf8');
  return /^PRETTY_NAME="?([^"\n]*)/m.exec(text)?.[1] ?? 'unknown';
}
