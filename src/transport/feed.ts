// A body that is made while it is sent, for carriers that write: as fast as its receiver takes it.
import type { FileEntry } from '../files/entry.ts';
import { type Log, textOf } from '../log/log.ts';
import type { Gone, OpenFeed } from '../plan/types.ts';
import type { Counters, Sending } from './counters.ts';
import { type Outcome, reportChange, type Sink, sendFilePiece } from './pieces.ts';

/**
 * Sends all that is made. False: that is not the whole body (it could not be made, or the client is gone), so the sending has
 * ended and the client must not take it for that. `sendfileMin`: see `sendFilePiece`. Never rejects.
 */
export async function sendFeed(
  open: OpenFeed<FileEntry>,
  sink: Sink,
  gone: Gone,
  sendfileMin: number,
  sending: Sending,
  counters: Counters,
  log: Log,
): Promise<boolean> {
  sending.byFeed();
  counters.transfers++;

  async function write(bytes: Uint8Array): Promise<Outcome> {
    if (!(await sink.write(bytes))) return 'aborted';
    sending.add(bytes.length);
    return 'sent';
  }

  try {
    let outcome: Outcome = 'sent';
    for await (const made of open(gone)) {
      if (made instanceof Uint8Array) {
        outcome = await write(made);
      } else {
        outcome = await sendFilePiece(made, sink, sendfileMin, sending, counters);
        if (outcome === 'changed') reportChange(made.file, sending, log);
      }
      if (outcome !== 'sent') break;
    }
    if (outcome === 'sent' && !gone.aborted) return true;
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
