// Servers with streams, on every carrier.
import type { Test } from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import type { OptionsInput } from '../../src/options/options.ts';
import type { Server } from '../../src/server/server.ts';
import { loadUws } from '../../src/transport/uws/library.ts';
import { type Address, type Answer, request, type SentFields } from '../support/client.ts';
import { startServer } from '../support/server.ts';
import { TLS_OPTIONS } from '../support/tls.ts';
import { makeTree } from '../support/tree.ts';

interface Carrier {
  readonly name: string;
  readonly options: OptionsInput;
  readonly tls?: boolean;
  readonly http2?: boolean;
}

const { addon } = loadNative();
const { library } = await loadUws();

const CARRIERS: readonly Carrier[] = [
  ...(addon === undefined
    ? []
    : ([
        { name: 'native', options: { transport: 'native' } },
        { name: 'native, TLS', options: { transport: 'native', ...TLS_OPTIONS }, tls: true },
        { name: 'native, h2c', options: { transport: 'native', h2c: true }, http2: true },
        {
          name: 'native, h2',
          options: { transport: 'native', ...TLS_OPTIONS },
          tls: true,
          http2: true,
        },
      ] satisfies Carrier[])),
  { name: 'http1', options: { transport: 'http1' } },
  { name: 'https', options: { transport: 'http1', ...TLS_OPTIONS }, tls: true },
  ...(library === undefined
    ? []
    : ([{ name: 'uws', options: { transport: 'uws' } }] satisfies Carrier[])),
];

export interface Served {
  readonly server: Server;
  readonly root: string;
  readonly address: Address;
  /** Asks for a path. */
  ask(
    method: string,
    path: string,
    how?: { readonly fields?: SentFields; readonly body?: string },
  ): Promise<Answer>;
}

export async function serve(
  t: Test,
  { options, tls = false, http2 = false }: Carrier,
  own: OptionsInput = {},
): Promise<Served> {
  const root = own.root ?? makeTree(t, { 'index.html': 'home' });
  const server = await startServer(t, { streams: '/logs', root, ...options, ...own });
  const address = { port: server.port, tls, http2 };
  return {
    server,
    root,
    address,
    ask: (method, path, how = {}) => request(address, path, { method, ...how }),
  };
}

/** Runs the claims on every carrier that is here. */
export function onEveryCarrier(
  t: Test,
  claims: (t: Test, carrier: Carrier) => Promise<void>,
): void {
  for (const carrier of CARRIERS) t.test(carrier.name, (each) => claims(each, carrier));
}

export const TEXT = { 'content-type': 'text/plain' };
export const JSON_TYPE = { 'content-type': 'application/json' };

/** Events in what has come of an answer, WHATWG HTML §9.2.6. */
export function eventsIn(body: Buffer): Array<{ readonly event: string; readonly data: string }> {
  const blocks = String(body).split('\n\n');
  return blocks
    .filter((block) => block !== '')
    .map((block) => {
      const lines = block.split('\n').map((line) => /^(\w+): ?(.*)$/.exec(line) ?? []);
      const of = (name: string) =>
        lines.flatMap(([, field, value = '']) => (field === name ? [value] : []));
      return { event: of('event').join(), data: of('data').join('\n') };
    });
}
