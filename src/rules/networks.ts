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
