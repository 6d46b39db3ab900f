// A node response as the sink of a body: writes with backpressure, descriptors through an engine thread.
import type { ServerResponse } from 'node:http';
import type { NativeFile } from '../../addon/files.ts';
import type { Span } from '../../plan/types.ts';
import type { SendEnd, Sink } from '../pieces.ts';
import { http } from './builtin.ts';
import { closeWithClient } from './http2-response.ts';
import type { Transfers } from './transfers.ts';

/** A sink into `res`, whose head is written. Without `transfers` it takes no descriptors. */
export function responseSink(res: ServerResponse, transfers: Transfers | undefined): Sink {
  let gone = res.destroyed;
  /** Ends the step in progress when the client goes away. */
  let interrupt = () => {};
  // One listener for all chunks: a compressor gives its own stream's `drain`, and never lets go of a `once`.
  let isWatching = false;
  let drained = () => {};
  closeWithClient(res);
  res.once('close', () => {
    gone = true;
    interrupt();
  });

  function write(chunk: Uint8Array): Promise<boolean> {
    if (gone) return Promise.resolve(false);
    return new Promise((resolve) => {
      interrupt = () => resolve(false);
      if (res.write === http.ServerResponse.prototype.write) {
        res.write(chunk, (error) => resolve(!error));
        return;
      }
      // Somebody else's write (a compressor, HTTP/2) may keep the chunk, drop the callback and, as streams only
      // wait where it is false, return nothing.
      if (res.write(Buffer.from(chunk)) !== false) {
        resolve(true);
        return;
      }
      if (!isWatching) res.on('drain', () => drained());
      isWatching = true;
      drained = () => resolve(true);
    });
  }

  if (!transfers) return { write };
  return {
    write,
    async send(file, span) {
      const { native } = file.file;
      if (!native) throw new Error('a file that the addon did not open');
      res.flushHeaders();
      if (gone || !(await flushed())) return { outcome: 'aborted', sent: 0 };
      return transfer(native, span, transfers);
    },
  };

  /** Settles when the kernel has everything written so far; to false when the client is gone. */
  function flushed(): Promise<boolean> | true {
    const { socket } = res;
    if (socket?.writableLength === 0) return true;
    return new Promise((resolve) => {
      interrupt = () => resolve(false);
      socket?.write('', (error) => resolve(!error));
    });
  }

  async function transfer(file: NativeFile, span: Span, transfers: Transfers): Promise<SendEnd> {
    const { socket } = res;
    if (!socket) return { outcome: 'aborted', sent: 0 };
    // The engine's send timeout counts meanwhile: node sees no activity on the socket.
    const { timeout } = socket;
    socket.setTimeout(0);
    const end = await new Promise<SendEnd>((resolve) => {
      // What node writes by itself it puts into chunks itself.
      interrupt = transfers.send(socket, file, span, res.chunkedEncoding, resolve);
    });
    if (timeout) socket.setTimeout(timeout);
    return end;
  }
}
