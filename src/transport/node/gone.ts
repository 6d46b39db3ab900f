// Tells when nobody waits for an answer of node:http's any more.
import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Calls it once, if the connection ends before the answer begins. It ends too where the client has half-closed: nothing else
 * would tell that it is gone.
 */
export function whenGone({ socket }: IncomingMessage, res: ServerResponse, run: () => void): void {
  if (res.destroyed) {
    run();
    return;
  }
  const leave = () => {
    if (!res.headersSent) socket.destroy();
  };
  socket.once('end', leave);
  res.once('close', () => {
    socket.off('end', leave);
    if (!res.headersSent) run();
  });
  if (socket.readableEnded) leave();
}
