// Options: who listens, and where.
import { choice, integer, list, network, path, text, toggle, wordOr } from './kinds.ts';
import { listeners } from './listeners.ts';
import { option, optional } from './table.ts';

/** An engine's ids have six bits for the thread (native/engine). */
export const MAX_THREADS = 64;

export const listening = {
  root: option(path, '.', 'directory to serve', 'nginx root'),
  host: option(text, '127.0.0.1', 'address or name to listen on', 'nginx listen'),
  port: option(integer(0, 65535), 8080, 'port to listen on; 0 takes a free one', 'nginx listen'),
  portFallback: option(toggle, false, 'take the next free port if the port is in use'),
  listen: optional(
    listeners,
    'instead of host and port, one or more: [host]:port, unix:path or fd:n, then tls, plain, proxy, mode=0660',
    'nginx listen, h2o listen, Caddy bind',
  ),
  proxyFrom: option(
    list(network),
    [],
    'proxies that say by the PROXY protocol who their clients are, at listeners with the mark proxy',
    'nginx set_real_ip_from, Caddy proxy_protocol allow',
  ),
  transport: option(
    choice('auto', 'native', 'uws', 'http1'),
    'auto',
    'who speaks HTTP: our engine, uWebSockets.js or node:http; auto takes the best that loads',
  ),
  threads: option(
    wordOr('auto', integer(1, MAX_THREADS)),
    1,
    'engine threads, at most 64; auto is one for each core',
    'nginx worker_processes',
  ),
  http2: option(toggle, true, 'offer HTTP/2 beside HTTP/1 with TLS', 'nginx http2'),
  h2c: option(
    toggle,
    false,
    'take HTTP/2 without TLS too, of clients that begin with it (prior knowledge)',
    'nginx http2',
  ),
};
