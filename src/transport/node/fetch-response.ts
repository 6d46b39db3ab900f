// An exchange as fetch has it, without a connection: what is written to its node response becomes a Response.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { http } from './builtin.ts';

export interface FetchExchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  /** Settles when the head of `outgoing` is written. */
  readonly response: Promise<Response>;
}

/** The request as a server of node:http would have received it. */
export function openFetchExchange({ method, url, headers }: Request): FetchExchange {
  const incoming = new http.IncomingMessage(new Socket());
  const { pathname, search } = new URL(url);
  Object.assign(incoming, { method, url: pathname + search, headers: Object.fromEntries(headers) });
  let resolve: (response: Response) => void = () => {};
  const response = new Promise<Response>((settle) => {
    resolve = settle;
  });
  return { incoming, outgoing: new FetchResponse(incoming, resolve), response };
}

/** Of HTTP's statuses, those whose Response may have no body (WHATWG Fetch). */
const NO_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

class FetchResponse extends http.ServerResponse {
  readonly #body = new PassThrough();
  readonly #resolve: (response: Response) => void;

  constructor(incoming: IncomingMessage, resolve: (response: Response) => void) {
    super(incoming);
    this.#resolve = resolve;
    const { socket } = incoming;
    this.assignSocket(socket);
    this.#body.on('drain', () => this.emit('drain'));
    // Of whoever reads it.
    this.#body.on('error', () => {});
    this.#body.once('close', () => socket.destroy());
    socket.once('close', () => {
      if (!this.finished) this.#body.destroy(new Error('cut off'));
    });
  }

  override writeHead(status: number): this {
    super.writeHead(status);
    const headers = Object.entries(this.getHeaders()).flatMap(([name, value]) =>
      [value ?? []].flat().map((one): [string, string] => [name, String(one)]),
    );
    const isEmpty = this.req.method === 'HEAD' || NO_BODY.has(status);
    const body = isEmpty ? null : (Readable.toWeb(this.#body) as ReadableStream);
    this.#resolve(new Response(body, { status, headers }));
    return this;
  }

  override write(chunk: Uint8Array): boolean {
    return this.#body.write(chunk);
  }

  override end(chunk?: unknown): this {
    this.finished = true;
    if (chunk instanceof Uint8Array) this.#body.end(chunk);
    else this.#body.end();
    return this;
  }
}
