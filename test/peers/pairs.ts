// Each peer beside zcserve's middleware for the same host, with the same options by the same names.
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { zcserve as fastifyZcserve } from '../../src/middleware/fastify.ts';
import { zcserve as honoZcserve } from '../../src/middleware/hono.ts';
import type { HttpError } from '../../src/middleware/http-error.ts';
import { zcserve as koaZcserve } from '../../src/middleware/koa.ts';
import { type Next, zcserve } from '../../src/middleware/middleware.ts';
import { sirv } from '../../src/middleware/sirv.ts';
import type { Address } from '../support/client.ts';
import { listen } from '../support/listen.ts';
import type { Teardown } from '../support/tree.ts';

export type PeerName = 'serve-static' | 'send' | 'sirv' | 'koa-static' | '@fastify/static' | 'hono';

/** As they are written for the peer; ours takes the same. */
export type PeerOptions = Readonly<Record<string, unknown>>;

export interface Pair {
  readonly peer: PeerName;
  startTheirs(t: Teardown, root: string, options: PeerOptions): Promise<Address>;
  startOurs(t: Teardown, root: string, options: PeerOptions): Promise<Address>;
}

interface Serve {
  (req: unknown, res: unknown, next: Next): void;
  /** Ours has one. */
  readonly close?: () => void;
}
type Create = (root: string, options: PeerOptions) => Serve;

const require = createRequire(new URL('package.json', import.meta.url));

/** What a peer's package exports, taken at its word. */
function load<T>(name: string): T {
  return require(name) as T;
}

const toldOf = ({ status, name, code }: Partial<HttpError>) => `error ${status} ${name} ${code}`;

function middleware(create: Create): Pair['startOurs'] {
  return async (t, root, options) => {
    const serve = create(root, options);
    if (serve.close) t.teardown(serve.close);
    return listen(t, (req, res) => {
      try {
        serve(req, res, (error) => {
          res.statusCode = error ? (error as HttpError).status : 404;
          res.end(error ? toldOf(error) : 'next');
        });
      } catch {
        // In a program without an error handler this is its end.
        res.socket?.end('HTTP/1.1 599 Thrown\r\nContent-Length: 0\r\n\r\n');
      }
    });
  };
}

type Send = (req: unknown, path: string, options: PeerOptions) => { pipe(res: unknown): void };

function koa(create: (root: string, options: PeerOptions) => unknown): Pair['startOurs'] {
  return async (t, root, options) => {
    const app = new Koa();
    app.silent = true;
    app.use(create(root, options) as Koa.Middleware);
    app.use((ctx) => {
      ctx.status = 404;
      ctx.body = 'next';
    });
    return listen(t, app.callback());
  };
}

function fastifyPlugin(plugin: unknown): Pair['startOurs'] {
  return async (t, root, options) => {
    const app = fastify();
    t.teardown(() => app.close());
    app.setNotFoundHandler((_request, reply) => reply.code(404).send('next'));
    await app.register(plugin as Parameters<typeof app.register>[0], { ...options, root });
    await app.listen({ port: 0, host: '127.0.0.1' });
    return { port: (app.server.address() as AddressInfo).port };
  };
}

function hono(create: (root: string, options: PeerOptions) => unknown): Pair['startOurs'] {
  return async (t, root, options) => {
    const app = new Hono();
    app.use('*', create(root, options) as ReturnType<typeof honoZcserve>);
    app.notFound((c) => c.text('next', 404));
    const server = createAdaptorServer({ fetch: app.fetch });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    t.teardown(() => server.close());
    return { port: (server.address() as AddressInfo).port };
  };
}

export const PAIRS: readonly Pair[] = [
  {
    peer: 'serve-static',
    startTheirs: middleware(load('serve-static')),
    startOurs: middleware(zcserve as unknown as Create),
  },
  {
    peer: 'send',
    async startTheirs(t, root, options) {
      const send = load<Send>('send');
      return listen(t, (req, res) => {
        const [path = ''] = (req.url ?? '').split('?', 1);
        send(req, path, { ...options, root }).pipe(res);
      });
    },
    async startOurs(t, root, options) {
      const serve = zcserve(root, options);
      t.teardown(serve.close);
      return listen(t, (req, res) => serve(req, res));
    },
  },
  {
    peer: 'sirv',
    startTheirs: middleware(load('sirv')),
    startOurs: middleware(sirv as unknown as Create),
  },
  {
    peer: 'koa-static',
    startTheirs: koa(load('koa-static')),
    startOurs: koa(koaZcserve),
  },
  {
    peer: '@fastify/static',
    startTheirs: fastifyPlugin(load('@fastify/static')),
    startOurs: fastifyPlugin(fastifyZcserve),
  },
  {
    peer: 'hono',
    startTheirs: hono((root, options) =>
      load<{ serveStatic(options: PeerOptions): unknown }>(
        '@hono/node-server/serve-static',
      ).serveStatic({ ...options, root }),
    ),
    startOurs: hono(honoZcserve),
  },
];
