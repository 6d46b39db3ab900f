// A body that is made while it is sent, for carriers that write: as fast as its receiver takes it.
import { type Log, textOf } from '../log/log.ts';
import type { OpenFeed } from '../plan/types.ts';
import type { Counters, Sending } from './counters.ts';
import type { Sink } from './pieces.ts';

/**
 * Sends all that is made. False: that is not the whole body (it could not be made, or the client is gone), so the sending has
 * ended and the client must not take it for that. Never rejects.
 */
export async function sendFeed(
  open: OpenFeed,
  sink: Sink,
  gone: AbortSignal,
  sending: Sending,
  counters: Counters,
  log: Log,
): Promise<boolean> {
  sending.byFeed();
  counters.transfers++;
  try {
    let taken = true;
    for await (const chunk of open(gone)) {
      // A write may fail before the signal comes.
      taken = await sink.write(chunk);
      if (!taken) break;
      sending.add(chunk.length);
    }
    if (taken && !gone.aborted) return true;
    sending.end('gone');
    return false;
  } catch (error) {
    if (!gone.aborted) tellBroken(error, log);
    sending.end(gone.aborted ? 'gone' : 'file-fault');
    return false;
  } finally {
    counters.transfers--;
  }
}

export function tellBroken(error: unknown, log: Log): void {
  log.warn(`${textOf(error)}; closed the connection`, 'feed');
}
