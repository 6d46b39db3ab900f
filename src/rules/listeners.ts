// Listeners as operators write them: an address, then marks, with commas: ":8080", "[::]:443,tls", "unix:/run/zc.sock,mode=0660".
import { isIPv6 } from 'node:net';

/** Where a socket listens, or is to. */
export type Place =
  | {
      readonly kind: 'tcp';
      /** A name or an address; empty: all addresses, of IPv6 and IPv4. */
      readonly host: string;
      /** 0: any free one. */
      readonly port: number;
    }
  | {
      readonly kind: 'unix';
      readonly path: string;
      /** Who may connect; undefined: as the umask leaves it. */
      readonly mode: number | undefined;
    }
  | {
      readonly kind: 'descriptors';
      /** Of sockets that listen already, at one address. */
      readonly descriptors: readonly number[];
    };

export interface ParsedListener {
  readonly at: Place;
  /** Undefined: nothing was said of it. */
  readonly tls: boolean | undefined;
  /** Its clients come through proxies, which say who they are. */
  readonly proxy: boolean;
}

/** A listener that is ready to be bound. */
export interface Listener {
  readonly at: Place;
  readonly tls: boolean;
  /** Networks of the proxies whose word counts, by the PROXY protocol; undefined: it is not spoken. */
  readonly proxyFrom: readonly string[] | undefined;
  /** Of all addresses of IPv6, those only: another listener has those of IPv4. */
  readonly ipv6Only: boolean;
}

/** By TCP, without TLS, and whoever comes is the client. */
export function plainListener(where: { readonly host: string; readonly port: number }): Listener {
  return { at: { kind: 'tcp', ...where }, tls: false, proxyFrom: undefined, ipv6Only: false };
}

const MARK = /^(?:tls|plain|proxy|mode=0?[0-7]{3})$/;

/** Divides a list at its commas: a mark belongs to the address before it. */
export function splitListeners(text: string): string[] {
  const listeners: string[] = [];
  for (const part of text.split(',').map((part) => part.trim())) {
    const before = listeners.at(-1);
    if (before !== undefined && MARK.test(part)) listeners.push(`${listeners.pop()},${part}`);
    else listeners.push(part);
  }
  return listeners;
}

/** Undefined: it is none. */
export function parseListener(text: string): ParsedListener | undefined {
  const [address = '', ...marks] = text.split(',').map((part) => part.trim());
  if (!marks.every((mark) => MARK.test(mark))) return undefined;
  const modes = marks.filter((mark) => mark.startsWith('mode='));
  const isTls = marks.includes('tls');
  if (modes.length > 1 || (isTls && marks.includes('plain'))) return undefined;
  const mode = modes[0]?.slice('mode='.length);
  const at = parsePlace(address, mode === undefined ? undefined : Number.parseInt(mode, 8));
  if (at === undefined || (mode !== undefined && at.kind !== 'unix')) return undefined;
  return {
    at,
    tls: isTls || (marks.includes('plain') ? false : undefined),
    proxy: marks.includes('proxy'),
  };
}

function parsePlace(address: string, mode: number | undefined): Place | undefined {
  const path = /^unix:(.+)$/.exec(address)?.[1];
  if (path !== undefined) return path.includes('\0') ? undefined : { kind: 'unix', path, mode };
  const descriptor = /^fd:(\d{1,7})$/.exec(address)?.[1];
  if (descriptor !== undefined) return { kind: 'descriptors', descriptors: [Number(descriptor)] };
  const [, name = '', digits] = /^(?:tcp:\/\/)?(?:(.*):)?(\d{1,5})$/.exec(address) ?? [];
  const host = hostOf(name);
  const port = Number(digits);
  return host === undefined || !(port <= 65_535) ? undefined : { kind: 'tcp', host, port };
}

/** Undefined: it is no host. */
function hostOf(name: string): string | undefined {
  if (name === '' || name === '*') return '';
  const literal = /^\[(.+)\]$/.exec(name)?.[1];
  if (literal !== undefined) return isIPv6(literal) ? literal : undefined;
  return /^[\w.-]+$/.test(name) ? name : undefined;
}

/** As it is written, without marks. */
export function placeText(at: Place): string {
  switch (at.kind) {
    case 'tcp':
      return `${at.host.includes(':') ? `[${at.host}]` : at.host}:${at.port}`;
    case 'unix':
      return `unix:${at.path}`;
    case 'descriptors':
      return `fd:${at.descriptors.join('+')}`;
  }
}
