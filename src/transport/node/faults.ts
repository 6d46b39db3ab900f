// What node's parser or clock found wrong with a request, and its answer as bytes: node has no response object for it.
import { fieldLines } from '../../http/field-list.ts';
import type { Answer } from '../../site/answer.ts';
import { http } from './builtin.ts';

/** Of a request that was not whole in time. */
const LATE = 'ERR_HTTP_REQUEST_TIMEOUT';

export function isLate({ code }: NodeJS.ErrnoException): boolean {
  return code === LATE;
}

const SILENT: ReadonlySet<string | undefined> = new Set(['ECONNRESET', 'HPE_CLOSED_CONNECTION']);

/** It gets no answer: the client is gone, or has said itself that nothing more will be answered. */
export function isSilent({ code }: NodeJS.ErrnoException): boolean {
  return SILENT.has(code);
}

/** The status for what node's parser or clock found. */
export function statusOf({ code, message }: NodeJS.ErrnoException): number {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return 431;
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return 413;
    case 'HPE_INVALID_VERSION':
      // The same code stands for a bare LF after a good version.
      return message.includes('Invalid HTTP version') ? 505 : 400;
    case LATE:
      return 408;
    default:
      return 400;
  }
}

/** A whole answer as bytes, for where node has no response object. Its connection closes after it. */
export function wholeText({ status, fields, body }: Answer): Buffer {
  const line = `HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\n`;
  const last = `Date: ${new Date().toUTCString()}\r\nConnection: close\r\n\r\n`;
  return Buffer.concat([
    Buffer.from(line + fieldLines(fields) + last, 'latin1'),
    body.kind === 'bytes' ? body.bytes : Buffer.of(),
  ]);
}
