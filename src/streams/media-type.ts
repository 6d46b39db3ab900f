// The media type of a stream: what it is compared by, and what it means. RFC 9110 §8.3.1, PROTOCOL.md §9.

/** token "/" token and parameters (RFC 9110 §5.6.2, §5.6.6), each a token or a quoted-string without escapes. */
const MEDIA_TYPE =
  /^([\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+)(?:[ \t]*;[ \t]*(?:[\w!#$%&'*+.^`|~-]+=(?:[\w!#$%&'*+.^`|~-]+|"[ !#-[\]-~]*"))?)*[ \t]*$/;

/** Bytes of a Content-Type that a stream keeps. */
const MAX_LENGTH = 256;

/** In lower case and without parameters: types that agree in this are the same. Undefined where it is none. */
export function mediaTypeOf(contentType: string): string | undefined {
  if (contentType.length > MAX_LENGTH) return undefined;
  return MEDIA_TYPE.exec(contentType)?.[1]?.toLowerCase();
}

/** Are its messages kept apart (§9.1)? */
export function isJson(mediaType: string): boolean {
  return mediaType === 'application/json';
}
