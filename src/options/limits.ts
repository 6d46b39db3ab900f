// Options: what clients may take, and how long.
import { duration, integer, size } from './kinds.ts';
import { option } from './table.ts';

const DAY_MS = 86_400_000;

export const limits = {
  maxConnections: option(
    integer(1, 1_000_000),
    10_000,
    'connections at a time',
    'nginx worker_connections, Tomcat maxConnections',
  ),
  maxHeaderSize: option(
    size(1024, 2 ** 20),
    16_384,
    'size of a request head; more gets 431',
    'nginx large_client_header_buffers, Tomcat maxHttpRequestHeaderSize',
  ),
  headerTimeout: option(
    duration(1, DAY_MS),
    10_000,
    'time for a request head to arrive; then 408',
    'nginx client_header_timeout, Tomcat connectionTimeout',
  ),
  keepAliveTimeout: option(
    duration(1, DAY_MS),
    75_000,
    'time that an idle connection stays open',
    'nginx keepalive_timeout, Tomcat keepAliveTimeout',
  ),
  sendTimeout: option(
    duration(1, DAY_MS),
    60_000,
    'time that a client may take nothing of an answer',
    'nginx send_timeout',
  ),
  grace: option(
    duration(0, DAY_MS),
    10_000,
    'time for answers in flight when the server stops',
    'nginx worker_shutdown_timeout',
  ),
};
