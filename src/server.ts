// One server's life: choose a transport, open the origin, listen, count, stop.
import { availableParallelism, networkInterfaces } from 'node:os';
import type { TableStats } from './files/table.ts';
import { createLog } from './log.ts';
import { loadNative, type NativeAddon } from './native.ts';
import { type Options, type OptionsInput, resolveOptions } from './options.ts';
import { createOrigin, type Origin } from './origin.ts';
import { limitsOf, policiesOf } from './policies.ts';
import { cannotListen, cannotServe } from './problems.ts';
import { type Chosen, chooseTransport } from './transport/choose.ts';
import { createHttp1Transport } from './transport/http1.ts';
import { createNativeTransport } from './transport/native.ts';
import type { TlsFiles } from './transport/tls.ts';
import type { Log, Transport, TransportName, TransportStats } from './transport/transport.ts';
import { createUwsTransport } from './transport/uws.ts';
import { loadUws } from './transport/uws-library.ts';

export interface ServerStats extends TransportStats {
  readonly files: TableStats;
}

/** A server that listens. */
export interface Server {
  /** Where it can be reached, without a slash at the end: `http://127.0.0.1:8080`. */
  readonly url: string;
  /** The same for every address of this machine that it listens on. */
  readonly urls: readonly string[];
  readonly port: number;
  readonly transport: TransportName;
  /** Do large bodies leave by sendfile(2)? */
  readonly sendfile: boolean;
  /** Why this transport. */
  readonly reason: string;
  /** Stops accepting, finishes what is in flight within `grace`, closes every file. */
  close(): Promise<void>;
  stats(): ServerStats;
}

/**
 * Starts a server. Rejects with an OptionError for a wrong option, and with an Error where the root, the
 * certificate or the address cannot be used.
 */
export async function createServer(input: OptionsInput = {}): Promise<Server> {
  const options = resolveOptions(input);
  const log = createLog({ level: options.logLevel, format: options.logFormat });
  const native = loadNative();
  const tls = tlsOf(options);
  const chosen = await chooseTransport(
    { transport: options.transport, tls: tls !== undefined },
    native,
    loadUws,
  );
  if (chosen.fallback) log.warn(`no better transport than node:http: ${chosen.reason}`);

  const { addon } = native;
  const origin = openOrigin(options, chosen, addon, log);
  let transport: Transport;
  let port: number;
  try {
    transport = createTransport(chosen, origin, options, log);
    port = await listen(transport, options);
  } catch (error) {
    origin.close();
    throw error;
  }
  const urls = urlsOf(options.host, port, tls ? 'https' : 'http');
  let closed: Promise<void> | undefined;
  return {
    url: urls[0] ?? '',
    urls,
    port,
    transport: transport.name,
    sendfile: chosen.carrier === 'full',
    reason: chosen.reason,
    close: () => (closed ??= transport.close(options.grace).finally(origin.close)),
    stats: () => ({ ...transport.stats(), files: origin.table.stats() }),
  };
}

function openOrigin(
  options: Options,
  { name, carrier }: Chosen,
  addon: NativeAddon | undefined,
  log: Log,
): Origin {
  const policies = policiesOf(options, carrier, name === 'native');
  try {
    return createOrigin({ ...policies, addon, log });
  } catch (error) {
    throw cannotServe(policies.files.root, error);
  }
}

function createTransport(chosen: Chosen, origin: Origin, options: Options, log: Log): Transport {
  const { handler, table, root, common } = origin;
  const limits = limitsOf(options);
  const tls = tlsOf(options);
  switch (chosen.name) {
    case 'native': {
      if (root.native === undefined) throw new Error('the root was opened without the addon');
      const transport = createNativeTransport({
        addon: chosen.addon,
        root: root.native,
        symlinks: options.symlinks,
        threads: options.threads === 'auto' ? availableParallelism() : options.threads,
        limits,
        handler,
        log,
        common,
        maxHot: options.maxOpenFiles,
        onStale: (files) => table.suspect(files),
        onFault: (file) => table.drop(file),
        onRefused: (file) => table.refuse(file),
      });
      table.attach(transport);
      return transport;
    }
    case 'uws':
      return createUwsTransport({ library: chosen.library, handler, limits, log, common, tls });
    case 'http1':
      return createHttp1Transport({ handler, limits, log, common, tls, addon: loadNative().addon });
  }
}

function tlsOf({ tlsCert, tlsKey }: Options): TlsFiles | undefined {
  return tlsCert && tlsKey ? { cert: tlsCert, key: tlsKey } : undefined;
}

/** Ports that `portFallback` tries after the first. */
const FALLBACK_PORTS = 100;

async function listen(transport: Transport, options: Options): Promise<number> {
  const { host, port, portFallback } = options;
  const last = portFallback && port > 0 ? Math.min(port + FALLBACK_PORTS, 65_535) : port;
  for (let candidate = port; ; candidate++) {
    try {
      return await transport.listen(host, candidate);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EADDRINUSE' && candidate < last) continue;
      await transport.close(0);
      throw cannotListen(host, port, error);
    }
  }
}

/** One URL for each address that a host stands for; loopback first. */
function urlsOf(host: string, port: number, scheme: 'http' | 'https'): string[] {
  const url = (address: string) =>
    `${scheme}://${address.includes(':') ? `[${address}]` : address}:${port}`;
  if (host !== '0.0.0.0' && host !== '::') return [url(host)];
  const addresses = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, scopeid }) => (family === 'IPv4' || host === '::') && !scopeid)
    .toSorted((a, b) => Number(b.internal) - Number(a.internal));
  return addresses.map(({ address }) => url(address));
}
