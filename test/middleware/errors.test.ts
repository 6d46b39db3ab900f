// What the root does not have, where it is made an error: its name and code on every host.
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import t, { type Test } from 'tap';
import { zcserve as fastifyZcserve } from '../../src/middleware/fastify.ts';
import { zcserve as honoZcserve } from '../../src/middleware/hono.ts';
import { type HttpError, httpError } from '../../src/middleware/http-error.ts';
import { zcserve as koaZcserve } from '../../src/middleware/koa.ts';
import { zcserve } from '../../src/middleware/middleware.ts';
import { request } from '../support/client.ts';
import { listen } from '../support/listen.ts';
import { makeTree } from '../support/tree.ts';

const root = makeTree(t, { 'file.txt': 'file', '.hidden': 'hidden' });
const OPTIONS = { fallthrough: false, dotfiles: 'deny' } as const;

/** What is seen of an error. */
const told = ({ name, message, status, statusCode, code, expose }: HttpError) => ({
  ...{ name, message, status, statusCode, expose },
  ...(code === undefined ? {} : { code }),
});

const NOT_FOUND = {
  ...{ name: 'NotFoundError', message: 'Not Found', code: 'ENOENT' },
  ...{ status: 404, statusCode: 404, expose: true },
};
const EXPECTED: Readonly<Record<string, ReturnType<typeof told>>> = {
  '/none': NOT_FOUND,
  '/none/': NOT_FOUND,
  '/.hidden': {
    ...{ name: 'ForbiddenError', message: 'Forbidden', code: 'EACCES' },
    ...{ status: 403, statusCode: 403, expose: true },
  },
};

/** Starts a host that hands each error to `take`. */
type StartHost = (t: Test, take: (error: unknown) => void) => Promise<{ readonly port: number }>;

const HOSTS: Readonly<Record<string, StartHost>> = {
  'node:http': (t, take) => {
    const serve = zcserve(root, OPTIONS);
    return listen(t, (req, res) =>
      serve(req, res, (error) => {
        take(error);
        res.end();
      }),
    );
  },
  Fastify: async (t, take) => {
    const app = fastify();
    t.teardown(() => app.close());
    app.setErrorHandler((error, _request, reply) => {
      take(error);
      return reply.send('error');
    });
    await app.register(fastifyZcserve, { root, ...OPTIONS });
    await app.listen({ port: 0, host: '127.0.0.1' });
    return { port: (app.server.address() as AddressInfo).port };
  },
  Koa: (t, take) => {
    const app = new Koa();
    app.on('error', take);
    app.use(async (ctx, next) => {
      await next().catch(take);
      ctx.body = 'error';
    });
    app.use(koaZcserve(root, OPTIONS));
    return listen(t, app.callback());
  },
  'Hono, as the cause of its own': (t, take) => {
    const app = new Hono();
    app.onError((error, c) => {
      take(error.cause);
      return c.text('error');
    });
    app.use('*', honoZcserve(root, OPTIONS));
    const server = createAdaptorServer({ fetch: app.fetch });
    t.teardown(() => server.close());
    return new Promise((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve(server.address() as AddressInfo)),
    );
  },
};

for (const [host, start] of Object.entries(HOSTS)) {
  t.test(`errors have a name and a code: ${host}`, async (t) => {
    const errors: unknown[] = [];
    const address = await start(t, (error) => errors.push(error));
    for (const target of Object.keys(EXPECTED)) await request(address, target);
    t.ok(errors.every((error) => error instanceof Error));
    t.strictSame(
      errors.map((error) => told(error as HttpError)),
      Object.values(EXPECTED),
    );
  });
}

t.test('names are those of http-errors, codes the system’s', async (t) => {
  const rows: ReadonlyArray<readonly [status: number, name: string, code: string | undefined]> = [
    [400, 'BadRequestError', undefined],
    [403, 'ForbiddenError', 'EACCES'],
    [404, 'NotFoundError', 'ENOENT'],
    [414, 'URITooLongError', 'ENAMETOOLONG'],
    [500, 'InternalServerError', undefined],
    [503, 'ServiceUnavailableError', undefined],
  ];
  for (const [status, name, code] of rows) {
    const error = httpError({ status });
    t.equal(error.name, name);
    t.equal(error.code, code, name);
    t.equal('code' in error, code !== undefined, name);
    t.equal(String(error), `${name}: ${error.message}`);
  }
  t.equal(httpError({ status: 503, errno: 'EMFILE' }).code, 'EMFILE', 'what the system said');
});
