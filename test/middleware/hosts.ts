// The real frameworks, each with zcserve at / and, where it cuts mount paths off, at /static.
import { readFileSync } from 'node:fs';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createAdaptorServer } from '@hono/node-server';
import connect from 'connect';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import type { StatusCode } from 'hono/utils/http-status';
import Koa from 'koa';
import polka from 'polka';
import { zcserve as fastifyZcserve } from '../../src/middleware/fastify.ts';
import { zcserve as honoZcserve } from '../../src/middleware/hono.ts';
import { zcserve as koaZcserve } from '../../src/middleware/koa.ts';
import { type Next, zcserve } from '../../src/middleware/middleware.ts';
import type { MiddlewareOptions } from '../../src/middleware/options.ts';
import type { Address } from '../support/client.ts';
import { listen } from '../support/listen.ts';
import type { Teardown } from '../support/tree.ts';

/** Fastify has a logLevel of its own. */
export type HostOptions = Omit<MiddlewareOptions, 'logLevel'>;

export interface Host {
  readonly name: string;
  /** Is /static the root too? */
  readonly mounts: boolean;
  /**
   * Starts it on a free port; it is closed when the test ends. What is below a path of `guards` it refuses
   * itself, as its users write that.
   */
  start(
    t: Teardown,
    root: string,
    options?: HostOptions,
    guards?: readonly string[],
  ): Promise<Address>;
}

/** What a host answers, with 403, below a guarded path. */
export const GUARDED = 'host: not for you';

/** What a host answers, with 404, where zcserve has nothing. */
export const MISS = 'host: nothing here';
/** A field that every host sets before zcserve answers. */
export const HOST_FIELD = ['X-Host', 'yes'] as const;
/** A request field: the status that the host sets before zcserve answers, in the way of its users. */
export const SET_STATUS = 'x-set-status';

/** A request field: the Content-Type that the host sets before zcserve answers. */
export const SET_TYPE = 'x-set-type';

function typeFor({ headers }: IncomingMessage): string | undefined {
  const asked = headers[SET_TYPE];
  return asked === undefined ? undefined : String(asked);
}

function statusFor({ headers }: IncomingMessage): number | undefined {
  const asked = headers[SET_STATUS];
  return asked === undefined ? undefined : Number(asked);
}

/** What middleware of connect's kind does before zcserve. */
function prepare(req: IncomingMessage, res: ServerResponse): void {
  res.setHeader(...HOST_FIELD);
  res.statusCode = statusFor(req) ?? res.statusCode;
  const type = typeFor(req);
  if (type !== undefined) res.setHeader('Content-Type', type);
}

