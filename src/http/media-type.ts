// Content types: which are any, which are the same, and what they mean. RFC 9110 §8.3.1.

/** token "/" token and parameters (RFC 9110 §5.6.2, §5.6.6), each a token or a quoted-string without escapes. */
const MEDIA_TYPE =
  /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+(?:[ \t]*;[ \t]*(?:[\w!#$%&'*+.^`|~-]+=(?:[\w!#$%&'*+.^`|~-]+|"[ !#-[\]-~]*"))?)*[ \t]*$/;

/** Bytes of one that is worth to be kept. */
const MAX_LENGTH = 256;

export function isMediaType(contentType: string): boolean {
  return contentType.length <= MAX_LENGTH && MEDIA_TYPE.test(contentType);
}

/** Are these the same but for their parameters? */
export function isSameType(a: string, b: string): boolean {
  return essenceOf(a) === essenceOf(b);
}

/** RFC 8259. */
export function isJson(contentType: string): boolean {
  return essenceOf(contentType) === 'application/json';
}

export function isText(contentType: string): boolean {
  return essenceOf(contentType).startsWith('text/');
}

function essenceOf(contentType: string): string {
  const [essence = ''] = contentType.split(';', 1);
  return essence.trim().toLowerCase();
}
