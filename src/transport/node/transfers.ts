// Hands (socket, file, span) to an engine thread and tells when the bytes are sent.
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { EngineLimits, NativeEngine } from '../../addon/engine.ts';
import type { NativeFile } from '../../addon/files.ts';
import type { NativeAddon } from '../../addon/types.ts';
import type { Log } from '../../log/log.ts';
import type { Reach, Span } from '../../plan/types.ts';
import { type EngineRecord, readRecords } from '../engine/records.ts';
import type { SendEnd } from '../pieces.ts';

export interface Transfers {
  /** Has the socket a descriptor of its own that the kernel sends from? TLS and imitations have none. */
  takes(socket: Socket): boolean;
  /**
   * Sends at once what the socket takes of a span that is not too long for it. Returns the bytes taken, or
   * -1 when all were taken and the file was changed meanwhile. The same rule as for `send`.
   */
  sendNow(socket: Socket, file: NativeFile, span: Span): number;
  /**
   * Sends the span on a duplicate of the socket's descriptor. Nothing else may write to the socket until
   * `done`, which is called exactly once. Returns the way to stop it early. `chunked`: as one chunk (RFC 9112 §7.1).
   */
  send(
    socket: Socket,
    file: NativeFile,
    span: Span,
    chunked: boolean,
    done: (end: SendEnd) => void,
  ): () => void;
  /** Stops what is in flight. */
  close(): void;
}

/**
 * How far bodies get by this socket, where `reach` is the furthest: by bytes where it has no descriptor. So do streams
 * that a program hands to its server as connections, and the sockets of other runtimes.
 */
export function reachBy(
  socket: Socket | null,
  reach: Reach,
  transfers: Pick<Transfers, 'takes'> | undefined,
): Reach {
  return reach === 'socket' && !(socket && transfers?.takes(socket)) ? 'memory' : reach;
}

/** Above this, the time of the call counts for more than the way to another thread and back. */
const NOW_MAX = 512 * 1024;

/**
 * Starts an engine of one thread, which does not keep the process alive. At once and not with the first
 * transfer: by then there may be no descriptor or thread left. Undefined where there is none even now, and in Bun, where
 * no socket has a descriptor.
 */
export function startTransfers(
  addon: NativeAddon,
  limits: EngineLimits,
  log: Log,
): Transfers | undefined {
  if (process.versions.bun !== undefined) return undefined;
  const waiting = new Map<number, (end: SendEnd) => void>();
  // The engine reports these just before the end of the transfer that they belong to.
  let refused = false;
  let error: string | undefined;

  function receive(record: EngineRecord): void {
    switch (record.kind) {
      case 'refused':
        refused = true;
        return;
      case 'file-fault':
        error = record.fault === 'failed' ? record.errno : undefined;
        return;
      case 'transfer-end': {
        const end: SendEnd = { outcome: outcomeOf(record.end), sent: record.bytes, refused, error };
        refused = false;
        error = undefined;
        waiting.get(record.id)?.(end);
        waiting.delete(record.id);
        return;
      }
      case 'request':
      case 'stale':
      case 'accept-paused':
      case 'stopped':
      case 'root':
      case 'directory':
      case 'kept':
      case 'unproxied':
      case 'retired':
      case 'drained':
      case 'feed-end':
      case 'received':
      case 'gone':
        // It does not listen.
        return;
      default:
        record satisfies never;
    }
  }

  let engine: NativeEngine;
  try {
    // The root and the links are for hot entries, which this engine never has.
    const root = addon.openRoot('/');
    try {
      engine = addon.createEngine(root, 'none', 1, limits, [], [], (batch) =>
        readRecords(batch, receive),
      );
    } finally {
      root.close();
    }
  } catch (error) {
    log.warn(`no sendfile, files are read: ${(error as Error).message}`);
    return undefined;
  }
  engine.unref();

  return {
    takes: (socket) => descriptorOf(socket) >= 0,
    sendNow(socket, file, { start, end }) {
      if (limits.verifySendfile || end - start > NOW_MAX) return 0;
      return addon.sendNow(descriptorOf(socket), file, start, end);
    },
    send(socket, file, span, chunked, done) {
      const descriptor = descriptorOf(socket);
      if (descriptor < 0) {
        // The client went away between the head and now.
        queueMicrotask(() => done({ outcome: 'aborted', sent: 0 }));
        return () => {};
      }
      const length = span.end - span.start;
      const frame = chunked ? [`${length.toString(16)}\r\n`, '\r\n'] : [];
      let id: number;
      try {
        id = engine.transfer(descriptor, file, true, span.start, span.end, ...frame);
      } catch {
        queueMicrotask(() => done({ outcome: 'no-descriptor', sent: 0 }));
        return () => {};
      }
      const framing = frame[0]?.length ?? 0;
      waiting.set(id, (end) => {
        done({ ...end, sent: Math.min(Math.max(0, end.sent - framing), length) });
      });
      return () => engine.cancel(id);
    },
    close() {
      engine.close();
      for (const done of waiting.values()) done({ outcome: 'aborted', sent: 0 });
      waiting.clear();
    },
  };
}

function outcomeOf(
  end: Extract<EngineRecord, { kind: 'transfer-end' }>['end'],
): SendEnd['outcome'] {
  switch (end) {
    case 'done':
      return 'sent';
    case 'file-fault':
      return 'changed';
    case 'gone':
    case 'cancelled':
      return 'aborted';
    case 'timed-out':
      return end;
    default:
      return end satisfies never;
  }
}

/** libuv's descriptor of a TCP or Unix socket, or -1: in no documentation, and in every version since 0.x. */
function descriptorOf(socket: Socket): number {
  if ((socket as Socket & Partial<TLSSocket>).encrypted) return -1;
  const { _handle } = socket as Socket & { readonly _handle?: { readonly fd?: number } | null };
  return _handle?.fd ?? -1;
}
