// Asks for single answers over one connection: HTTP/1.1, the same over TLS, or HTTP/2.
import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { clientTls } from './certificate.ts';
import type { BenchRequest } from './request.ts';
import type { Protocol } from './scenario.ts';

export interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  /** It came over the connection of an earlier one. */
  readonly reused: boolean;
  /** To be read to its end before the next request. */
  readonly body: AsyncIterable<Buffer>;
}

export interface Client {
  ask(request: BenchRequest): Promise<Answer>;
  close(): void;
}

const TIMEOUT_MS = 60_000;

export function connect(url: URL, protocol: Protocol): Client {
  switch (protocol) {
    case 'http':
      return overHttp1(url, http, new http.Agent({ keepAlive: true, maxSockets: 1 }));
    case 'https':
      return overHttp1(
        url,
        https,
        new https.Agent({ keepAlive: true, maxSockets: 1, ...clientTls() }),
      );
    case 'http2':
      return overHttp2(url);
  }
}

function overHttp1(url: URL, { get }: Pick<typeof http, 'get'>, agent: http.Agent): Client {
  return {
    ask: ({ path, headers }) =>
      new Promise((resolve, reject) => {
        const request = get(
          new URL(path, url),
          { agent, headers, timeout: TIMEOUT_MS },
          (response: IncomingMessage) =>
            resolve({
              status: response.statusCode,
              headers: response.headers,
              reused: request.reusedSocket,
              body: response,
            }),
        );
        request.once('timeout', () => request.destroy(new Error(`${path}: no answer in time`)));
        request.once('error', reject);
      }),
    close: () => agent.destroy(),
  };
}

function overHttp2(url: URL): Client {
  const session = http2.connect(url, clientTls());
  let asked = 0;
  // Each stream in flight gets the error as well.
  session.on('error', () => undefined);
  return {
    ask: ({ path, headers }) =>
      new Promise((resolve, reject) => {
        const stream = session.request({ ':path': path, ...headers });
        const reused = asked > 0;
        asked += 1;
        stream.setTimeout(TIMEOUT_MS, () =>
          stream.destroy(new Error(`${path}: no answer in time`)),
        );
        stream.once('error', reject);
        stream.once('response', (head) =>
          resolve({ status: head[':status'], headers: head, reused, body: stream }),
        );
      }),
    close: () => session.destroy(),
  };
}
