// What a proxy says of the client whose bytes it brings: the PROXY protocol, versions 1 and 2 (haproxy's proxy-protocol.txt).
// The engine has the same in native/net/proxy_header.cc.
import { isIPv4, isIPv6 } from 'node:net';

/** In bytes; of version 2, which could have 65,551. It carries nothing here that comes near: nginx takes no more either. */
export const MAX_PROXY_HEADER = 4096;

/** The client; undefined where it came by a Unix socket. */
export type ProxiedPeer = { readonly address: string; readonly port: number } | undefined;

export type ProxyHeader =
  /** It may still become one. */
  | { readonly kind: 'more' }
  | { readonly kind: 'bad' }
  /** Nothing is said of a client: the connection is what it seems. */
  | { readonly kind: 'own'; readonly size: number }
  | { readonly kind: 'client'; readonly size: number; readonly peer: ProxiedPeer };

const MORE: ProxyHeader = { kind: 'more' };
const BAD: ProxyHeader = { kind: 'bad' };

const TEXT = Buffer.from('PROXY ');
const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n');

/** §2.1, with CRLF. */
const MAX_TEXT = 107;
/** §2.2: signature, version and command, family, length. */
const FIXED = 16;

/** `bytes`: all that has come. */
export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  if (bytes.length === 0) return MORE;
  if (mayBegin(bytes, TEXT)) return parseText(bytes);
  return mayBegin(bytes, SIGNATURE) ? parseBinary(bytes) : BAD;
}

function mayBegin(bytes: Buffer, whole: Buffer): boolean {
  const length = Math.min(bytes.length, whole.length);
  return bytes.subarray(0, length).equals(whole.subarray(0, length));
}

const PORT = /^(?:0|[1-9]\d{0,4})$/;

/** §2.1. "TCP4" source destination port port, one space between them. */
function parseText(bytes: Buffer): ProxyHeader {
  const head = bytes.toString('latin1', 0, MAX_TEXT);
  const end = head.indexOf('\r\n');
  if (end < 0) return bytes.length < MAX_TEXT ? MORE : BAD;
  const size = end + 2;
  const [kind, source = '', destination = '', from = '', to = '', ...more] = head
    .slice(TEXT.length, end)
    .split(' ');
  // Whatever stands behind it is of no account.
  if (kind === 'UNKNOWN') return { kind: 'own', size };
  if ((kind !== 'TCP4' && kind !== 'TCP6') || more.length > 0) return BAD;
  const isAddress = kind === 'TCP4' ? isIPv4 : isUnscoped;
  if (!isAddress(source) || !isAddress(destination)) return BAD;
  if (![from, to].every((port) => PORT.test(port) && Number(port) <= 65_535)) return BAD;
  return { kind: 'client', size, peer: { address: source, port: Number(from) } };
}

/** A zone means nothing on another machine. */
function isUnscoped(address: string): boolean {
  return isIPv6(address) && !address.includes('%');
}

/** Of each family: of two addresses, or of two addresses and two ports. */
const LEAST = { 1: 12, 2: 36, 3: 216 } as const;

/** §2.2. Values that the text does not give are "rejected as invalid by receivers". */
function parseBinary(bytes: Buffer): ProxyHeader {
  if (bytes.length < FIXED) return MORE;
  const [version, command] = [bytes.readUInt8(12) >> 4, bytes.readUInt8(12) & 15];
  const [family, protocol] = [bytes.readUInt8(13) >> 4, bytes.readUInt8(13) & 15];
  const length = bytes.readUInt16BE(14);
  const size = FIXED + length;
  if (version !== 2 || command > 1 || size > MAX_PROXY_HEADER) return BAD;
  if (bytes.length < size) return MORE;
  // LOCAL: the proxy asks for itself, such as whether we are well, and its family means nothing.
  if (command === 0) return { kind: 'own', size };
  if (family > 3 || protocol > 2) return BAD;
  if (protocol !== 1 || family === 0) return { kind: 'own', size };
  // What else may follow is of no account (TLVs).
  if (length < LEAST[family as keyof typeof LEAST]) return BAD;
  const addresses = bytes.subarray(FIXED);
  switch (family) {
    case 1:
      return client(size, addresses.subarray(0, 4).join('.'), addresses.readUInt16BE(8));
    case 2:
      return client(size, textOf(addresses), addresses.readUInt16BE(32));
    default:
      return { kind: 'client', size, peer: undefined };
  }
}

function client(size: number, address: string, port: number): ProxyHeader {
  return { kind: 'client', size, peer: { address, port } };
}

/** RFC 4291 §2.2, the first form. */
function textOf(bytes: Buffer): string {
  return Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16)).join(':');
}
