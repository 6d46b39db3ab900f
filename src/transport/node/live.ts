// A body that waits for what comes, on a socket of node's: no time runs meanwhile, and a client that half-closes is gone.
import type { ServerResponse } from 'node:http';
import type { Sink } from '../pieces.ts';
import type { Taker } from '../taker.ts';
import { isHttp2 } from './http2-response.ts';

/** `settle`: nothing more is sent. */
export interface LiveSink {
  readonly sink: Sink;
  settle(): void;
}

export function liveSink(sink: Sink, res: ServerResponse, taker: Taker): LiveSink {
  const { socket } = res;
  // A stream of HTTP/2 has no time of its own, and tells when it is reset.
  if (socket === null || isHttp2(res)) return { sink, settle() {} };
  const { timeout = 0 } = socket;
  const leave = () => taker.abort();
  socket.once('end', leave);
  socket.setTimeout(0);

  /** What is sent is to be taken in its time. */
  async function timed<T>(step: Promise<T>): Promise<T> {
    socket?.setTimeout(timeout);
    const result = await step;
    socket?.setTimeout(0);
    return result;
  }

  const { send } = sink;
  return {
    sink: {
      write: (chunk) => timed(sink.write(chunk)),
      // It has a time of its own.
      ...(send && { send }),
    },
    settle() {
      socket.off('end', leave);
      socket.setTimeout(timeout);
    },
  };
}
