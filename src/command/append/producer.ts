// One writer of a stream: an append that is sent again is one that the server knows again (Durable Streams §5.2.1).
import type { Answer, Connection } from '../client/connection.ts';
import { Refused } from '../client/failure.ts';
import type { Persistence } from '../client/persist.ts';
import type { Writer } from './asked.ts';

/** `words`: what the server says of it. */
export type Sent =
  | { readonly kind: 'appended' }
  | { readonly kind: 'too-large'; readonly words: string };

export interface Producer {
  /** `close`: the stream takes no more after it. Throws `Refused`. */
  send(body: Uint8Array, close: boolean): Promise<Sent>;
  /** Appends that the server has. */
  readonly count: number;
  /** Where the stream ends, as of the last answer. */
  readonly tail: string | undefined;
}

export function createProducer(
  connection: Connection,
  persistence: Persistence,
  contentType: string,
  { id, epoch, isGiven }: Writer,
): Producer {
  let seq = 0;
  let tail: string | undefined;
  return {
    async send(body, close) {
      return persistence.run(async (attempt) => {
        const answer = await connection.ask({
          method: 'POST',
          body,
          fields: {
            'content-type': contentType,
            'producer-id': id,
            'producer-epoch': String(epoch),
            'producer-seq': String(seq),
            ...(close && { 'stream-closed': 'true' }),
          },
          takes: [403, 409, 413],
        });
        const words = await answer.words();
        // The same number is free for less: whatever was lost before, this size has not been taken.
        if (answer.status === 413) return { kind: 'too-large', words };
        if (answer.status === 403) throw new Refused(fencedIn(answer, epoch));
        if (answer.status === 409) throw new Refused(conflictIn(answer, seq));
        if (answer.status === 204 && body.length > 0 && attempt === 1 && isGiven) {
          throw new Refused(`${id} has been here with epoch ${epoch} before: give it a later one`);
        }
        seq++;
        tail = answer.field('stream-next-offset') ?? tail;
        return { kind: 'appended' };
      });
    },
    get count() {
      return seq;
    },
    get tail() {
      return tail;
    },
  };
}

function fencedIn(answer: Answer, epoch: number): string {
  const current = answer.field('producer-epoch');
  if (current === undefined) return '403: the server does not allow it';
  return `another writer of this name has taken over: its epoch is ${current}, this one's ${epoch}`;
}

function conflictIn(answer: Answer, seq: number): string {
  if (answer.field('stream-closed') === 'true') return 'the stream is closed';
  const expected = answer.field('producer-expected-seq');
  if (expected === undefined) return '409: the stream is of another content type, or has changed';
  return `the server expects append ${expected}, and this is ${seq}: it has lost what it had taken`;
}
