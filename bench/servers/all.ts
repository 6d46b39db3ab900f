// Every server of the benchmark, in the order of its tables.
import {
  nginx,
  nginxAioThreads,
  nginxByCache,
  nginxLogged,
  nginxTwoWorkers,
} from '../../nginx-compare/nginx.ts';
import { encodedServers } from '../encoded/servers.ts';
import { apache, caddy, h2o, lighttpd, tomcat } from './debian.ts';
import { floorOpen, floors } from './floor.ts';
import { bunServers, middlewares, nodeBuffer, npmServers, zcserveMiddleware } from './npm-peers.ts';
import type { ServerKind } from './server.ts';
import { zcserve, zcserveLogged, zcserveTwoThreads, zcserveUws } from './zcserve.ts';

export const servers: readonly ServerKind[] = [
  zcserve,
  zcserveUws,
  zcserveLogged,
  zcserveTwoThreads,
  ...floors,
  floorOpen,
  nginx,
  nginxAioThreads,
  ...nginxByCache,
  ...nginxLogged,
  nginxTwoWorkers,
  h2o,
  lighttpd,
  apache,
  caddy,
  tomcat,
  ...bunServers,
  zcserveMiddleware,
  nodeBuffer,
  ...middlewares,
  ...npmServers,
  ...encodedServers,
];

/** Those of `--quick`: one of each family. */
export const quickServers: readonly string[] = [
  'zcserve',
  'floor-mmap',
  'floor-sendfile',
  'nginx',
  'h2o',
  'lighttpd',
  'bun',
  'sirv',
  'serve-static',
];
