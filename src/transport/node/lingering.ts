// The end of a connection whose client may still send: our side is shut, and what comes is taken for a while, so that no reset
// eats the answer. RFC 9112 §9.6. nginx: lingering_timeout, lingering_time.
import type { Socket } from 'node:net';
import { LINGER_MS } from '../linger.ts';

/** For a client to notice that we have closed, ms: where nothing comes, and in all once the server ends. */
const PAUSE_MS = 5000;
const FAREWELL_MS = 2000;

export class Lingering {
  /** Ends each of them earlier. */
  readonly #hasten = new Set<() => void>();
  #isHasty = false;

  /** Whoever ends the socket (destroySoon) ends it so; node would close at once. What comes is to be read, LINGER_BYTES at most. */
  await(socket: Socket): void {
    Object.assign(socket, { destroySoon: () => this.#begin(socket) });
  }

  /** The server ends: so do they, soon. */
  hasten(): void {
    this.#isHasty = true;
    for (const run of this.#hasten) run();
  }

  #begin(socket: Socket): void {
    const closeNow = () => void socket.destroy();
    Object.assign(socket, { destroySoon: closeNow });
    socket.end();
    let deadline = setTimeout(closeNow, this.#isHasty ? FAREWELL_MS : LINGER_MS);
    const hasten = () => {
      clearTimeout(deadline);
      deadline = setTimeout(closeNow, FAREWELL_MS);
    };
    let before = socket.bytesRead;
    const pauses = setInterval(() => {
      if (socket.bytesRead === before) closeNow();
      before = socket.bytesRead;
    }, PAUSE_MS);
    this.#hasten.add(hasten);
    socket.once('close', () => {
      clearTimeout(deadline);
      clearInterval(pauses);
      this.#hasten.delete(hasten);
    });
  }
}
