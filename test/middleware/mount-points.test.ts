// Mount points: what is below them, and how they are asked for without their slash, by each framework's own means.
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import express from 'express';
import fastify, { type FastifyServerOptions } from 'fastify';
import { type Context, Hono } from 'hono';
import Koa, { type Middleware } from 'koa';
import t, { type Test } from 'tap';
import { zcserve as fastifyZcserve } from '../../src/middleware/fastify.ts';
import { zcserve as honoZcserve } from '../../src/middleware/hono.ts';
import { zcserve as koaZcserve } from '../../src/middleware/koa.ts';
import { zcserve } from '../../src/middleware/middleware.ts';
import type { MiddlewareOptions } from '../../src/middleware/options.ts';
import { type Address, request } from '../support/client.ts';
import { listen } from '../support/listen.ts';
import { makeTree } from '../support/tree.ts';

const root = makeTree(t, {
  'index.html': 'home',
  'file.txt': 'file',
  'snöw [1].txt': 'odd',
  'dir/index.html': 'dir',
  '.hidden': 'hidden',
});

type Options = Omit<MiddlewareOptions, 'logLevel'>;
type Start = (t: Test, options: Options) => Promise<Address>;

function onFastify(prefix: string, settings: FastifyServerOptions = {}, within = ''): Start {
  return async (t, options) => {
    const app = fastify(settings);
    t.teardown(() => app.close());
    await app.register(
      async (inner) => {
        await inner.register(fastifyZcserve, { ...options, root, prefix });
      },
      { prefix: within },
    );
    await app.listen({ port: 0, host: '127.0.0.1' });
    return { port: (app.server.address() as AddressInfo).port };
  };
}

/** What koa-mount does with a path. */
function koaMount(prefix: string, middleware: Middleware): Middleware {
  return async (ctx, next) => {
    const whole = ctx.path;
    const below = whole.replace(prefix, '') || '/';
    if (!whole.startsWith(prefix) || !(prefix.endsWith('/') || below.startsWith('/')))
      return next();
    Object.assign(ctx, { mountPath: prefix });
    ctx.path = below;
    await middleware(ctx, next);
    ctx.path = whole;
  };
}

function onKoa(prefix: string): Start {
  return (t, options) => {
    const app = new Koa();
    app.use(koaMount(prefix, koaZcserve(root, options)));
    return listen(t, app.callback());
  };
}

function onHono(use: (app: Hono, options: Options) => void): Start {
  return async (t, options) => {
    const app = new Hono();
    use(app, options);
    const server = createAdaptorServer({ fetch: app.fetch });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.teardown(() => void server.close());
    return { port: (server.address() as AddressInfo).port };
  };
}

const inExpress: Start = (t, options) => {
  const app = express();
  app.use('/static', zcserve(root, options));
  return listen(t, app);
};

const cut = (path: string) => path.replace(/^(?:\/v\d)?\/static/, '');
const inHono = onHono((app, options) => {
  app.use('/static/*', honoZcserve(root, { ...options, rewriteRequestPath: cut }));
});

interface Row {
  readonly title: string;
  readonly at: string;
  readonly start: Start;
  /** Is the mount point itself no path of this one? */
  readonly slashOnly?: boolean;
}

const ROWS: readonly Row[] = [
  { title: 'Express', at: '/static', start: inExpress },
  { title: 'Fastify', at: '/static', start: onFastify('/static') },
  { title: 'Fastify: with its slash', at: '/static', start: onFastify('/static/') },
  { title: 'Fastify: a plugin at its prefix', at: '/v1', start: onFastify('/', {}, '/v1') },
  { title: 'Fastify: a parameter', at: '/v1/static', start: onFastify('/:v/static/') },
  { title: 'Fastify: an odd value', at: '/a%2Fb%20%3f/static', start: onFastify('/:v/static') },
  {
    title: 'Fastify: a parameter outside',
    at: '/v1/static',
    start: onFastify('static', {}, '/:v'),
  },
  {
    title: 'Fastify: ignoreTrailingSlash',
    at: '/static',
    start: onFastify('/static', { routerOptions: { ignoreTrailingSlash: true } }),
  },
  {
    title: 'Fastify: ignoreDuplicateSlashes',
    at: '//v1//static',
    start: onFastify('/:v/static', { routerOptions: { ignoreDuplicateSlashes: true } }),
  },
  {
    title: 'Fastify: both, with the case',
    at: '/V1//STATIC',
    start: onFastify('/:v/static', {
      routerOptions: {
        ignoreTrailingSlash: true,
        ignoreDuplicateSlashes: true,
        caseSensitive: false,
      },
    }),
  },
  { title: 'Koa', at: '/static', start: onKoa('/static') },
  { title: 'Koa: with its slash', at: '/static', start: onKoa('/static/'), slashOnly: true },
  { title: 'Hono', at: '/static', start: inHono },
  {
    title: 'Hono: a parameter',
    at: '/v1/static',
    start: onHono((app, options) => {
      app.use('/:v/static/*', honoZcserve(root, { ...options, rewriteRequestPath: cut }));
    }),
  },
  {
    title: 'Hono: app.route',
    at: '/v1/static',
    start: onHono((app, options) => {
      const inner = new Hono();
      inner.use('/static/*', honoZcserve(root, { ...options, rewriteRequestPath: cut }));
      app.route('/v1', inner);
    }),
  },
  {
    title: 'Hono: app.mount',
    at: '/static',
    start: onHono((app, options) => {
      app.mount('/static', new Hono().use('*', honoZcserve(root, options)).fetch);
    }),
  },
];

