// A raw-socket HTTP/1.1 client: sends any bytes, reads answers strictly by their Content-Length or their chunks.
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { dial } from './dial.ts';
import { connectHttp2 } from './http2-client.ts';

export interface Answer {
  readonly version: string;
  readonly status: number;
  readonly reason: string;
  /** Name (as sent) and value, in the order sent. */
  readonly lines: ReadonlyArray<readonly [name: string, value: string]>;
  /** A field's value by case-insensitive name; several lines joined by ", "; undefined when absent. */
  field(name: string): string | undefined;
  readonly body: Buffer;
}

export interface Address {
  readonly port: number;
  readonly host?: string;
  /** Of a Unix socket: then host and port mean nothing. */
  readonly path?: string;
  /** Sent before all else, TLS too. */
  readonly first?: Uint8Array;
  /** The client's own address; the system's choice if there is none. */
  readonly from?: string;
  /** Speak TLS and trust any certificate. */
  readonly tls?: boolean;
  /** Speak HTTP/2. */
  readonly http2?: boolean;
}

/** One client connection. Reads are queued: each takes the next bytes of the stream. */
export interface Connection {
  readonly socket: Socket;
  /** Resolves when the bytes are handed to the kernel. */
  send(bytes: string | Uint8Array): Promise<void>;
  /** Half-close: says that no more requests come. */
  end(): void;
  /**
   * The next answer; interim (1xx) ones count as answers. `method` is the request's, for HEAD has no
   * body. Rejects when the stream ends inside it or its framing is not Content-Length, chunks or close.
   */
  read(method?: string): Promise<Answer>;
  /** Everything until the server closes (a reset counts as a close). */
  rest(): Promise<Buffer>;
  /** Takes nothing more, until it is resumed. */
  pause(): void;
  resume(): void;
  /** Closes with RST: the client vanishes. */
  reset(): void;
  close(): void;
}

export async function connect(address: Address): Promise<Connection> {
  if (address.http2) return connectHttp2(address);
  const raw = dial(address);
  const socket = address.tls ? connectTls({ socket: raw, rejectUnauthorized: false }) : raw;
  await new Promise<void>((resolve, reject) => {
    socket.once(address.tls ? 'secureConnect' : 'connect', resolve).once('error', reject);
    raw.once('error', reject);
  });
  return over(socket);
}

/** Name → value, or the values of a line each. */
export type SentFields = Readonly<Record<string, string | readonly string[]>>;

/** One request on a connection of its own. Fields: name → value; Host and Connection: close are added unless given. */
export async function request(
  address: Address,
  target: string,
  { method = 'GET', fields = {} as SentFields, body = '' } = {},
): Promise<Answer> {
  const connection = await connect(address);
  try {
    await connection.send(requestBytes(target, { method, fields, body }));
    return await connection.read(method);
  } finally {
    connection.close();
  }
}

/** The bytes of a request, closing the connection unless a Connection field says otherwise. */
export function requestBytes(
  target: string,
  { method = 'GET', fields = {} as SentFields, body = '' } = {},
): Buffer {
  const lines = new Map<string, string | readonly string[]>([
    ['host', 'localhost'],
    ['connection', 'close'],
  ]);
  if (body !== '') lines.set('content-length', String(Buffer.byteLength(body)));
  for (const [name, value] of Object.entries(fields)) lines.set(name.toLowerCase(), value);
  const head = [...lines]
    .flatMap(([name, values]) => [values].flat().map((value) => `${name}: ${value}\r\n`))
    .join('');
  return Buffer.from(`${method} ${target} HTTP/1.1\r\n${head}\r\n${body}`, 'latin1');
}

