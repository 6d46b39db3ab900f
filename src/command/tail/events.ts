// Server-sent events, as they come in pieces (WHATWG HTML, "Server-sent events" §9.2.6).
import { StringDecoder } from 'node:string_decoder';
import { Refused } from '../client/failure.ts';

export interface Event {
  /** `message` where the server names none. */
  readonly type: string;
  readonly data: string;
}

/** Characters of one event: a server sends its batches in smaller ones. */
export const MAX_EVENT = 2 ** 26;

export interface EventReader {
  /** The events that this piece has completed. Throws `Refused` for one that is too large. */
  take(piece: Uint8Array): Event[];
}

export function createEventReader(most: number = MAX_EVENT): EventReader {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let type = '';
  let data: string[] = [];
  let size = 0;
  let isFirst = true;

  function act(line: string, events: Event[]): void {
    if (line === '') {
      if (data.length > 0) events.push({ type: type || 'message', data: data.join('\n') });
      type = '';
      data = [];
      size = 0;
      return;
    }
    const [, name = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name === 'event') type = value;
    if (name !== 'data') return;
    data.push(value);
    size += value.length + 1;
  }

  return {
    take(piece) {
      let text = rest + decoder.write(Buffer.from(piece));
      if (isFirst && text !== '') {
        text = text.replace(/^\uFEFF/, '');
        isFirst = false;
      }
      const events: Event[] = [];
      let from = 0;
      // A CR at the end may be half of a CRLF.
      const ends = /\r\n|\n|\r(?!$)/g;
      // What was looked at before is not looked at again.
      ends.lastIndex = Math.max(0, rest.length - 1);
      for (let end = ends.exec(text); end !== null; end = ends.exec(text)) {
        act(text.slice(from, end.index), events);
        from = ends.lastIndex;
        if (size > most) break;
      }
      rest = text.slice(from);
      if (size + rest.length > most) {
        throw new Refused(`an event has more than ${most} characters: --live long-poll takes any`);
      }
      return events;
    },
  };
}
