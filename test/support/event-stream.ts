// Server-sent events as EventSource reads them: WHATWG HTML §9.2.6.

export interface ReadEvent {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

/** Those that have ended; a character is a byte. */
export function readEvents(text: string): ReadEvent[] {
  const events: ReadEvent[] = [];
  let event = '';
  let id = '';
  let data: string[] = [];
  const lines = text.split(/\r\n|\n|\r/);
  // What is behind the last end of a line is no line yet.
  for (const line of lines.slice(0, -1)) {
    if (line === '') {
      if (data.length > 0) events.push({ event: event || 'message', id, data: data.join('\n') });
      event = '';
      data = [];
      continue;
    }
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'event') event = value;
    if (name === 'data') data.push(value);
    if (name === 'id' && !value.includes('\0')) id = value;
  }
  return events;
}
