// The request-head parser's own programs: built by the system's compiler, fed over stdin.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';
import { CXX_FLAGS, findCompiler, NATIVE, ROOMS, sourcesUpTo } from './native.ts';

/** Limits of one head, bytes and lines; those left out are the parser's defaults. */
export interface HeadLimits {
  readonly head?: number;
  readonly target?: number;
  readonly fields?: number;
}

export type HeadResult =
  | 'complete'
  | 'incomplete'
  | 'bad_request'
  | 'uri_too_long'
  | 'fields_too_large'
  | 'version_not_supported'
  | 'not_implemented';

/** A parsed head. Strings hold one character for each byte. */
export interface ParsedHead {
  readonly method: 'get' | 'head' | 'options' | 'other';
  readonly methodText: string;
  readonly target: string;
  readonly minor: number;
  /** In the order of the engine's `Field`. */
  readonly fields: Readonly<Record<string, string>>;
  /** The repeated fields, all their lines. */
  readonly joined: Readonly<Record<string, string>>;
  readonly keepAlive: boolean;
  readonly expectContinue: boolean;
  readonly chunked: boolean;
  /** Decimal: may exceed a double. */
  readonly contentLength: string;
  readonly size: number;
}

export interface HeadReport {
  readonly result: HeadResult;
  /** Bytes that had arrived when the result was known, fed one at a time. */
  readonly decidedAt: number;
  /** Fed whole, a byte at a time and cut in two at every byte, the result was the same. */
  readonly resumes: boolean;
  /** When complete. */
  readonly head?: ParsedHead;
}

export interface BodyFraming {
  readonly chunked: boolean;
  readonly length?: number;
  readonly limit: number;
}

export interface BodyReport {
  readonly result: 'more' | 'done' | 'too_large' | 'bad';
  readonly used: number;
  readonly resumes: boolean;
}

/**
 * Builds native/test/`source` with the parser, once for all tests that use it, in native/build. Returns the program, or
 * ends a test file that finds no C++ compiler.
 */
export function buildProgram(t: Test, source: string, flags: readonly string[] = []): string {
  const compiler = findCompiler();
  if (compiler === undefined) {
    t.plan(0, 'no C++ compiler here to build the parser by itself');
    process.exit();
  }
  const sources = [...sourcesUpTo('http1'), join(NATIVE, 'test', source)];
  const command = [...CXX_FLAGS, '-O2', ...flags, ...sources];
  const program = join(
    NATIVE,
    'build/programs',
    keyOf(compiler, command),
    source.replace('.cc', ''),
  );
  if (existsSync(program)) return program;
  mkdirSync(dirname(program), { recursive: true });
  // Another test may be at it: whoever is last puts the same thing in its place.
  const own = `${program}.${process.pid}`;
  execFileSync(compiler, [...command, '-o', own]);
  renameSync(own, program);
  return program;
}

/** What a program is made of: the compiler, what it is told, and every source and header. */
function keyOf(compiler: string, command: readonly string[]): string {
  const hash = createHash('sha256');
  hash.update(execFileSync(compiler, ['--version'])).update(command.join('\0'));
  for (const room of [...ROOMS, 'test']) {
    const folder = join(NATIVE, room);
    for (const name of readdirSync(folder).toSorted()) {
      hash.update(`\0${name}\0`).update(readFileSync(join(folder, name)));
    }
  }
  return hash.digest('hex').slice(0, 16);
}

/** Parses each head, a string of one character for each byte. */
export function parseHeads(
  program: string,
  heads: readonly string[],
  limits: HeadLimits = {},
): HeadReport[] {
  const numbers = [0, limits.head ?? 0, limits.target ?? 0, limits.fields ?? 0, 0];
  return run(
    program,
    heads.map((head) => record(numbers, head)),
  ) as HeadReport[];
}

/** Drains each body, a string of one character for each byte. */
export function drainBodies(
  program: string,
  bodies: readonly string[],
  framing: BodyFraming,
): BodyReport[] {
  const numbers = [1, framing.chunked ? 1 : 0, framing.length ?? 0, framing.limit, 0];
  return run(
    program,
    bodies.map((body) => record(numbers, body)),
  ) as BodyReport[];
}

function record(numbers: readonly number[], text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([Buffer.from(Uint32Array.from([...numbers, bytes.length]).buffer), bytes]);
}

function run(program: string, records: readonly Buffer[]): unknown[] {
  const output = execFileSync(program, { input: Buffer.concat(records), maxBuffer: 2 ** 28 });
  const lines = output.toString().trimEnd().split('\n');
  return lines.map((line): unknown => JSON.parse(line));
}
