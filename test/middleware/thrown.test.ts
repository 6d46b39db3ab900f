// What users' own functions throw costs one answer: the host's error handler answers, or the connection is cut.
import { symlinkSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import compression from 'compression';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import t, { type Test } from 'tap';
import { zcserve as fastifyZcserve } from '../../src/middleware/fastify.ts';
import { zcserve as honoZcserve } from '../../src/middleware/hono.ts';
import { zcserve as koaZcserve } from '../../src/middleware/koa.ts';
import { zcserve } from '../../src/middleware/middleware.ts';
import { type Address, connect, request, requestBytes } from '../support/client.ts';
import { listen } from '../support/listen.ts';
import { makeTree } from '../support/tree.ts';
import { HOSTS } from './hosts.ts';

t.setTimeout(240_000);

const root = makeTree(t, {
  'small.txt': 'small',
  'large.bin': { size: 300_000 },
  ...Object.fromEntries(
    Array.from({ length: 1500 }, (_, n) => [`list/${`${n}`.padEnd(200, 'x')}`, '']),
  ),
});
const PATHS = ['/small.txt', '/large.bin'];
const options = { listing: true };

const mine = () => {
  // The hosts print its stack.
  throw Object.assign(new Error('mine'), { stack: 'mine' });
};

/** All that comes until the server closes. */
async function allOf(address: Address, target: string): Promise<string> {
  const connection = await connect(address);
  await connection.send(requestBytes(target));
  const bytes = await connection.rest();
  connection.close();
  return bytes.toString('latin1');
}

for (const host of HOSTS) {
  t.test(`${host.name}: setHeaders throws`, async (t) => {
    for (const dev of [false, true]) {
      const address = await host.start(t, root, { setHeaders: mine, dev });
      // The first answer is looked for, the second may be known.
      for (const target of [...PATHS, ...PATHS]) {
        t.match(await allOf(address, target), /^HTTP\/1.1 500 /, target);
      }
      t.equal((await request(address, '/none')).status, 404);
    }
  });
}

/** Responses of which one function throws. */
const BROKEN: Readonly<Record<string, RequestListener>> = {
  end: (_req, res) => Object.assign(res, { end: mine }),
  write: (_req, res) => Object.assign(res, { write: mine, end: mine }),
};

/** Each host behind a wrapper of the response, as compressors and loggers are. */
const WRAPPED: Readonly<Record<string, (t: Test, wrap: RequestListener) => Promise<Address>>> = {
  'node:http': (t, wrap) => {
    const serve = zcserve(root, options);
    return listen(t, (req, res) => {
      wrap(req, res);
      serve(req, res);
    });
  },
  'node:http with next': (t, wrap) => {
    const serve = zcserve(root, options);
    return listen(t, (req, res) => {
      wrap(req, res);
      serve(req, res, () => t.fail('the head is sent: there is nothing left to answer'));
    });
  },
  Express: (t, wrap) => {
    const app = express();
    app.use((req, res, next) => {
      wrap(req, res);
      next();
    });
    app.use(zcserve(root, options));
    return listen(t, app);
  },
  Koa: (t, wrap) => {
    const app = new Koa();
    app.silent = true;
    app.use((ctx, next) => {
      wrap(ctx.req, ctx.res);
      return next();
    });
    app.use(koaZcserve(root, options));
    return listen(t, app.callback());
  },
  Fastify: async (t, wrap) => {
    const app = fastify();
    t.teardown(() => app.close());
    app.addHook('onRequest', async (req, reply) => wrap(req.raw, reply.raw));
    await app.register(fastifyZcserve, { ...options, root });
    await app.listen({ port: 0, host: '127.0.0.1' });
    return { port: (app.server.address() as AddressInfo).port };
  },
  Hono: async (t, wrap) => {
    const app = new Hono<{ Bindings: import('@hono/node-server').HttpBindings }>();
    app.use(async (c, next) => {
      wrap(c.env.incoming, c.env.outgoing);
      await next();
    });
    app.use('*', honoZcserve(root, options));
    const server = createAdaptorServer({ fetch: app.fetch });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.teardown(() => server.close());
    return { port: (server.address() as AddressInfo).port };
  },
};

for (const [name, start] of Object.entries(WRAPPED)) {
  for (const [method, wrap] of Object.entries(BROKEN)) {
    t.test(
      `${name}: a wrapped ${method} throws after the head: the connection is cut`,
      async (t) => {
        const address = await start(t, wrap);
        for (const target of [...PATHS, ...PATHS, '/list/']) {
          const [, body = ''] = (await allOf(address, target)).split('\r\n\r\n');
          // Where only the end fails, the bytes may have gone before.
          t.ok(method === 'end' || body.length < 300_000, `${target}: it ends`);
        }
      },
    );
  }
}

t.test(
  'a listener for the head throws: the host answers, without the fields of the file',
  async (t) => {
    const app = express();
    app.use((_req, res, next) => {
      const { writeHead } = res;
      let isFirst = true;
      res.writeHead = (...args: unknown[]) => {
        if (isFirst) {
          isFirst = false;
          mine();
        }
        return writeHead.apply(res, args as never);
      };
      next();
    });
    app.use(zcserve(root));
    app.use(((_error, _req, res, _next) =>
      res.status(500).end('host')) as express.ErrorRequestHandler);
    const address = await listen(t, app);
    for (const target of PATHS) {
      const answer = await allOf(address, target);
      t.match(answer, /^HTTP\/1.1 500 .*\r\n\r\n/s);
      t.notMatch(answer, /etag|last-modified|content-length: [35]/i);
    }
  },
);

t.test('onNoMatch throws', async (t) => {
  for (const dev of [false, true]) {
    const address = await listen(t, zcserve(root, { onNoMatch: mine, dev }));
    for (const target of ['/none', '/none']) t.equal((await request(address, target)).status, 500);
    t.equal((await request(address, '/small.txt')).status, 200);
  }
});

t.test('setHeaders throws where there is no next', async (t) => {
  const address = await listen(t, zcserve(root, { setHeaders: mine }));
  for (const target of [...PATHS, ...PATHS]) t.equal((await request(address, target)).status, 500);
});

t.test(
  'next throws when nobody is left to catch it: the answer is a 500, and next is called once',
  async (t) => {
    const root = makeTree(t, { 'small.txt': 'small' });
    // Where a link leads that begins at "/" is not told at once.
    symlinkSync(root, join(root, 'late'));
    const serve = zcserve(root, { dev: true });
    let calls = 0;
    const address = await listen(t, (req, res) => {
      serve(req, res, () => {
        calls++;
        mine();
      });
    });
    t.equal((await request(address, '/late/none')).status, 500);
    t.equal((await request(address, '/late/none')).status, 500);
    t.equal((await request(address, '/late/small.txt')).status, 200);
    t.equal(calls, 2);
  },
);

t.test('Hono: rewriteRequestPath throws', async (t) => {
  const app = new Hono();
  app.onError((_error, c) => c.text('host', 500));
  app.use('*', honoZcserve(root, { rewriteRequestPath: mine }) as never);
  const server = createAdaptorServer({ fetch: app.fetch });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const address = { port: (server.address() as AddressInfo).port };
  t.match(await allOf(address, '/small.txt'), /^HTTP\/1.1 500 .*host/s);
});

t.test('a compressor in front, a file asked for and left: nothing is thrown', async (t) => {
  const app = express();
  app.use(compression(), zcserve(root));
  const address = await listen(t, app);
  for (let i = 0; i < 10; i++) {
    const connection = await connect(address);
    await connection.send(requestBytes('/large.bin', { fields: { 'accept-encoding': 'gzip' } }));
    connection.reset();
  }
  t.equal((await request(address, '/small.txt')).status, 200);
});
