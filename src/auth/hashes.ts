// Hashes of passwords as htpasswd files hold them: bcrypt (htpasswd -B), {SHA} (htpasswd -s), and scrypt as PHC's string
// format and passlib write it. The others are weak (crypt, MD5) or have no library that is well kept (SHA-crypt).
import { loadCrypto } from '../packages/packages.ts';
import type { Bcrypt } from './bcrypt.ts';

export type Hash =
  | { readonly kind: 'bcrypt'; readonly text: string }
  | { readonly kind: 'sha1'; readonly digest: Buffer }
  | {
      readonly kind: 'scrypt';
      readonly cost: { readonly N: number; readonly r: number; readonly p: number };
      readonly salt: Buffer;
      readonly digest: Buffer;
    };

/** Exponent of bcrypt's rounds: htpasswd(1) allows as many, which take half a minute. */
const MAX_BCRYPT_COST = 17;
/** Bytes of one scrypt: 128 · N · r. */
const MAX_SCRYPT_BYTES = 2 ** 28;

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
const SHA1 = /^\{SHA\}([A-Za-z0-9+/]{27}=)$/;
const SCRYPT = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([^$]{1,128})\$([^$]{22,128})$/;

/** Undefined for any other kind, and for one that costs too much. */
export function parseHash(text: string): Hash | undefined {
  const [bcrypt, rounds] = BCRYPT.exec(text) ?? [];
  if (bcrypt !== undefined) {
    const isIn = Number(rounds) >= 4 && Number(rounds) <= MAX_BCRYPT_COST;
    return isIn ? { kind: 'bcrypt', text: bcrypt } : undefined;
  }
  const [, digest] = SHA1.exec(text) ?? [];
  if (digest !== undefined) return { kind: 'sha1', digest: Buffer.from(digest, 'base64') };
  const [, ln, r, p, salt = '', key = ''] = SCRYPT.exec(text) ?? [];
  const cost = { N: 2 ** Number(ln), r: Number(r), p: Number(p) };
  if (!(cost.N > 1 && cost.r > 0 && cost.p > 0 && 128 * cost.N * cost.r <= MAX_SCRYPT_BYTES)) {
    return undefined;
  }
  return { kind: 'scrypt', cost, salt: unpadded(salt), digest: unpadded(key) };
}

/** Base64 without padding; passlib writes `.` for `+`. */
function unpadded(text: string): Buffer {
  return Buffer.from(text.replaceAll('.', '+'), 'base64');
}

/** Is it the hash of this password? Compared in constant time, hashed off the JavaScript thread where that takes long. */
export async function verify(hash: Hash, password: string, bcrypt: Bcrypt): Promise<boolean> {
  const { createHash, scrypt, timingSafeEqual } = loadCrypto();
  switch (hash.kind) {
    case 'bcrypt':
      return bcrypt.compare(password, hash.text);
    case 'sha1':
      return timingSafeEqual(createHash('sha1').update(password).digest(), hash.digest);
    case 'scrypt': {
      const { cost, salt, digest } = hash;
      const options = { ...cost, maxmem: 2 * MAX_SCRYPT_BYTES };
      const made = await new Promise<Buffer>((resolve, reject) => {
        scrypt(password, salt, digest.length, options, (error, key) =>
          error ? reject(error) : resolve(key),
        );
      });
      return timingSafeEqual(made, digest);
    }
  }
}
