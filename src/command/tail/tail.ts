// `zcserve tail`: what stands at an address, and what comes to it, on standard output.
import { isJson } from '../../http/media-type.ts';
import { connect } from '../client/connection.ts';
import { ReaderGone, Refused } from '../client/failure.ts';
import { createPersistence } from '../client/persist.ts';
import type { Asked } from './asked.ts';
import { followFile } from './file.ts';
import { writeAll } from './output.ts';
import { keepIn, NO_KEEPER, type Position, readPosition } from './position.ts';
import { createSink, type Sink } from './sink.ts';
import { followStream } from './stream.ts';

/** Resolves when the reader has taken them. Throws `ReaderGone`. */
export type Write = (bytes: Uint8Array) => Promise<void>;

const STDOUT = 1;

const toStdout: Write = (bytes) => writeAll(STDOUT, bytes);

const FAILED = 1;

/** What a shell says of a program that SIGPIPE has ended, as tail(1) and cat(1) are: 128 and the signal's number. */
const READER_GONE = 141;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** For the last write and the position, when a signal comes, milliseconds. */
const LAST_WRITE_MS = 1000;

/** Writes to standard output unless it is told otherwise. Resolves to the exit status when it ends. */
export async function tail(asked: Asked, write: Write = toStdout): Promise<number> {
  const { target, log, retryFor } = asked;
  const connection = connect(target);
  const stop = asked.offsetFile === undefined ? undefined : stopOnSignals();
  const signal = stop?.signal;
  const persistence = createPersistence({ retryFor, log, signal });
  let sink: Sink | undefined;
  try {
    const found = await persistence.run(async () => {
      const answer = await connection.ask({ method: 'HEAD', signal });
      await answer.drop();
      return answer;
    });
    const tailOffset = found.field('stream-next-offset');
    const isStream = tailOffset !== undefined;
    const size = found.field('content-length') ?? '0';
    sink = startSink(asked, isStream ? tailOffset : size, isStream, write);
    const { follow } = asked;
    const following = { connection, persistence, sink, signal };
    if (isStream) {
      await followStream({
        ...following,
        isJson: isJson(found.field('content-type') ?? ''),
        live: follow ? asked.live : undefined,
      });
    } else {
      await followFile({ ...following, follow, log });
    }
    return 0;
  } catch (error) {
    sink?.keep();
    if (error instanceof ReaderGone) return READER_GONE;
    if (signal?.aborted) return stop?.end() ?? FAILED;
    if (!(error instanceof Refused)) throw error;
    log.error(`${target.url}: ${error.message}`);
    return FAILED;
  } finally {
    stop?.release();
    connection.close();
  }
}

function startSink(asked: Asked, end: string, isStream: boolean, write: Write): Sink {
  const { offsetFile } = asked;
  const start = (offsetFile && readPosition(offsetFile)) || startOf(asked.offset, end, isStream);
  if (!isStream && !/^\d{1,15}$/.test(start.offset)) {
    throw new Refused(`this is a file, and ${start.offset} no byte of it`);
  }
  const keeper = offsetFile === undefined ? NO_KEEPER : keepIn(offsetFile);
  const sink = createSink(start, keeper, write);
  // Whoever begins at the end and is restarted before anything came begins at that end again.
  sink.keep();
  return sink;
}

/** A stream knows -1 itself, and `now` too, but what comes between two questions would be lost. */
function startOf(offset: string, end: string, isStream: boolean): Position {
  if (offset === 'now') return { offset: end, written: 0 };
  return { offset: offset === '-1' && !isStream ? '0' : offset, written: 0 };
}

interface Stop {
  readonly signal: AbortSignal;
  /** Ends the process as the signal would have. */
  end(): Promise<number>;
  release(): void;
}

/** Between two writes the position is right: that is where a signal has its way. A second one, and a reader that never reads, do not wait. */
function stopOnSignals(): Stop {
  const controller = new AbortController();
  let received: NodeJS.Signals | undefined;
  const end = () => {
    release();
    process.kill(process.pid, received);
    return new Promise<number>(() => {});
  };
  const stop = (signal: NodeJS.Signals) => {
    if (received !== undefined) return void end();
    received = signal;
    setTimeout(end, LAST_WRITE_MS).unref();
    controller.abort();
  };
  const release = () => {
    for (const signal of SIGNALS) process.off(signal, stop);
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  return { signal: controller.signal, end, release };
}
