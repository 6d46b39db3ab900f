// How far a tail has come, in memory and in the file that keeps it: an offset, and what has been written since.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { OptionError } from '../../options/table.ts';

/** Offsets are told at the end of an answer; what of it has been written is counted, and passed over when it comes again. */
export interface Position {
  /** A stream's token, or a file's byte. */
  readonly offset: string;
  /** Bytes of output since. */
  readonly written: number;
}

export interface Keeper {
  /** Keeps it, at most once a second. */
  passing(position: Position): void;
  /** Keeps it now. */
  reached(position: Position): void;
}

/** Between two of them within one answer, milliseconds. */
const PAUSE_MS = 1000;

export const NO_KEEPER: Keeper = { passing() {}, reached() {} };

/**
 * In a file that is replaced as a whole. It is written after the bytes: a process that is killed in between writes them
 * once more (at least once), and never too few.
 */
export function keepIn(file: string): Keeper {
  const aside = `${file}.${process.pid}.tmp`;
  let last = Number.NEGATIVE_INFINITY;
  const reached = (position: Position) => {
    writeFileSync(aside, `${textOf(position)}\n`);
    renameSync(aside, file);
    last = performance.now();
  };
  return {
    reached,
    passing(position) {
      if (performance.now() - last >= PAUSE_MS) reached(position);
    },
  };
}

/** Undefined where there is none yet. Throws an OptionError for a file that holds something else. */
export function readPosition(file: string): Position | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new OptionError(`--offset-file: ${(error as Error).message}`);
  }
  const parts = /^(?<offset>[^\s,&=?/]{1,1024})(?: \+(?<written>\d{1,15}))?\n$/.exec(text)?.groups;
  if (parts?.offset === undefined) {
    throw new OptionError(`--offset-file: ${file} holds no offset`);
  }
  return { offset: parts.offset, written: Number(parts.written ?? 0) };
}

function textOf({ offset, written }: Position): string {
  return written === 0 ? offset : `${offset} +${written}`;
}