const express4 = createRequire(import.meta.url)('express4') as typeof express;
const pem = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../support/tls/${name}.pem`, import.meta.url)));

const forbid: RequestListener = (_req, res) => {
  res.statusCode = 403;
  res.end(GUARDED);
};

/** Guards are written for the path as it comes. */
const isBelow = (path: string, guards: readonly string[]) =>
  guards.some((guard) => path.startsWith(`${encodeURI(guard)}/`));

function plain(
  root: string,
  options?: HostOptions,
  guards: readonly string[] = [],
): RequestListener {
  const serve = zcserve(root, options);
  return (req, res) => {
    prepare(req, res);
    if (isBelow(req.url ?? '', guards)) {
      forbid(req, res);
      return;
    }
    serve(req, res, (error) => {
      res.statusCode = error ? 500 : 404;
      res.end(error ? String(error) : MISS);
    });
  };
}

function expressLike(create: typeof express): Host['start'] {
  return (t, root, options, guards = []) => {
    const app = create();
    app.use((req, res, next) => {
      res.set(...HOST_FIELD);
      const status = statusFor(req);
      if (status !== undefined) res.status(status);
      const type = typeFor(req);
      if (type !== undefined) res.type(type);
      next();
    });
    for (const guard of guards) app.use(encodeURI(guard), forbid);
    app.use('/static', zcserve(root, options));
    app.use(zcserve(root, options));
    app.use((_req, res) => {
      res.status(404).type('text').send(MISS);
    });
    return listen(t, createServer(app));
  };
}

export const HOSTS: readonly Host[] = [
  {
    name: 'node:http',
    mounts: false,
    start: (t, root, options, guards) => listen(t, createServer(plain(root, options, guards))),
  },
  {
    name: 'node:https',
    mounts: false,
    start: async (t, root, options, guards) => {
      const credentials = { key: pem('key'), cert: pem('cert') };
      const server = createTlsServer(credentials, plain(root, options, guards));
      return { ...(await listen(t, server)), tls: true };
    },
  },
  {
    name: 'connect',
    mounts: true,
    start: (t, root, options, guards = []) => {
      const app = connect();
      app.use((req, res, next) => {
        prepare(req, res);
        next();
      });
      for (const guard of guards) app.use(encodeURI(guard), forbid);
      app.use('/static', zcserve(root, options));
      app.use(zcserve(root, options));
      app.use((_req, res) => {
        res.statusCode = 404;
        res.end(MISS);
      });
      return listen(t, createServer(app));
    },
  },
  { name: 'Express 4', mounts: true, start: expressLike(express4) },
  { name: 'Express 5', mounts: true, start: expressLike(express) },
  {
    name: 'Polka',
    mounts: true,
    start: (t, root, options, guards = []) => {
      const onNoMatch: RequestListener = (_req, res) => {
        res.statusCode = 404;
        res.end(MISS);
      };
      const app = polka({ onNoMatch });
      const setField = (req: IncomingMessage, res: ServerResponse, next: Next) => {
        prepare(req, res);
        next();
      };
      app.use(setField, (req: IncomingMessage & { path: string }, res, next) => {
        if (isBelow(req.path, guards)) forbid(req, res);
        else next();
      });
      app.use('/static', zcserve(root, options));
      app.use(zcserve(root, options));
      return listen(t, createServer(app.handler as RequestListener));
    },
  },
  {
    name: 'Fastify 5',
    mounts: true,
    start: async (t, root, options, guards = []) => {
      const app = fastify();
      t.teardown(() => app.close());
      app.addHook('onRequest', async (request, reply) => {
        reply.header(...HOST_FIELD);
        const status = statusFor(request.raw);
        if (status !== undefined) reply.code(status);
        const type = typeFor(request.raw);
        if (type !== undefined) reply.type(type);
      });
      for (const guard of guards) {
        app.get(`${guard}/*`, (_request, reply) => reply.code(403).send(GUARDED));
      }
      app.setNotFoundHandler((_request, reply) => reply.code(404).send(MISS));
      await app.register(fastifyZcserve, { ...options, root });
      await app.register(fastifyZcserve, {
        ...options,
        root,
        prefix: '/static',
        decorateReply: false,
      });
      await app.listen({ port: 0, host: '127.0.0.1' });
      return { port: (app.server.address() as AddressInfo).port };
    },
  },
  {
    name: 'Koa',
    mounts: false,
    start: (t, root, options, guards = []) => {
      const app = new Koa();
      app.use((ctx, next) => {
        ctx.set(...HOST_FIELD);
        const status = statusFor(ctx.req);
        if (status !== undefined) ctx.status = status;
        const type = typeFor(ctx.req);
        if (type !== undefined) ctx.type = type;
        if (!isBelow(ctx.path, guards)) return next();
        ctx.status = 403;
        ctx.body = GUARDED;
      });
      app.use(koaZcserve(root, options));
      app.use((ctx) => {
        ctx.status = 404;
        ctx.body = MISS;
      });
      return listen(t, createServer(app.callback()));
    },
  },
  {
    name: 'Hono',
    mounts: true,
    start: (t, root, options, guards = []) => {
      const app = new Hono();
      app.use(async (c, next) => {
        c.header(...HOST_FIELD);
        const status = c.req.header(SET_STATUS);
        if (status !== undefined) c.status(Number(status) as StatusCode);
        const type = c.req.header(SET_TYPE);
        if (type !== undefined) c.header('Content-Type', type);
        await next();
      });
      for (const guard of guards) app.use(`${guard}/*`, async (c) => c.text(GUARDED, 403));
      const rewriteRequestPath = (path: string) => path.replace(/^\/static/, '');
      app.use('/static/*', honoZcserve(root, { ...options, rewriteRequestPath }));
      app.use('*', honoZcserve(root, options));
      app.notFound((c) => c.text(MISS, 404));
      return listen(t, createAdaptorServer({ fetch: app.fetch }) as Server);
    },
  },
];
