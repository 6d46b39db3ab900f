// The admin listener: metrics, health and a live page, on an address of its own.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, ListenOptions } from 'node:net';
import { isLoopback } from '../http/authority.ts';
import { standardError } from '../log/line-writer.ts';
import type { Log } from '../log/log.ts';
import { expose } from './exposition.ts';
import { type Bound, isAddressedTo } from './guard.ts';
import type { Observed, Snapshot } from './observed.ts';
import { PAGE, PAGE_POLICY } from './page.ts';
import { reportOf } from './report.ts';
import { watch } from './watch.ts';

export interface Admin {
  /** Without a slash at the end: `http://127.0.0.1:9090`. */
  readonly url: string;
  /** At once, whatever is in flight. */
  close(): Promise<void>;
}

export interface AdminOptions {
  readonly host: string;
  readonly port: number;
  /** Of a socket that listens there already; it is closed with the server. */
  readonly descriptor?: number | undefined;
  readonly observed: Observed;
  readonly log: Log;
}

/** Those who look at one server are few. */
const MAX_CONNECTIONS = 100;
const TIMEOUT_MS = 10_000;

/** Rejects with an Error that has `code` (EADDRINUSE…). */
export async function startAdmin(options: AdminOptions): Promise<Admin> {
  const { host, port, descriptor: fd, observed, log } = options;
  const { createServer } = process.getBuiltinModule('node:http');
  const watching = watch(observed.stats);
  let bound: Bound = { host, address: host };
  const snapshot = (): Snapshot => ({
    about: observed.about,
    stats: observed.stats(),
    logLinesDropped: standardError.lost,
  });

  async function answer({ method, url = '', headers }: IncomingMessage): Promise<Answer> {
    if (!isAddressedTo(bound, headers.host)) return text(421, 'not for this host\n');
    if (method !== 'GET' && method !== 'HEAD') {
      return { ...text(405, 'GET or HEAD\n'), fields: { Allow: 'GET, HEAD' } };
    }
    switch (url.split('?', 1)[0]) {
      case '/metrics': {
        const { type, text } = await expose(snapshot(), headers.accept);
        return { status: 200, type, body: text };
      }
      case '/healthz':
        return text(200, 'ok\n');
      case '/readyz': {
        const reason = await observed.unready();
        return reason === undefined ? text(200, 'ready\n') : text(503, `${reason}\n`);
      }
      case '/stats': {
        const body = JSON.stringify(reportOf(snapshot(), await observed.unready(), watching));
        return { status: 200, type: 'application/json', body };
      }
      case '/':
        return {
          status: 200,
          type: 'text/html; charset=utf-8',
          body: PAGE,
          fields: { 'Content-Security-Policy': PAGE_POLICY },
        };
      default:
        return text(404, 'not found: / /metrics /stats /healthz /readyz\n');
    }
  }

  const server = createServer(
    { headersTimeout: TIMEOUT_MS, requestTimeout: TIMEOUT_MS, keepAliveTimeout: TIMEOUT_MS },
    (req, res) => {
      answer(req).then(
        (known) => send(known, res),
        (error: Error) => {
          log.error(`admin: ${error.message}`, 'admin');
          send(text(500, 'failed\n'), res);
        },
      );
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = TIMEOUT_MS;
  try {
    await listen(server, fd === undefined ? { host, port } : { fd });
  } catch (error) {
    watching.close();
    throw error;
  }
  const { address, port: taken } = server.address() as AddressInfo;
  bound = { host, address };
  if (!isLoopback(address)) {
    log.warn(`admin: ${address} is not of this machine alone: whoever reaches it can read`);
  }
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`,
    close() {
      watching.close();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

/** `exclusive`: among workers of one program, each has its own. */
function listen(server: Server, where: ListenOptions & { fd?: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...where, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly fields?: Readonly<Record<string, string>>;
}

function text(status: number, body: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body };
}

/** No page but ours may show it or read it, and nobody keeps it. */
const COMMON = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

function send({ status, type, body, fields }: Answer, res: ServerResponse): void {
  const length = Buffer.byteLength(body);
  res.writeHead(status, {
    ...COMMON,
    'Content-Type': type,
    'Content-Length': length,
    ...fields,
  });
  res.end(body);
}
