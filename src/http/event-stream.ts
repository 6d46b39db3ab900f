// Server-sent events as they are written: WHATWG HTML §9.2.5. A text may be bytes, a character each (latin1), so that what is no
// UTF-8 passes as it is: EventSource decodes the stream.

/** What an EventSource takes no notice of, and what is between it and us sees as life. */
export const KEEP_ALIVE = ':\n\n';

/** After so long a client comes again, milliseconds. */
export function retryAfter(ms: number): string {
  return `retry: ${ms}\n\n`;
}

export interface EventFields {
  /** What Last-Event-ID says from then on; undefined: what it said before. */
  readonly id?: number | undefined;
  /** `message` where it is left out. */
  readonly event?: string;
}

/**
 * One event. Its data may have several lines: an end of a line is CR LF, LF or CR, and arrives as LF. One blank after the
 * colon is the reader's to drop: only a line that begins with one gets another.
 */
export function eventOf(data: string, { id, event }: EventFields = {}): string {
  let text = '';
  if (event !== undefined) text += `event: ${event}\n`;
  if (id !== undefined) text += `id: ${id}\n`;
  for (const line of data.includes('\r') || data.includes('\n')
    ? data.split(/\r\n|\n|\r/)
    : [data]) {
    text += line.startsWith(' ') ? `data: ${line}\n` : `data:${line}\n`;
  }
  return `${text}\n`;
}
