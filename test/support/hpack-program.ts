// HPACK's own programs: built by the system's compiler, fed over stdin. Strings hold one character for each byte.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { NATIVE } from './native.ts';
import { buildProgram } from './native-program.ts';

export type Field = readonly [name: string, value: string];

export interface Decoded {
  readonly result: 'ok' | 'too_large' | 'broken';
  readonly lines: readonly Field[];
}

/** What one connection's decoder is given. */
export interface Conversation {
  /** As in SETTINGS_HEADER_TABLE_SIZE. */
  readonly table?: number;
  /** The limit of each list. */
  readonly list?: number;
  readonly blocks: readonly string[];
}

const UNLIMITED = 2 ** 32 - 1;

/** Builds native/test/`source` with HPACK. */
export function buildHpack(t: Test, source: string, flags: readonly string[] = []): string {
  const room = join(NATIVE, 'http2');
  const parts = readdirSync(room).filter((name) => /^hpack.*\.cc$/.test(name));
  const paths = parts.toSorted().map((name) => join(room, name));
  return buildProgram(t, source, paths, flags);
}

export interface Hpack {
  /** Each conversation has a decoder of its own. */
  readonly decode: (conversations: readonly Conversation[]) => Decoded[][];
  /** A block of each list; a field `:status` is written as a number. */
  readonly encode: (lists: readonly (readonly Field[])[]) => string[];
}

export function hpackOf(program: string): Hpack {
  return {
    decode(conversations) {
      const answers = run(program, conversations.flatMap(recordsOf));
      return conversations.map(({ blocks }) => {
        answers.shift(); // The decoder's.
        return answers.splice(0, blocks.length) as Decoded[];
      });
    },
    encode(lists) {
      const written = run(
        program,
        lists.flatMap((list) => list.map(writing)),
      );
      return lists.map((list) => written.splice(0, list.length).join(''));
    },
  };
}

function recordsOf({ table = 4096, list = UNLIMITED, blocks }: Conversation): Buffer[] {
  return [record(0, table, ''), ...blocks.map((block) => record(1, list, block))];
}

function writing([name, value]: Field): Buffer {
  if (name === ':status') return record(3, Number(value), '');
  return record(2, name.length, name + value);
}

function record(kind: number, number: number, text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([Buffer.from(Uint32Array.of(kind, number, bytes.length).buffer), bytes]);
}

function run(program: string, records: readonly Buffer[]): unknown[] {
  const output = execFileSync(program, { input: Buffer.concat(records), maxBuffer: 2 ** 28 });
  return output
    .toString()
    .split('\n')
    .slice(0, -1)
    .map((line): unknown => JSON.parse(line));
}
