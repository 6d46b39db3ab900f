// A file that grows, from a byte on: live where the server offers that (RFC 8673), else asked now and then.
import { setTimeout as wait } from 'node:timers/promises';
import type { Log } from '../../log/log.ts';
import type { Answer, Connection } from '../client/connection.ts';
import { Refused } from '../client/failure.ts';
import type { Persistence } from '../client/persist.ts';
import type { Sink } from './sink.ts';

/** Larger than any file: the last byte of a range that has no end yet (RFC 8673 §3.1). */
const NO_END = Number.MAX_SAFE_INTEGER;

/** Between two questions to a server that does not send what comes, milliseconds: as of tail(1). */
const POLL_MS = 1000;

export interface FollowingFile {
  readonly connection: Connection;
  readonly persistence: Persistence;
  readonly sink: Sink;
  readonly follow: boolean;
  readonly log: Log;
  readonly signal: AbortSignal | undefined;
}

type Read = 'live' | 'some' | 'nothing' | 'shorter';

/** Resolves when all is read, where it is not to be followed. A live file has no end: that is the server's or the user's. */
export async function followFile(following: FollowingFile): Promise<void> {
  const { persistence, follow, log, sink, signal } = following;
  let isTold = false;
  for (;;) {
    const read = await persistence.run(() => readOn(following));
    if (read === 'shorter') {
      log.warn('the file is shorter than before: from its start');
      sink.reached('0');
      continue;
    }
    if (!follow) return;
    if (read !== 'live' && !isTold) {
      log.info('the server does not offer this file live: it is asked every second');
      isTold = true;
    }
    await wait(POLL_MS, undefined, signal && { signal });
  }
}

async function readOn(following: FollowingFile): Promise<Read> {
  const { connection, persistence, sink, follow, signal } = following;
  const from = Number(sink.offset);
  const answer = await connection.ask({
    method: 'GET',
    fields: { range: follow ? `bytes=${from}-${NO_END}` : `bytes=${from}-` },
    takes: [416],
    silentMs: 0,
    signal,
  });
  if (answer.status === 416) {
    await answer.drop();
    const size = /^bytes \*\/(\d+)$/.exec(answer.field('content-range') ?? '')?.[1];
    return size !== undefined && Number(size) < from ? 'shorter' : 'nothing';
  }
  const isLive = isWithoutEnd(answer, from);
  let at = from;
  for await (const piece of answer.body) {
    sink.begin();
    await sink.write(piece);
    at += piece.length;
    sink.reached(String(at));
    persistence.succeeded();
  }
  if (isLive) return 'live';
  return at > from ? 'some' : 'nothing';
}

/** Throws `Refused` for an answer that does not begin at this byte. */
function isWithoutEnd(answer: Answer, from: number): boolean {
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(answer.field('content-range') ?? '');
  if (answer.status === 200 && from === 0) return false;
  if (answer.status !== 206 || range === null) {
    throw new Refused('the server does not send a part of this file');
  }
  if (Number(range[1]) !== from) throw new Refused('the server sends another part of this file');
  return range[2] === '*';
}
