// Pipelining: one response at a time per connection. Waiting requests hold nothing, so nothing leaks with them.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** `_httpMessage`: node's own, in no documentation and in every version: the response that the connection is at. */
type Connection = Socket & { readonly _httpMessage?: ServerResponse | null };

/** Responses that wait for those before them, by connection, in order. */
const queues = new WeakMap<Socket, ServerResponse[]>();

/**
 * Runs when the response is its connection's current one: at once, or after the responses before it;
 * never, if the connection ends first. While a response waits, no more requests are read from the
 * connection. What stands in for a connection's response has nothing to wait for.
 */
export function whenCurrent(
  req: IncomingMessage,
  res: ServerResponse,
  run: (req: IncomingMessage, res: ServerResponse) => void,
): void {
  const { socket } = req;
  if (res.socket !== null || isStandIn(req)) {
    run(req, res);
    return;
  }
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

/**
 * Is a response to it without a socket because it stands in for one, as frameworks make them for requests within the
 * app? Then no socket will come. The others wait for the response of a request before theirs.
 */
function isStandIn(req: IncomingMessage): boolean {
  const { _httpMessage: current } = (req.socket ?? {}) as Partial<Connection>;
  return !current || current.req === req;
}
