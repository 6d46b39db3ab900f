// uWebSockets.js: the part of it that we use, how it is loaded, and the test that its binary must pass.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';

export interface UwsRequest {
  /** Lower-cases the method in place: ask for the exact one first. */
  getCaseSensitiveMethod(): string;
  /** Path as sent, without the query. */
  getUrl(): string;
  getQuery(): string | undefined;
  forEach(each: (name: string, value: string) => void): void;
}

export interface UwsResponse {
  writeStatus(status: string): UwsResponse;
  writeHeader(name: string, value: string): UwsResponse;
  /** Adds Content-Length, and Date. Copies what the kernel does not take. */
  end(body?: string | Uint8Array, closeConnection?: boolean): UwsResponse;
  /** In chunks; keeps what the kernel does not take, and says false then. `end()` ends them. */
  write(chunk: Uint8Array): boolean;
  /** Adds no Content-Length when called without arguments. */
  endWithoutBody(): UwsResponse;
  /** Adds `Content-Length: total`. Takes what the kernel takes: [all of the chunk, all of the body]. */
  tryEnd(chunk: Uint8Array, total: number): [boolean, boolean];
  /** Body bytes taken so far. */
  getWriteOffset(): number;
  onWritable(resume: (offset: number) => boolean): UwsResponse;
  onAborted(gone: () => void): UwsResponse;
  /** Of the request's body, each chunk for the call only. Without it, or behind the answer, the body is dropped. */
  onData(take: (chunk: ArrayBuffer, isLast: boolean) => void): UwsResponse;
  /** Reads no more of the body from the socket, until it is resumed. */
  pause(): void;
  resume(): void;
  close(): UwsResponse;
  /** As text, all digits of an IPv6 address. */
  getRemoteAddressAsText(): ArrayBuffer;
  cork(write: () => void): UwsResponse;
}

export interface UwsCertificate {
  readonly cert_file_name: string;
  readonly key_file_name: string;
  readonly ssl_ciphers: string;
}

export interface UwsApp {
  any(pattern: string, handler: (res: UwsResponse, req: UwsRequest) => void): UwsApp;
  /** +1 for each new connection, -1 for each that ended. */
  filter(handler: (res: UwsResponse, change: number) => void): UwsApp;
  listen(host: string, port: number, options: number, done: (token: unknown) => void): UwsApp;
  /** Permissions of the socket: the owner's alone. Replaces what stands at the path. */
  listen_unix(done: (token: unknown) => void, path: string): UwsApp;
  /** Closes every connection and listener. */
  close(): UwsApp;
}

export interface UwsLibrary {
  App(): UwsApp;
  SSLApp(options: UwsCertificate): UwsApp;
  us_socket_local_port(token: unknown): number;
  us_listen_socket_close(token: unknown): void;
  /** Options of the binary by number; not in its types. */
  _cfg(key: string): void;
  readonly LIBUS_LISTEN_EXCLUSIVE_PORT: number;
}

export interface FoundUws {
  readonly library: UwsLibrary;
  readonly version: string;
}

export type Uws =
  | FoundUws
  | { readonly library: undefined; readonly installed: boolean; readonly reason: string };

/** A package that whoever wants it installs beside ours: its binaries for all systems are 257 MB. */
const PACKAGE = 'uWebSockets.js';
const ABSENT = `${PACKAGE} is not installed: npm install ${PACKAGE}@npm:uwebsockets@3`;

/** Leaves the `uWebSockets` field out of answers. */
const NO_SIGNATURE = '999999990007';

let loaded: Promise<Uws> | undefined;

/** uWebSockets.js, or why it cannot be used. Loads and tests it once per process; never rejects. */
export function loadUws(): Promise<Uws> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Uws> {
  try {
    // A CommonJS package: only its default import is complete.
    const { default: library } = (await import(
      /* webpackIgnore: true */ /* @vite-ignore */ PACKAGE
    )) as {
      default: UwsLibrary;
    };
    library._cfg(NO_SIGNATURE);
    const fault = await selfTest(library);
    if (fault === undefined) return { library, version: readVersion() };
    return unusable(`${PACKAGE} failed its self-test: ${fault}`);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_MODULE_NOT_FOUND') {
      return { library: undefined, installed: false, reason: ABSENT };
    }
    return unusable(message.split('\n', 1)[0] ?? message);
  }
}

