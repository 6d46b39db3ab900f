// Hands (socket, file, span) to an engine thread and tells when the bytes are sent.
import type { Socket } from 'node:net';
import type { NativeFile } from '../native.ts';
import type { Span } from '../plan/types.ts';
import type { SendEnd } from './deliver.ts';

export interface Transfers {
  /**
   * Sends the span on a duplicate of the socket's descriptor. Nothing else may write to the socket until
   * `done`, which is called exactly once. Returns the way to stop it early.
   */
  send(socket: Socket, file: NativeFile, span: Span, done: (end: SendEnd) => void): () => void;
  close(): void;
}
