// Options: what an operator runs the server by.
import type { Kind } from './kinds.ts';
import { optional } from './table.ts';

/** Where to listen. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const LOOPBACK = '127.0.0.1';

/** A port, and before it an address or a name, an IPv6 address in brackets; without one it is loopback's. */
export const hostPort: Kind<HostPort, number | string> = {
  shape: '[host:]port',
  expected: 'a port, or an address and a port, such as 9090, 127.0.0.1:9090 or [::1]:9090',
  parse(input) {
    // What was read before may come again.
    const text = isHostPort(input) ? show(input) : input;
    if (typeof text !== 'string' && typeof text !== 'number') return undefined;
    const parts = /^(?:(?:\[([\da-f:.]+)\]|([^\s:/@[\]]+)):)?(\d{1,5})$/i.exec(String(text));
    const port = Number(parts?.[3] ?? Number.NaN);
    return port <= 65_535 ? { host: parts?.[1] ?? parts?.[2] ?? LOOPBACK, port } : undefined;
  },
  show,
};

function show({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function isHostPort(input: unknown): input is HostPort {
  return typeof input === 'object' && input !== null && 'host' in input && 'port' in input;
}

export const operating = {
  admin: optional(
    hostPort,
    'where metrics, health and a live page are; a port alone is of 127.0.0.1, 0 takes a free one',
    'nginx stub_status, Caddy admin',
  ),
};