function unusable(reason: string): Uws {
  return { library: undefined, installed: true, reason };
}

/** Its main file lies beside its package.json, which it does not export in every version. */
function readVersion(): string {
  const main = createRequire(import.meta.url ?? __filename).resolve(PACKAGE);
  return JSON.parse(readFileSync(join(dirname(main), 'package.json'), 'utf8')).version;
}

/** Size of a body that no socket buffer takes at once, so that the test goes through backpressure. */
const LARGE = 16 * 2 ** 20;

/** RFC 9112 §7.1 */
const CHUNKED = Buffer.from('3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n');

type Expected = readonly [method: string, target: string, head: RegExp, body: Buffer];

const expected = (large: Buffer): readonly Expected[] => [
  [
    'GET',
    '/small?q',
    /^HTTP\/1\.1 200 OK\r\n(?!.*uWebSockets).*Content-Length: 12\r\n/s,
    Buffer.from('GET /small?q'),
  ],
  ['HEAD', '/head', /^HTTP\/1\.1 200 OK\r\n.*Content-Length: 77\r\n/s, Buffer.of()],
  ['GET', '/none', /^HTTP\/1\.1 304 Not Modified\r\n(?!.*Content-Length)/s, Buffer.of()],
  ['GET', '/chunks', /^HTTP\/1\.1 200 OK\r\n.*Transfer-Encoding: chunked\r\n/s, CHUNKED],
  ['GET', '/large', new RegExp(`^HTTP/1\\.1 200 OK\r\n.*Content-Length: ${LARGE}\r\n`, 's'), large],
];

/** Serves one answer of each kind to itself. Undefined when all of them are as they must be. */
async function selfTest(library: UwsLibrary): Promise<string | undefined> {
  const large = Buffer.alloc(LARGE, 'uWebSockets.js self-test;');
  const app = library.App().any('/*', (res, req) => answerTest(res, req, large));
  const token = await new Promise<unknown>((resolve) => {
    app.listen('127.0.0.1', 0, library.LIBUS_LISTEN_EXCLUSIVE_PORT, resolve);
  });
  if (!token) return 'it cannot listen';
  try {
    const port = library.us_socket_local_port(token);
    for (const [method, target, head, body] of expected(large)) {
      const answer = await ask(port, method, target);
      const end = answer.indexOf('\r\n\r\n') + 4;
      if (!head.test(answer.toString('latin1', 0, end))) return `${method} ${target}: wrong head`;
      if (!answer.subarray(end).equals(body)) return `${method} ${target}: wrong body`;
    }
    return undefined;
  } finally {
    app.close();
  }
}

function answerTest(res: UwsResponse, req: UwsRequest, large: Buffer): void {
  const method = req.getCaseSensitiveMethod();
  const path = req.getUrl();
  switch (path) {
    case '/head':
      res.writeStatus('200 OK').writeHeader('Content-Length', '77').endWithoutBody();
      return;
    case '/none':
      res.writeStatus('304 Not Modified').endWithoutBody();
      return;
    case '/chunks':
      res.write(Buffer.from('abc'));
      res.write(Buffer.from('de'));
      res.end();
      return;
    case '/large': {
      res.onAborted(() => {});
      res.onWritable((offset) => res.tryEnd(large.subarray(offset), LARGE)[0]);
      res.tryEnd(large, LARGE);
      return;
    }
    default:
      res.end(`${method} ${path}?${req.getQuery()}`);
  }
}

const TEST_TIMEOUT_MS = 5000;

/** The whole answer on a connection of its own. */
function ask(port: number, method: string, target: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1');
    socket.setTimeout(TEST_TIMEOUT_MS, () => socket.destroy(new Error('no answer')));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks)));
    socket.write(`${method} ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  });
}
