// How much of an input a stream has already. Offsets are opaque, so what is there is read, and compared.
import type { Connection } from '../client/connection.ts';
import { Refused } from '../client/failure.ts';
import type { Persistence } from '../client/persist.ts';
import { NO_KEEPER } from '../tail/position.ts';
import { createSink } from '../tail/sink.ts';
import { followStream } from '../tail/stream.ts';
import type { Intake } from './intake.ts';

const LINE_FEED = 0x0a;

export interface Resuming {
  readonly connection: Connection;
  readonly persistence: Persistence;
  readonly isJson: boolean;
  readonly intake: Intake;
}

/**
 * Drops from the input what the stream has; messages of JSON are counted, bytes compared. Resolves to how many bytes of
 * the input that is. Throws `Refused` where the stream is no beginning of it.
 */
export async function passOver(resuming: Resuming): Promise<number> {
  const { isJson, intake, ...reading } = resuming;
  let passed = 0;
  let messages = 0;
  const compare = async (bytes: Uint8Array) => {
    passed += await passEqual(intake, bytes, passed);
  };
  const count = async (bytes: Uint8Array) => {
    for (const byte of bytes) if (byte === LINE_FEED) messages++;
  };
  const sink = createSink({ offset: '-1', written: 0 }, NO_KEEPER, isJson ? count : compare);
  await followStream({ ...reading, sink, isJson, live: undefined, signal: undefined });
  return isJson ? passLines(intake, messages) : passed;
}

async function passEqual(intake: Intake, bytes: Uint8Array, before: number): Promise<number> {
  let at = 0;
  while (at < bytes.length) {
    await intake.fill(1);
    const ours = intake.peek().subarray(0, bytes.length - at);
    if (ours.length === 0) throw new Refused('the stream has more than this input');
    if (!ours.equals(bytes.subarray(at, at + ours.length))) {
      throw new Refused(
        `the stream has other bytes behind byte ${before + at}: nothing is appended`,
      );
    }
    intake.drop(ours.length);
    at += ours.length;
  }
  return at;
}

async function passLines(intake: Intake, messages: number): Promise<number> {
  let passed = 0;
  for (let left = messages; left > 0; ) {
    let least = 1;
    let end = -1;
    for (;;) {
      await intake.fill(least);
      const bytes = intake.peek();
      end = bytes.indexOf(LINE_FEED) + 1;
      if (end === 0 && intake.isOver) end = bytes.length;
      if (end > 0) break;
      if (intake.isOver) throw new Refused('the stream has more messages than this input');
      least = bytes.length + 1;
    }
    if (intake.peek().subarray(0, end).toString().trim() !== '') left--;
    intake.drop(end);
    passed += end;
  }
  return passed;
}
