// Content types of streams.

/** Are these the same but for their parameters? */
export function isSameType(a: string, b: string): boolean {
  return essenceOf(a) === essenceOf(b);
}

/** Is it a stream of messages, each of them with `,` and a newline behind it? PROTOCOL.md §9.1. */
export function isJson(contentType: string): boolean {
  return essenceOf(contentType) === 'application/json';
}

function essenceOf(contentType: string): string {
  const [essence = ''] = contentType.split(';', 1);
  return essence.trim().toLowerCase();
}
