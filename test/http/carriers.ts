// The carriers that the suite runs on: one table, one loop.
import { join } from 'node:path';
import type { Test } from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { isSiteOption } from '../../src/options/hosts.ts';
import type { OptionsInput } from '../../src/options/options.ts';
import { loadUws } from '../../src/transport/uws/library.ts';
import type { Address } from '../support/client.ts';
import { PROXY_V2 } from '../support/proxy.ts';
import { TLS_OPTIONS } from '../support/tls.ts';
import { type Host, type HostedServer, startHost } from './host.ts';

export type CarrierName =
  | 'native'
  | 'native TLS'
  | 'native proxied'
  | 'http1'
  | 'http1 alone'
  | 'uws'
  | 'uws TLS'
  | 'https'
  | 'h2c'
  | 'h2';

export interface Carrier {
  readonly name: CarrierName;
  /** Does the process load the addon? */
  readonly addon: boolean;
  readonly tls: boolean;
  readonly transport: 'native' | 'http1' | 'uws';
  readonly http2?: boolean;
  /** Behind a proxy on a Unix socket, which says by the PROXY protocol who the client is. */
  readonly proxied?: boolean;
  /** Can large bodies leave by sendfile? */
  readonly sendfile: boolean;
}

const ALL: readonly Carrier[] = [
  { name: 'native', addon: true, tls: false, transport: 'native', sendfile: true },
  { name: 'native TLS', addon: true, tls: true, transport: 'native', sendfile: false },
  { name: 'http1', addon: true, tls: false, transport: 'http1', sendfile: true },
  { name: 'http1 alone', addon: false, tls: false, transport: 'http1', sendfile: false },
  { name: 'uws', addon: true, tls: false, transport: 'uws', sendfile: false },
  { name: 'uws TLS', addon: true, tls: true, transport: 'uws', sendfile: false },
  { name: 'https', addon: true, tls: true, transport: 'http1', sendfile: false },
  { name: 'h2c', addon: true, tls: false, transport: 'native', http2: true, sendfile: false },
  { name: 'h2', addon: true, tls: true, transport: 'native', http2: true, sendfile: false },
];

/** The same claims of HTTP hold behind a proxy; what goes by a port, and what takes long, is left to the others. */
export const PROXIED: Carrier = {
  ...{ name: 'native proxied', addon: true, tls: false, transport: 'native', sendfile: true },
  proxied: true,
};
/** The site under test is that of a virtual host, beside another one, on these carriers alone (second-host.test.ts). */
const SECOND_HOST = process.env.ZCSERVE_TEST_SECOND_HOST?.split(',');

export const CARRIERS: readonly Carrier[] = ALL.filter(
  ({ name }) => SECOND_HOST?.includes(name) ?? true,
);

export interface Origin extends HostedServer {
  readonly carrier: Carrier;
  readonly host: Host;
  readonly address: Address;
}

/** Starts a server of the carrier under test. */
export type Serve = (options: OptionsInput) => Promise<Origin>;

const native = loadNative();
const uws = await loadUws();

/** Why the carrier cannot run here; undefined when it can. */
export function missing({ addon, transport }: Carrier): string | undefined {
  if (addon && transport !== 'uws' && native.addon === undefined) return native.reason;
  return transport === 'uws' && uws.library === undefined ? uws.reason : undefined;
}

/** Of what is claimed of HTTP/1's own bytes. */
export const speaksHttp1 = ({ http2 = false }: Carrier): boolean => !http2;

/** Runs the claims on every carrier that is here; the others are skipped by name, with the reason. */
export function onEveryCarrier(
  t: Test,
  run: (t: Test, serve: Serve, carrier: Carrier) => Promise<void>,
  among: (carrier: Carrier) => boolean = () => true,
  carriers = CARRIERS,
): void {
  const hosts = new Map<boolean, Host>();
  for (const carrier of carriers.filter(among)) {
    const reason = missing(carrier);
    t.test(carrier.name, { skip: reason ?? false }, async (each) => {
      // One process for all carriers that want the addon, one for the others.
      const host = hosts.get(carrier.addon) ?? startHost(t, carrier);
      hosts.set(carrier.addon, host);
      await run(each, (options) => startOrigin(carrier, host, options), carrier);
    });
  }
}

/** The same, and behind a proxy. */
export function onEveryCarrierAndProxy(
  t: Test,
  run: (t: Test, serve: Serve, carrier: Carrier) => Promise<void>,
  among?: (carrier: Carrier) => boolean,
): void {
  onEveryCarrier(t, run, among, [...CARRIERS, PROXIED]);
}

export async function startOrigin(
  carrier: Carrier,
  host: Host,
  options: OptionsInput,
): Promise<Origin> {
  const { transport, tls, http2 = false, proxied = false } = carrier;
  const h2c = http2 && !tls;
  const path = join(host.folder, String(++started));
  const all = {
    // What a file is sent as does not change while it is asked for, but where that is the matter.
    compress: 'off' as const,
    ...options,
    ...{ transport, h2c },
    ...(tls ? TLS_OPTIONS : {}),
    ...(proxied ? { port: undefined, listen: `unix:${path},proxy` } : {}),
  };
  const server = await host.start(SECOND_HOST ? asSecondHost(all) : all);
  const through = proxied ? { path, first: PROXY_V2 } : {};
  return { ...server, carrier, host, address: { port: server.port, tls, http2, ...through } };
}

let started = 0;

/** By whom the suite asks. */
const NAMES = 'localhost, 127.0.0.1, h, a, x, example.com, example.test';

/** What the site says goes to the host; whoever is beside it has what would be seen at once. */
function asSecondHost(options: OptionsInput): OptionsInput {
  const entries = Object.entries(options);
  const own = entries.filter(([name]) => isSiteOption(name) && !name.startsWith('tls'));
  const others = entries.filter(([name]) => !isSiteOption(name) || name.startsWith('tls'));
  const host = { ...Object.fromEntries(own), root: options.root ?? '.' };
  return {
    ...Object.fromEntries(others),
    root: import.meta.dirname,
    headers: { '**': { 'X-Beside': 'yes' } },
    hosts: { 'first.example': { root: import.meta.dirname }, [NAMES]: { headers: {}, ...host } },
  };
}
