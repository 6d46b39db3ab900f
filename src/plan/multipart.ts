// The multipart/byteranges form of several spans, with its exact length. RFC 9110 §14.6, RFC 2046 §5.1.
import { fieldLines } from '../http/field-list.ts';
import { contentRange } from './fields.ts';
import type { Part, Representation, Span } from './types.ts';

export interface Multipart {
  readonly contentType: string;
  readonly parts: readonly Part[];
  /** Closing delimiter. */
  readonly tail: string;
  /** Bytes of the whole body: part heads, spans and tail. */
  readonly length: number;
}

/** Frames the spans as parts. Each part carries the content fields of the representation (§15.3.7.2). */
export function frameParts(file: Representation, spans: readonly Span[]): Multipart {
  const boundary = boundaryOf(file);
  const description = fieldLines(file.contentFields);
  const tail = `\r\n--${boundary}--\r\n`;
  let length = tail.length;
  const parts = spans.map((span, index) => {
    const head =
      `${index === 0 ? '' : '\r\n'}--${boundary}\r\n${description}` +
      `Content-Range: ${contentRange(span, file.size)}\r\n\r\n`;
    length += head.length + span.end - span.start;
    return { head, span };
  });
  return { contentType: `multipart/byteranges; boundary=${boundary}`, parts, tail, length };
}

/**
 * A delimiter that the file cannot contain on purpose. It comes from the ETag, a digest of the version's
 * identity (inode, size, modification and change time in nanoseconds) or of the content itself: whoever
 * writes a file cannot know it while writing. By chance, 132 bits do not collide. Without an ETag, size
 * and time of the version serve; the parts' Content-Range tells their exact lengths in any case.
 */
function boundaryOf(file: Representation): string {
  const version = file.etag ?? `${file.size}-${file.mtimeMs}`;
  return `zc-${version.replace(/[^0-9A-Za-z-]/g, '').slice(0, 60)}`;
}
