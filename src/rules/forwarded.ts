// Who a request comes from, by what trusted proxies say of it. RFC 7239 §4, §5.2; X-Forwarded-For. The engine's is
// native/http/forwarded.cc.
import { isIP } from 'node:net';

/** Proxies on the way; whoever writes more wants to keep us busy. */
const MOST_HOPS = 32;

/**
 * The last address on the way that is not a trusted proxy's. What a proxy that is not trusted says, or nobody can read, is not
 * looked at; nor are both fields where one is there too, for then a client may have sent one of them.
 */
export function clientOf(
  peer: string,
  xForwardedFor: string,
  forwarded: string,
  isTrusted: (address: string) => boolean,
): string {
  if ((xForwardedFor === '') === (forwarded === '')) return peer;
  const hops = forwarded === '' ? split(xForwardedFor, ',') : split(forwarded, ',').map(forOf);
  let client = peer;
  for (const hop of hops.slice(-MOST_HOPS).reverse()) {
    if (!isTrusted(client)) break;
    const next = addressOf(hop);
    if (next === undefined) break;
    client = next;
  }
  return client;
}

/** At the separators that stand outside of quotes. */
function split(text: string, separator: string): string[] {
  const parts: string[] = [];
  let quoted = false;
  let begin = 0;
  for (let i = 0; i < text.length; i++) {
    if (quoted && text[i] === '\\') i++;
    else if (text[i] === '"') quoted = !quoted;
    else if (text[i] === separator && !quoted) {
      parts.push(trim(text.slice(begin, i)));
      begin = i + 1;
    }
  }
  if (begin < text.length) parts.push(trim(text.slice(begin)));
  return parts;
}

function trim(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '');
}

/** The value of `for` in one element; empty where it has none. */
function forOf(element: string): string {
  const pair = split(element, ';').find((one) => /^for=./is.test(one)) ?? '';
  return pair.slice(4).replace(/^"(.*)"$/s, '$1');
}

/** RFC 7239 §6: with a port or without; X-Forwarded-For has an IPv6 address without brackets too. */
function addressOf(node: string): string | undefined {
  const address = node.startsWith('[')
    ? /^\[([^\]]*)\](?::.*)?$/s.exec(node)?.[1]
    : node.replace(/^([^:]*):[^:]*$/s, '$1');
  return address !== undefined && isIP(address) !== 0 && !address.includes('%')
    ? address
    : undefined;
}
