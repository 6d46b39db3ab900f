// What runs behind zcserve, or is called by it, runs in the request's own AsyncLocalStorage: loggers and tracers go by it.
import { AsyncLocalStorage } from 'node:async_hooks';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import t, { type Test } from 'tap';
import { zcserve as fastifyZcserve } from '../../src/middleware/fastify.ts';
import { zcserve as honoZcserve } from '../../src/middleware/hono.ts';
import { zcserve as koaZcserve } from '../../src/middleware/koa.ts';
import { zcserve } from '../../src/middleware/middleware.ts';
import { type Address, connect, requestBytes } from '../support/client.ts';
import { listen } from '../support/listen.ts';
import { makeTree } from '../support/tree.ts';

const root = makeTree(t, { 'file.txt': 'file', 'other.txt': 'other' });
const storage = new AsyncLocalStorage<string>();
const stored = () => storage.getStore() ?? 'nothing';
/** Says in a field of a file's answer whose request it is called for. */
const setHeaders = (res: { setHeader(name: string, value: string): void }) =>
  res.setHeader('X-Context', stored());

/** Each host enters the context of the request's `X-Id`, and says behind zcserve which one it is in. */
const HOSTS: Readonly<Record<string, (t: Test) => Promise<Address>>> = {
  'node:http': (t) => {
    const serve = zcserve(root, { setHeaders });
    const listener: RequestListener = (req, res) =>
      storage.run(String(req.headers['x-id']), () => serve(req, res, () => res.end(stored())));
    return listen(t, createServer(listener));
  },
  Express: (t) => {
    const app = express();
    app.use((req, _res, next) => storage.run(String(req.headers['x-id']), next));
    app.use(zcserve(root, { setHeaders }));
    app.use((_req, res) => void res.end(stored()));
    return listen(t, createServer(app));
  },
  Fastify: async (t) => {
    const app = fastify();
    t.teardown(() => app.close());
    app.addHook('onRequest', (request, _reply, done) =>
      storage.run(String(request.headers['x-id']), done),
    );
    app.setNotFoundHandler((_request, reply) => reply.code(200).send(stored()));
    await app.register(fastifyZcserve, { root, setHeaders });
    await app.listen({ port: 0, host: '127.0.0.1' });
    return { port: (app.server.address() as AddressInfo).port };
  },
  Koa: (t) => {
    const app = new Koa();
    app.use((ctx, next) => storage.run(ctx.get('x-id'), next));
    app.use(koaZcserve(root, { setHeaders }));
    app.use((ctx) => {
      ctx.body = stored();
    });
    return listen(t, createServer(app.callback()));
  },
  Hono: (t) => {
    const app = new Hono();
    app.use((c, next) => storage.run(c.req.header('x-id') ?? '', next));
    app.use('*', honoZcserve(root, { setHeaders }));
    app.notFound((c) => c.text(stored()));
    return listen(t, createAdaptorServer({ fetch: app.fetch }) as Server);
  },
};

for (const [host, start] of Object.entries(HOSTS)) {
  t.test(`${host}: pipelined requests keep their contexts, looked up or known`, async (t) => {
    const connection = await connect(await start(t));
    t.teardown(() => connection.close());
    for (let round = 0; round < 3; round++) {
      const targets = ['/file.txt', '/none', '/other.txt', '/gone', '/file.txt'];
      const asked = targets.map((target, i) => ({ target, id: `${round} ${i}` }));
      const requests = asked.map(({ target, id }) =>
        requestBytes(target, { fields: { connection: 'keep-alive', 'x-id': id } }),
      );
      await connection.send(Buffer.concat(requests));
      for (const { target, id } of asked) {
        const answer = await connection.read();
        const told = target.endsWith('.txt') ? answer.field('x-context') : answer.body.toString();
        t.equal(told, id, target);
      }
    }
  });
}
