// Who says that he is whom, with which password or token. RFC 7617, RFC 6750.

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** `Basic`, of any case (RFC 9110 §11.1), and token68. */
const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i;

/** RFC 5234's CTL, which neither of them may hold (§2). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\0-\x1f\x7f]/;

/** Of an Authorization field; undefined where it holds none, or not in UTF-8 (§2.1). */
export function parseCredentials(field: string | undefined): Credentials | undefined {
  const [, token] = BASIC.exec(field ?? '') ?? [];
  if (token === undefined) return undefined;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      Buffer.from(token, 'base64'),
    );
  } catch {
    return undefined;
  }
  const colon = text.indexOf(':');
  if (colon < 0 || CONTROL.test(text)) return undefined;
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Who is named there, whether the password is right or not, as bytes; empty where it is no Basic one. */
export function userIn(field: string): string {
  const [, token] = BASIC.exec(field) ?? [];
  if (token === undefined) return '';
  const text = Buffer.from(token, 'base64').toString('latin1');
  return text.slice(0, Math.max(0, text.indexOf(':')));
}

/** The field that asks for them (§2). `realm`: of a quoted-string. */
export function challenge(realm: string): string {
  return `Basic realm="${realm}", charset="UTF-8"`;
}

/** `Bearer`, of any case, and b64token (RFC 6750 §2.1). */
const BEARER = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

/** The token of an Authorization field; undefined where it holds none. */
export function parseBearer(field: string | undefined): string | undefined {
  return BEARER.exec(field ?? '')?.[1];
}
