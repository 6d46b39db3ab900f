// uri-host [ ":" port ], as Host and absolute-form name an origin. RFC 9110 §4.2.1, §7.2; RFC 3986 §3.2.2.

/** An IP literal or a reg-name, which is not empty; then a port, which may be. No user information, no IPvFuture. */
const AUTHORITY =
  /^(?:\[(?<ipv6>[\da-f:.]+)\]|(?:[\w\-.~!$&'()*+,;=]|%[\da-f]{2})+)(?::(?<port>\d*))?$/i;

const MAX_PORT = 65_535;

/** Is it an authority that names a host? The native parser takes the same. */
export function isAuthority(text: string): boolean {
  const groups = AUTHORITY.exec(text)?.groups;
  if (groups === undefined) return false;
  const { ipv6, port = '' } = groups;
  return Number(port) <= MAX_PORT && (ipv6 === undefined || isIpv6(ipv6));
}

export function withoutPort(authority: string): string {
  return authority.replace(/:\d*$/, '');
}

/** The host of an authority, an IPv6 literal without its brackets. */
export function hostOf(authority: string): string {
  return withoutPort(authority).replace(/^\[(.*)\]$/, '$1');
}

/** Does this host reach no further than this machine? RFC 1122 §3.2.1.3, RFC 4291 §2.5.3, RFC 6761 §6.3. */
export function isLoopback(host: string): boolean {
  return /^(?:(?:[^.]+\.)*localhost\.?|127(?:\.\d{1,3}){1,3}|::1)$/i.test(host);
}

/** At the end, where it stands for two groups. */
const IPV4 = /(?<=:)(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

const GROUP = /^[\da-f]{1,4}$/i;

function isIpv6(text: string): boolean {
  const [before = '', after, ...more] = text.replace(IPV4, '0:0').split('::');
  const halves = after === undefined ? [before] : [before, after];
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  if (more.length > 0 || !groups.every((group) => GROUP.test(group))) return false;
  return after === undefined ? groups.length === 8 : groups.length < 8;
}