for (const { title, at, start, slashOnly } of ROWS) {
  t.test(title, async (t) => {
    const address = await start(t, {});
    const bodies = {
      '/': 'home',
      '/file.txt': 'file',
      '/sn%C3%B6w%20%5B1%5D.txt': 'odd',
      '/dir/': 'dir',
    };
    for (const [path, body] of Object.entries(bodies)) {
      for (const query of ['', '?a=/b']) {
        const answer = await request(address, at + path + query);
        t.equal(answer.body.toString(), body, path + query);
      }
    }
    t.equal((await request(address, `${at}/dir?q`)).field('location'), './dir/?q');
    t.equal((await request(address, `${at}/none`)).status, 404);

    const name = at.slice(at.lastIndexOf('/') + 1);
    for (const query of slashOnly ? [] : ['', '?a=/b']) {
      const answer = await request(address, at + query);
      t.equal(answer.status, 301, `the mount point without its slash${query}`);
      t.equal(answer.field('location'), `./${name}/${query}`);
    }
    const strict = await start(t, { redirect: false });
    t.equal((await request(strict, `${at}/`)).body.toString(), 'home', 'redirect: false');
  });
}

t.test('Fastify: a route of the app at the mount point comes first', async (t) => {
  const app = fastify();
  t.teardown(() => app.close());
  app.get('/static', async () => 'mine');
  await app.register(fastifyZcserve, { root, prefix: '/static' });
  await app.register(fastifyZcserve, {
    root,
    prefix: '/other',
    redirect: false,
    decorateReply: false,
  });
  app.get('/other', async () => 'mine too');
  t.equal((await app.inject('/static')).body, 'mine');
  t.equal((await app.inject('/other')).body, 'mine too');
  t.equal((await app.inject('/static/')).body, 'home');
});

t.test("Fastify: dotfiles: 'deny' is 403, by its error handler", async (t) => {
  const app = fastify();
  t.teardown(() => app.close());
  app.setNotFoundHandler((_request, reply) => reply.code(404).send('not found'));
  app.setErrorHandler((error: { readonly statusCode?: number }, _request, reply) =>
    reply.code(error.statusCode ?? 500).send('refused'),
  );
  await app.register(fastifyZcserve, { root, dotfiles: 'deny' });
  const denied = await app.inject('/.hidden');
  t.equal(denied.statusCode, 403);
  t.equal(denied.body, 'refused');
  t.equal((await app.inject('/.none')).statusCode, 403, 'there or not');
  t.equal((await app.inject('/none')).body, 'not found');
});

t.test('Hono: rewriteRequestPath has the path only, decoded as c.req.path is', async (t) => {
  const seen: string[] = [];
  const address = await onHono((app) => {
    const rewriteRequestPath = (path: string, c: Context) => {
      seen.push(path, c.req.path);
      return path.replace('/x/', '/');
    };
    app.use('*', honoZcserve(root, { rewriteRequestPath }));
  })(t, {});
  const odd = await request(address, '/x/sn%C3%B6w%20%5b1%5D.txt?/x/=1');
  t.equal(odd.body.toString(), 'odd');
  t.same(seen.splice(0), ['/x/snöw [1].txt', '/x/snöw [1].txt']);
  const moved = await request(address, '/x/dir?/x/');
  t.equal(moved.field('location'), './dir/?/x/', 'the query is nobody else’s');
});

t.test('Hono: a page for every path is no mount point', async (t) => {
  const address = await onHono((app) => {
    app.use('*', honoZcserve(root, { rewriteRequestPath: () => '/' }));
  })(t, {});
  t.equal((await request(address, '/some/where?q')).body.toString(), 'home');
});

t.test('Hono: middleware sees the status that was sent', async (t) => {
  const seen: Array<readonly [string, number]> = [];
  const address = await onHono((app) => {
    app.use(async (c, next) => {
      await next();
      seen.push([c.req.path, c.res.status]);
      c.header('X-Late', 'for nobody');
    });
    app.use('*', honoZcserve(root));
  })(t, {});
  const { etag = '' } = { etag: (await request(address, '/file.txt')).field('etag') };
  await request(address, '/dir');
  await request(address, '/file.txt', { fields: { 'if-none-match': etag } });
  await request(address, '/file.txt', { fields: { range: 'bytes=0-0' } });
  await request(address, '/file.txt', { fields: { range: 'bytes=99-' } });
  await request(address, '/none');
  t.same(seen, [
    ['/file.txt', 200],
    ['/dir', 301],
    ['/file.txt', 304],
    ['/file.txt', 206],
    ['/file.txt', 416],
    ['/none', 404],
  ]);
});
