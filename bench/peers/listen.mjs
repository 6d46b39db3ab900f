// Listens as the benchmark asks, by the arguments ROOT PORT [CERT KEY]: plain HTTP by node:http; with a certificate
// HTTP/2 and HTTP/1.1 by node:http2, which hands connections of the latter to node:http's code as node:https does.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createSecureServer } from 'node:http2';

const [root, port, cert, key] = process.argv.slice(2);

/** The directory to serve. */
export { root };

/** Undefined = plain HTTP. */
export const tls =
  cert === undefined ? undefined : { cert: readFileSync(cert), key: readFileSync(key) };

/** Where to listen. */
export const address = { port: Number(port), host: '127.0.0.1' };

export function listen(handler) {
  const server =
    tls === undefined
      ? createServer(handler)
      : createSecureServer({ ...tls, allowHTTP1: true }, handler);
  server.listen(address);
}
