// Hands (socket, file, span) to an engine thread and tells when the bytes are sent.
import type { Socket } from 'node:net';
import type { NativeFile } from '../native.ts';
import type { Span } from '../plan/types.ts';

export interface TransferEnd {
  /** `refused`: the kernel's sendfile does not take this file; nothing after `sent` bytes was sent. */
  readonly outcome: 'sent' | 'changed' | 'aborted' | 'refused';
  /** Bytes that the kernel took. */
  readonly sent: number;
}

export interface Transfers {
  /**
   * Sends the span on a duplicate of the socket's descriptor. Nothing else may write to the socket until
   * `done`, which is called exactly once. Returns the way to stop it early.
   */
  send(socket: Socket, file: NativeFile, span: Span, done: (end: TransferEnd) => void): () => void;
  close(): void;
}
