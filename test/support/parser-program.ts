// The request-head parser's own programs: built by the system's compiler, fed over stdin.
import { execFileSync } from 'node:child_process';
import type { Test } from 'tap';
import { sourcesUpTo } from './native.ts';
import { buildProgram } from './native-program.ts';

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
  /** Given out; a character for each byte. */
  readonly content: string;
  readonly resumes: boolean;
}

/** Builds native/test/`source` with the parser. */
export function buildParser(t: Test, source: string, flags: readonly string[] = []): string {
  return buildProgram(t, source, sourcesUpTo('http1'), flags);
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
