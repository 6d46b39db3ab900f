// Where a response of http2's compatibility API differs from one of node:http.
import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse, ServerHttp2Stream } from 'node:http2';
import { type FieldList, pairs } from '../../http/field-list.ts';

function streamOf(res: ServerResponse): ServerHttp2Stream | undefined {
  return (res as Partial<Pick<Http2ServerResponse, 'stream'>>).stream;
}

export function isHttp2(res: ServerResponse): boolean {
  return streamOf(res) !== undefined;
}

/**
 * Makes `close` come when the client goes away in the middle of the answer. A stream that is reset
 * while it has bytes to send does not close by itself.
 */
export function closeWithClient(res: ServerResponse): void {
  const stream = streamOf(res);
  stream?.once('aborted', () => stream.destroy());
}

/** Sends a 103 ahead of the answer (RFC 8297). To HTTP/1.1 none is sent: old clients take it for the answer (§2). */
export function sendEarly(fields: FieldList, res: ServerResponse): void {
  const stream = streamOf(res);
  if (stream === undefined || stream.closed || stream.destroyed || stream.headersSent) return;
  stream.additionalHeaders({ ':status': 103, ...Object.fromEntries(pairs(fields)) });
}

/** An imitation of a response may have no request. */
function protocolVersion({ req }: Partial<ServerResponse>): string | undefined {
  return req?.httpVersion;
}

/** An answer of HTTP/1.0 without a length ends with its connection: one that is closed in the midst of it would seem whole. */
function reset(res: ServerResponse): void {
  const { socket } = res;
  try {
    if (socket?.destroyed === false) socket.resetAndDestroy();
  } catch {
    // Of TCP only.
  }
  res.destroy();
}

/** Cuts the answer off so that the client sees that it is not whole. */
export function cutOff(res: ServerResponse): void {
  const stream = streamOf(res);
  // With an error, for the client to get INTERNAL_ERROR; the compatibility API keeps it from everybody else.
  if (stream) stream.destroy(new Error('cut off'));
  else if (protocolVersion(res) === '1.0') reset(res);
  else res.destroy();
}
