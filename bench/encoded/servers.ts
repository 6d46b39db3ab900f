// The ways of having an encoded form: one that was there, one that is made once, and one that is made for each request.
import { nginx, nginxGzip } from '../../nginx-compare/nginx.ts';
import { caddy, caddyEncode, h2o, h2oCompress } from '../servers/debian.ts';
import { compression } from '../servers/npm-peers.ts';
import type { ServerKind } from '../servers/server.ts';
import { zcserveWith } from '../servers/zcserve.ts';
import { type Part, partOf } from './scripts.ts';

export const encodedServers: readonly ServerKind[] = [
  way('zcserve-once', 'alone', zcserveWith('', ['--compress=on'])),
  way('zcserve-siblings', 'siblings', zcserveWith('', ['--compress=off'])),
  way('zcserve-plain', 'forms', zcserveWith('', ['--compress=off'])),
  way('nginx-gzip_static', 'siblings', nginx),
  way('nginx-gzip', 'alone', nginxGzip),
  way('h2o-send-compressed', 'siblings', h2o),
  way('h2o-compress', 'alone', h2oCompress),
  way('caddy-precompressed', 'siblings', caddy),
  way('caddy-encode', 'alone', caddyEncode),
  way('compression', 'alone', compression),
];

function way(name: string, part: Part, kind: ServerKind): ServerKind {
  return {
    ...kind,
    name,
    tags: ['encoded-only'],
    start: (place) => kind.start({ ...place, root: partOf(place.root, part) }),
  };
}
