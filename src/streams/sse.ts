// Server-sent events: how a stream's bytes and what is said of them are framed. PROTOCOL.md §5.8, WHATWG HTML §9.2.
import { eventOf } from '../http/event-stream.ts';
import { isJson, isText } from '../http/media-type.ts';

/** How data goes: as the lines of a text, as a JSON array of messages, or in base64 where it may be any bytes. */
export type EventForm = 'text' | 'json' | 'base64';

export function eventFormOf(contentType: string): EventForm {
  if (isJson(contentType)) return 'json';
  return isText(contentType) ? 'text' : 'base64';
}

/** What follows each data event. */
export interface Control {
  readonly nextOffset: string;
  /** Undefined where nobody is to come back. */
  readonly cursor: string | undefined;
  readonly upToDate: boolean;
  readonly closed: boolean;
}

export function controlEvent({ nextOffset, cursor, upToDate, closed }: Control): string {
  const said = JSON.stringify({
    streamNextOffset: nextOffset,
    ...(cursor === undefined ? {} : { streamCursor: cursor }),
    ...(upToDate ? { upToDate } : {}),
    ...(closed ? { streamClosed: closed } : {}),
  });
  return eventOf(said, { event: 'control' });
}

export function dataEvent(bytes: Buffer, form: EventForm): string {
  return eventOf(dataOf(bytes, form), { event: 'data' });
}

function dataOf(bytes: Buffer, form: EventForm): string {
  switch (form) {
    case 'text':
      return bytes.toString('utf8');
    case 'json':
      // Stored as `message,\n`: the lines are those of the array, but for its last comma.
      return `[\n${bytes.toString('utf8', 0, bytes.length - 2)}\n]`;
    case 'base64':
      return bytes.toString('base64');
  }
}

/**
 * How many of these bytes are whole characters of UTF-8 (RFC 3629 §3): what follows is the beginning of one whose rest is yet
 * to come. Bytes that begin no character count as whole.
 */
export function wholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
