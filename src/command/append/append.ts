// `zcserve append`: an input, batch by batch, each once and in order.
import type { Log } from '../../log/log.ts';
import { connect } from '../client/connection.ts';
import { Refused } from '../client/failure.ts';
import { createPersistence } from '../client/persist.ts';
import type { Asked } from './asked.ts';
import { type Framing, framingOf } from './framing.ts';
import { inputOf } from './input.ts';
import { createIntake, type Intake } from './intake.ts';
import { createProducer, type Producer } from './producer.ts';
import { type Progress, showProgress } from './progress.ts';
import { passOver } from './resume.ts';
import { openStream } from './stream.ts';

const FAILED = 1;

/** Bytes of one line, at most. */
const MAX_LINE = 2 ** 26;

/** Appends all of the input. Resolves to the exit status. */
export async function append(asked: Asked): Promise<number> {
  const { target, log, retryFor, quiet, batchSize } = asked;
  const input = inputOf(asked.files);
  const connection = connect(target);
  const persistence = createPersistence({ retryFor, log, signal: undefined });
  const progress = showProgress(process.stderr, input.size, quiet);
  try {
    const stream = await openStream(connection, persistence, asked);
    const intake = createIntake(input.bytes, batchSize);
    const { isJson, isClosed, contentType } = stream;
    const resuming = { connection, persistence, isJson, intake };
    const passed = asked.resume ? await passOver(resuming) : 0;
    await intake.fill(isClosed ? 1 : 0);
    if (isClosed && intake.peek().length > 0) throw new Refused('the stream is closed');
    const producer = createProducer(connection, persistence, contentType, asked.writer);
    const sending = {
      ...{ intake, producer, progress, passed, batchSize },
      framing: framingOf(isJson, asked.lines),
      isPrompt: input.size === undefined,
      close: asked.close && !isClosed,
    };
    const bytes = await sendAll(sending);
    progress.clear();
    tell(log, bytes, passed, producer);
    return 0;
  } catch (error) {
    progress.clear();
    if (!(error instanceof Refused)) throw error;
    log.error(`${target.url}: ${error.message}`);
    return FAILED;
  } finally {
    connection.close();
  }
}

const NOTHING_TOO_LARGE = { size: Number.POSITIVE_INFINITY, words: '' };

interface Sending {
  readonly intake: Intake;
  readonly producer: Producer;
  readonly framing: Framing;
  readonly progress: Progress;
  /** Bytes of the input that the stream had. */
  readonly passed: number;
  readonly batchSize: number;
  /** Does what is there go at once, as more may be long in coming? */
  readonly isPrompt: boolean;
  readonly close: boolean;
}

/** Resolves to the bytes of the input that were appended. */
async function sendAll(sending: Sending): Promise<number> {
  const { intake, producer, framing, progress, passed, isPrompt, close } = sending;
  let most = sending.batchSize;
  let sent = 0;
  let line = 1;
  let tooLarge = NOTHING_TOO_LARGE;
  let least = 1;
  let isClosed = false;
  for (;;) {
    // One more than a batch tells whether it is the last.
    await intake.fill(Math.max(least, isPrompt ? 1 : most + 1));
    const bytes = intake.peek();
    const size = framing.cut(bytes, most, intake.isOver);
    if (size === 0) {
      if (intake.isOver) break;
      if (bytes.length > MAX_LINE)
        throw new Refused(`line ${line} has more than ${MAX_LINE} bytes`);
      // Of a long line twice as much, or each piece of it would be looked at again.
      least = bytes.length <= most ? bytes.length + 1 : bytes.length * 2;
      continue;
    }
    least = 1;
    if (size >= tooLarge.size) {
      throw new Refused(`413: the server takes no append of ${size} bytes${tooLarge.words}`);
    }
    const isLast = intake.isOver && size === bytes.length;
    const { body, lines } = encode(framing, bytes.subarray(0, size), line);
    if (body.length > 0) {
      const answer = await producer.send(body, close && isLast);
      if (answer.kind === 'too-large') {
        tooLarge = { size, words: answer.words === '' ? '' : ` (${answer.words})` };
        most = Math.max(1, Math.floor(size / 2));
        continue;
      }
      isClosed = close && isLast;
    }
    tooLarge = NOTHING_TOO_LARGE;
    intake.drop(size);
    line += lines;
    sent += size;
    progress.reached(passed + sent);
  }
  if (close && !isClosed) await producer.send(new Uint8Array(0), true);
  return sent;
}

function encode(framing: Framing, bytes: Buffer, line: number) {
  try {
    return framing.encode(bytes, line);
  } catch (error) {
    throw error instanceof SyntaxError ? new Refused(error.message) : error;
  }
}

function tell(log: Log, bytes: number, passed: number, { count, tail }: Producer): void {
  const had = passed === 0 ? '' : `${passed} bytes were there, `;
  const requests = count === 1 ? 'request' : 'requests';
  const end = tail === undefined ? '' : `; the stream ends at ${tail}`;
  log.info(`${had}${bytes} bytes appended in ${count} ${requests}${end}`);
}
