// Other people's programs, where they are installed.
import { execFile, spawnSync } from 'node:child_process';

/** A sanitizer's library, which goes before ours, is not for theirs: curl hangs with it. */
const env = { ...process.env, LD_PRELOAD: undefined };

/** Why a program cannot be used here, or false. `shows`: what it must say of itself. */
export function without(program: string, shows = /./, argument = '--version'): string | false {
  const { stdout, status } = spawnSync(program, [argument], { env, encoding: 'utf8' });
  return status === 0 && shows.test(stdout) ? false : `no ${program} here that shows ${shows}`;
}

export interface Ran {
  /** The exit code. */
  readonly status: number | string | null | undefined;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs it to its end, with `input` on its standard input. */
export function run(program: string, args: readonly string[], input = ''): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { env, encoding: 'buffer', maxBuffer: 2 ** 28 } as const;
    const child = execFile(program, args, options, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : error.code, stdout, stderr: stderr.toString() }),
    );
    child.stdin?.on('error', () => {}).end(input);
  });
}
