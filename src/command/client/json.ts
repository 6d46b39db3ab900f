// Streams of JSON, whose messages are kept apart (Durable Streams §9.1).

/** `contentType` with or without parameters. */
export function isJsonType(contentType: string): boolean {
  return /^application\/json\s*(;|$)/i.test(contentType);
}