function over(socket: Socket): Connection {
  const chunks: Buffer[] = [];
  let buffered = 0;
  let ended = false;
  let wake = () => {};
  let queue: Promise<unknown> = Promise.resolve();
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    buffered += chunk.length;
    wake();
  });
  for (const event of ['end', 'close', 'error']) {
    socket.on(event, () => {
      ended = true;
      wake();
    });
  }

  /** False when the stream ended before more bytes came. */
  async function more(): Promise<boolean> {
    const had = buffered;
    while (buffered === had && !ended) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return buffered > had;
  }
  function take(length: number): Buffer {
    const all = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
    chunks.length = 0;
    buffered = all.length - length;
    if (buffered > 0) chunks.push(all.subarray(length));
    return all.subarray(0, length);
  }
  function peek(): Buffer {
    const all = Buffer.concat(chunks);
    chunks.splice(0, chunks.length, all);
    return all;
  }
  async function takeHead(): Promise<string> {
    for (;;) {
      const end = peek().indexOf('\r\n\r\n');
      if (end >= 0) return take(end + 4).toString('latin1', 0, end);
      if (!(await more()))
        throw new Error(`closed inside a head: ${JSON.stringify(peek().toString('latin1'))}`);
    }
  }
  async function takeBody(length: number): Promise<Buffer> {
    while (buffered < length) {
      if (!(await more())) throw new Error(`closed after ${buffered} of ${length} body bytes`);
    }
    return take(length);
  }
  async function takeLine(): Promise<string> {
    for (;;) {
      const end = peek().indexOf('\r\n');
      if (end >= 0) return take(end + 2).toString('latin1', 0, end);
      if (!(await more())) throw new Error('closed after a chunk that is not the last');
    }
  }
  /** RFC 9112 §7.1, without extensions and trailers. */
  async function takeChunks(): Promise<Buffer> {
    const bodies: Buffer[] = [];
    for (;;) {
      const line = await takeLine();
      if (!/^(?:0|[1-9a-f][0-9a-f]*)$/.test(line)) throw new Error(`bad chunk size ${line}`);
      const bytes = await takeBody(Number.parseInt(line, 16));
      if ((await takeLine()) !== '') throw new Error('no line end behind a chunk');
      if (bytes.length === 0) return Buffer.concat(bodies);
      bodies.push(bytes);
    }
  }
  async function takeRest(): Promise<Buffer> {
    while (!ended) await more();
    return take(buffered);
  }
  async function readAnswer(method: string): Promise<Answer> {
    const answer = parseHead(await takeHead());
    return { ...answer, body: await body(answer, method) };
  }
  function body(answer: Omit<Answer, 'body'>, method: string): Promise<Buffer> {
    const { status } = answer;
    // RFC 9112 §6.3
    if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return takeBody(0);
    const coding = answer.field('transfer-encoding');
    if (coding === 'chunked') return takeChunks();
    if (coding !== undefined) throw new Error(`unexpected transfer coding ${coding}`);
    const length = answer.field('content-length');
    if (length === undefined) return takeRest();
    if (!/^\d+$/.test(length)) throw new Error(`bad Content-Length ${length}`);
    return takeBody(Number(length));
  }
  /** Runs after the reads that were asked for before. */
  function queued<T>(run: () => Promise<T>): Promise<T> {
    const result = queue.then(run);
    queue = result.catch(() => {});
    return result;
  }

  return {
    socket,
    send: (bytes) =>
      new Promise((resolve, reject) => {
        socket.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    end: () => void socket.end(),
    read: (method = 'GET') => queued(() => readAnswer(method)),
    rest: () => queued(takeRest),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    reset: () => void socket.resetAndDestroy(),
    close: () => void socket.destroy(),
  };
}

/** Strict: a malformed status or field line throws (RFC 9112 §4, §5). */
function parseHead(head: string): Omit<Answer, 'body'> {
  const [first = '', ...rest] = head.split('\r\n');
  const status = /^(HTTP\/1\.[01]) (\d{3}) ([\t\x20-\x7e\x80-\xff]*)$/.exec(first);
  if (!status) throw new Error(`bad status line ${JSON.stringify(first)}`);
  const lines = rest.map((line) => {
    const field = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*?)[\t ]*$/.exec(
      line,
    );
    if (!field) throw new Error(`bad field line ${JSON.stringify(line)}`);
    return [field[1] as string, field[2] as string] as const;
  });
  return {
    version: status[1] as string,
    status: Number(status[2]),
    reason: status[3] as string,
    lines,
    field(name) {
      const values = lines.filter(([n]) => n.toLowerCase() === name.toLowerCase());
      return values.length === 0 ? undefined : values.map(([, value]) => value).join(', ');
    },
  };
}
