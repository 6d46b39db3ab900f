// Responses that stand in for a connection's own: they have no socket, and none will come.
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, ServerResponse } from 'node:http';
import t, { type Test } from 'tap';
import { zcserve } from '../../src/middleware/middleware.ts';
import { request } from '../support/client.ts';
import { listen } from '../support/listen.ts';
import { makeTree, pattern } from '../support/tree.ts';

const SIZES = { 'small.bin': 1000, 'middle.bin': 131_072, 'large.bin': 3_000_000 };
const root = makeTree(
  t,
  Object.fromEntries(Object.entries(SIZES).map(([name, size]) => [name, { size }])),
);

interface StandIn {
  readonly res: ServerResponse;
  /** All that will have been written, listened for from now on. */
  read(): Promise<Buffer>;
}

/** Hands its bytes to its maker and is not a response of node's, as those of Nitro (Nuxt) for requests within the app. */
class Imitation extends EventEmitter {
  readonly socket: null = null;
  readonly destroyed = false;
  statusCode = 200;
  headersSent = false;
  writableEnded = false;
  readonly fields: Record<string, unknown> = {};
  readonly chunks: Buffer[] = [];
  getHeaderNames = () => Object.keys(this.fields);
  getHeader = (name: string) => this.fields[name.toLowerCase()];
  hasHeader = (name: string) => name.toLowerCase() in this.fields;
  removeHeader = (name: string) => void delete this.fields[name.toLowerCase()];
  setHeader = (name: string, value: unknown) => {
    this.fields[name.toLowerCase()] = value;
  };
  appendHeader = this.setHeader;
  flushHeaders = () => {};
  write = (chunk: Buffer) => {
    this.headersSent = true;
    this.chunks.push(chunk);
    return true;
  };
  end = (chunk?: Buffer) => {
    if (chunk) this.write(chunk);
    this.writableEnded = true;
    this.emit('close');
  };
}

/** Node's own, which no connection was ever assigned to. */
class Detached extends ServerResponse {
  readonly chunks: Buffer[] = [];
  override write(chunk: unknown): boolean {
    this.chunks.push(chunk as Buffer);
    return true;
  }
  override end(chunk?: unknown): this {
    if (chunk) this.write(chunk);
    this.emit('close');
    return this;
  }
}

const whole = (res: Imitation | Detached): StandIn => ({
  res: res as unknown as ServerResponse,
  async read() {
    await once(res, 'close');
    const body = Buffer.concat(res.chunks);
    // They are its maker's now.
    for (const chunk of res.chunks) chunk.fill('!');
    return body;
  },
});

const KINDS: Readonly<Record<string, (req: IncomingMessage) => StandIn>> = {
  'an imitation': () => whole(new Imitation()),
  "node's own, without a connection": (req) => whole(new Detached(req)),
};

/** A request of no connection. */
const within = (socket: unknown, name: string) =>
  ({ method: 'GET', url: `/${name}`, headers: {}, socket }) as IncomingMessage;

async function check(
  t: Test,
  serve: ReturnType<typeof zcserve>,
  make: (name: string) => readonly [IncomingMessage, StandIn],
): Promise<void> {
  for (let round = 1; round <= 5; round++) {
    for (const [name, size] of Object.entries(SIZES)) {
      const [req, { res, read }] = make(name);
      serve(req, res);
      t.ok((await read()).equals(pattern(size)), `${name}, ${round}.`);
    }
  }
  const [req, { res }] = make('none');
  t.equal(await new Promise((resolve) => serve(req, res, resolve)), undefined, 'a miss is passed');
}

for (const [kind, make] of Object.entries(KINDS)) {
  for (const [whose, socket] of [
    ['no socket', undefined],
    ['an imitation of one', new EventEmitter()],
  ] as const) {
    t.test(`${kind}; the request has ${whose}`, async (t) => {
      const serve = zcserve(root, { strategy: 'mmap' });
      t.teardown(serve.close);
      await check(t, serve, (name) => {
        const req = within(socket, name);
        return [req, make(req)];
      });
    });
  }

  t.test(`${kind}, while the connection is at the real one`, async (t) => {
    const serve = zcserve(root, { strategy: 'mmap' });
    t.teardown(serve.close);
    const server = createServer(async (req, res) => {
      const { res: inner, read } = make(req);
      serve(req, inner, () => res.end('next'));
      res.end(await read());
    });
    const address = await listen(t, server);
    for (const [name, size] of Object.entries(SIZES)) {
      t.ok((await request(address, `/${name}`)).body.equals(pattern(size)), name);
    }
    t.equal((await request(address, '/none')).body.toString(), 'next');
  });
}
