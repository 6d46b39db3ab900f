// Options: what clients may take, and how long.
import { duration, integer, list, network, size } from './kinds.ts';
import { requestRate } from './request-rate.ts';
import { option, optional } from './table.ts';

const DAY_MS = 86_400_000;
const TIB = 2 ** 40;

export const limits = {
  maxConnections: option(
    integer(1, 1_000_000),
    10_000,
    'connections at a time',
    'nginx worker_connections, Tomcat maxConnections',
  ),
  maxConnectionsPerAddress: option(
    integer(0, 1_000_000),
    0,
    'connections at a time of one client (an IPv4 address, an IPv6 /64), more get 429; 0: any number',
    'nginx limit_conn',
  ),
  maxRequestsPerAddress: optional(
    requestRate,
    'requests of one client, such as 10/s or 30/m, and how many at once (,20; else those of a second); more get 429',
    'nginx limit_req',
  ),
  allow: option(
    list(network),
    [],
    'networks of the clients that may ask, others get 403; none: all may',
    'nginx allow',
  ),
  deny: option(
    list(network),
    [],
    'networks of the clients that get 403, also where allow names them',
    'nginx deny',
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
  keepAliveRequests: option(
    integer(0, 1_000_000_000),
    0,
    'requests of one connection, which then closes; 0: any number',
    'nginx keepalive_requests, Tomcat maxKeepAliveRequests',
  ),
  keepAliveLife: option(
    duration(0, DAY_MS),
    3_600_000,
    'time after which a connection closes with its next answer; 0: never',
    'nginx keepalive_time',
  ),
  sendTimeout: option(
    duration(1, DAY_MS),
    60_000,
    'time that a client may take nothing of an answer',
    'nginx send_timeout',
  ),
  limitRate: option(
    size(0, TIB),
    0,
    'bytes of each answer in a second; 0: as fast as they go',
    'nginx limit_rate',
  ),
  limitRateAfter: option(
    size(0, TIB),
    0,
    'bytes of each answer before limitRate holds',
    'nginx limit_rate_after',
  ),
  grace: option(
    duration(0, DAY_MS),
    10_000,
    'time for answers in flight when the server stops',
    'nginx worker_shutdown_timeout',
  ),
};

/** What uWebSockets.js has no way for: it does not tell the requests of one connection from those of another. */
export const LIMITS_BEYOND_UWS = [
  'maxConnectionsPerAddress',
  'keepAliveRequests',
  'keepAliveLife',
] as const;
