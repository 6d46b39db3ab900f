// Pipelining: one response at a time per connection. Waiting requests hold nothing, so nothing leaks with them.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Responses that wait for those before them, by connection, in order. */
const queues = new WeakMap<Socket, ServerResponse[]>();

/**
 * Runs when the response is its connection's current one: at once, or after the responses before it;
 * never, if the connection ends first. While a response waits, no more requests are read from the
 * connection.
 */
export function whenCurrent(
  req: IncomingMessage,
  res: ServerResponse,
  run: (req: IncomingMessage, res: ServerResponse) => void,
): void {
  if (res.socket !== null) {
    run(req, res);
    return;
  }
  const { socket } = req;
  const queue = queues.get(socket) ?? [];
  queues.set(socket, queue);
  queue.push(res);
  socket.pause();
  res.once('socket', () => {
    queue.shift();
    if (queue.length === 0) socket.resume();
    // Node is still assigning the socket in this event.
    queueMicrotask(() => {
      if (!res.destroyed) run(req, res);
    });
  });
}

/** The last response that waits on the connection. */
export function lastWaiting(socket: Socket): ServerResponse | undefined {
  return queues.get(socket)?.at(-1);
}
