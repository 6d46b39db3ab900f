// Networks of IP addresses, as operators write them: "10.0.0.0/8", "2001:db8::/32", "127.0.0.1". RFC 4632 §3.1, RFC 4291 §2.3.
import { BlockList, isIP } from 'node:net';

/** The address and how many of its first bits count; undefined: it is no network. */
export function parseNetwork(text: string): { address: string; bits: number } | undefined {
  const [, address = '', prefix] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  const most = version === 4 ? 32 : 128;
  const bits = prefix === undefined ? most : Number(prefix);
  return version === 0 || bits > most ? undefined : { address, bits };
}

/**
 * Is an address in one of these networks? An IPv4 address is the IPv6 address that stands for it (::ffff:0:0/96,
 * RFC 4291 §2.5.5.2). False for what is no address.
 */
export function inNetworks(networks: readonly string[]): (address: string) => boolean {
  const known = new BlockList();
  for (const network of networks) {
    const parsed = parseNetwork(network);
    if (parsed === undefined) continue;
    const { address, bits } = parsed;
    known.addSubnet(mapped(address), bits + (isIP(address) === 4 ? 96 : 0), 'ipv6');
  }
  return (address) => isIP(address) !== 0 && known.check(mapped(address), 'ipv6');
}

function mapped(address: string): string {
  return isIP(address) === 4 ? `::ffff:${address}` : address;
}

/**
 * Whom limits by address take for one client: an IPv4 address, or the first 64 bits of an IPv6 address, for a client may
 * have any of the others (RFC 4291 §2.5.4). Undefined for what is no address.
 */
export function clientKeyOf(address: string): string | undefined {
  const [plain = ''] = address.split('%', 1);
  if (isIP(plain) === 0) return undefined;
  const groups = groupsOf(mapped(plain));
  // ::/64, where no client is but ::1, and in ::ffff:0:0/96 all of IPv4.
  const [from, to] = groups.slice(0, 4).some((group) => group !== 0) ? [0, 4] : [4, 8];
  return groups
    .slice(from, to)
    .map((group) => group.toString(16))
    .join(':');
}

/** The eight numbers of an IPv6 address. */
function groupsOf(address: string): number[] {
  const hexadecimal = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes) => {
    const [a, b, c, d] = bytes.map(Number) as [number, number, number, number];
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [head = [], tail = []] = hexadecimal
    .split('::')
    .map((half) => half.split(':').filter((group) => group !== ''));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return [...head, ...zeros, ...tail].map((group) => Number.parseInt(group, 16));
}
