// The listeners that options ask for, and the rules between those options.
import { isLoopback } from '../http/authority.ts';
import {
  type Listener,
  type ParsedListener,
  parseListener,
  placeText,
  splitListeners,
} from '../rules/listeners.ts';
import type { Kind } from './kinds.ts';
import { OptionError } from './table.ts';

/** Each as text; `listenersOf` has what they mean. */
export const listeners: Kind<readonly string[], string | readonly string[]> = {
  shape: 'listener,…',
  expected:
    '[host]:port, unix:path or fd:n, each followed by its marks (tls, plain, proxy, mode=0660), all with commas',
  parse(input) {
    const texts = typeof input === 'string' ? [input] : input;
    if (!Array.isArray(texts) || !texts.every((text) => typeof text === 'string')) return undefined;
    const values = texts.flatMap(splitListeners);
    const hold = values.length > 0 && values.every((text) => parseListener(text) !== undefined);
    return hold ? values : undefined;
  },
  show: (values) => values.join(','),
};

/** As far as listeners go by them. */
interface Given {
  readonly host: string;
  readonly port: number;
  readonly listen: readonly string[] | undefined;
  readonly proxyFrom: readonly string[];
  readonly tlsCert: readonly string[] | undefined;
}

/** Those of `listen`, or the one of `host` and `port`. Without a word of it, all of them speak TLS where there is a certificate. */
export function listenersOf({ host, port, listen, proxyFrom, tlsCert }: Given): Listener[] {
  const asked: readonly ParsedListener[] =
    listen === undefined
      ? [{ at: { kind: 'tcp', host, port }, tls: undefined, proxy: false }]
      : listen.flatMap((text) => parseListener(text) ?? []);
  return asked.map(({ at, tls, proxy }) => ({
    at,
    tls: tls ?? tlsCert !== undefined,
    proxyFrom: proxy ? proxyFrom : undefined,
    ipv6Only: asked.some((other) => isOfIPv4(at, other)),
  }));
}

/** As nginx is told it: 0.0.0.0:80 and [::]:80, where one socket would be enough. */
function isOfIPv4(at: Listener['at'], { at: other }: ParsedListener): boolean {
  if (at.kind !== 'tcp' || other.kind !== 'tcp' || at.host !== '::') return false;
  return other.port === at.port && at.port !== 0 && /^\d+(?:\.\d+){3}$/.test(other.host);
}

/** Do they reach no further than this machine? What proxies and files of sockets bring may come from anywhere. */
export function areLocal(listeners: readonly Listener[]): boolean {
  return listeners.every(
    ({ at, proxyFrom }) => at.kind === 'tcp' && proxyFrom === undefined && isLoopback(at.host),
  );
}

/** sockaddr_un, unix(7): 108 bytes, and a NUL at their end. */
const MAX_PATH = 107;

interface Agreed extends Given {
  readonly transport: string;
  readonly h2c: boolean;
  readonly hsts: string | undefined;
  readonly httpsRedirect: number | undefined;
}

/** Throws an OptionError where they do not fit together. `isDefault`: nothing was said of it. */
export function agreeOnListeners(
  options: Agreed,
  isDefault: (name: 'host' | 'port' | 'portFallback') => boolean,
): void {
  const { listen } = options;
  const other = (['host', 'port', 'portFallback'] as const).find((name) => !isDefault(name));
  if (listen !== undefined && other !== undefined) {
    throw new OptionError(
      (call) => `${call(other)} and ${call('listen')} both say where to listen: one is enough`,
    );
  }
  const all = listenersOf(options);
  for (const listener of all) agreeOn(listener, options);
  agreeOnSchemes(all, options);
  if (options.proxyFrom.length > 0 && all.every(({ proxyFrom }) => proxyFrom === undefined)) {
    throw new OptionError(
      (call) => `${call('proxyFrom')} needs a listener with the mark proxy in ${call('listen')}`,
    );
  }
}

function agreeOn({ at, tls, proxyFrom, ipv6Only }: Listener, options: Agreed): void {
  const { transport, tlsCert } = options;
  const text = placeText(at);
  const refuse = (words: (call: (name: string) => string) => string) => {
    throw new OptionError((call) => `${call('listen')}: ${text}: ${words(call)}`);
  };
  if (tls && tlsCert === undefined) refuse((call) => `tls needs ${call('tlsCert')} too`);
  if (at.kind === 'unix' && Buffer.byteLength(at.path) > MAX_PATH) {
    refuse(
      () =>
        `the path of a socket has ${MAX_PATH} bytes at most, this one ${Buffer.byteLength(at.path)}`,
    );
  }
  // A Unix socket's mode says who may come; what a descriptor is shows when it is looked at.
  if (at.kind === 'tcp' && proxyFrom?.length === 0) {
    refuse((call) => `proxy needs ${call('proxyFrom')}, the addresses of the proxies`);
  }
  if (transport !== 'uws') return;
  const beyond =
    (at.kind === 'descriptors' && 'fd') || (proxyFrom && 'proxy') || (ipv6Only && 'IPv6 alone');
  if (beyond) refuse((call) => `${beyond} is not to be had with ${call('transport')} uws`);
}

/** What is for one scheme needs a listener that speaks it. */
function agreeOnSchemes(
  all: readonly Listener[],
  { tlsCert, h2c, hsts, httpsRedirect }: Agreed,
): void {
  const plain = all.find(({ tls }) => !tls);
  if (tlsCert !== undefined && all.every(({ tls }) => !tls)) {
    throw new OptionError((call) => `${call('tlsCert')}: none of ${call('listen')} speaks TLS`);
  }
  if (h2c && plain === undefined) {
    throw new OptionError((call) => `${call('h2c')} is without TLS, ${call('tlsCert')} is with it`);
  }
  // RFC 6797 §7.2: not without TLS. Prepared answers are the same for all listeners.
  if (hsts !== undefined && plain !== undefined) {
    const text = placeText(plain.at);
    throw new OptionError(
      (call) =>
        `${call('hsts')} is for TLS only, and ${call('listen')}: ${text} is without; ${call('httpsRedirect')} sends clients on`,
    );
  }
  if (httpsRedirect !== undefined && redirectHost(all) === undefined) {
    throw new OptionError(
      (call) => `${call('httpsRedirect')} needs a port with TLS in ${call('listen')}`,
    );
  }
}

/** Where a plain listener stands beside one with TLS. */
export function redirectHost(all: readonly Listener[]): string | undefined {
  const secure = all.find(({ at, tls }) => tls && at.kind === 'tcp');
  return secure?.at.kind === 'tcp' ? secure.at.host : undefined;
}
