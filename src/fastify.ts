// zcserve as a Fastify 5 plugin: routes below a prefix, reply.sendFile and reply.download.
import contentDisposition from 'content-disposition';
import type { FastifyInstance, FastifyReply, RegisterOptions } from 'fastify';
import { httpError } from './middleware.ts';
import { type MiddlewareOptions, readMiddlewareOptions } from './middleware-options.ts';
import { type Mount, openMount } from './mount.ts';
import { encodePath } from './plan/target.ts';

declare module 'fastify' {
  interface FastifyReply {
    /** Answers with a file; its path is relative to the root and not encoded. To be returned or awaited. */
    sendFile(path: string): Promise<FastifyReply>;
    /** The same, to be saved by the client under `name` (or its own). */
    download(path: string, name?: string): Promise<FastifyReply>;
  }
}

/** `logLevel` is Fastify's own here. */
export interface FastifyOptions extends Omit<MiddlewareOptions, 'logLevel'> {
  readonly root: string;
  /** Path below which the files are; "/". */
  readonly prefix?: string;
  /** Decorate replies with sendFile and download; true. */
  readonly decorateReply?: boolean;
}

/** What the root does not have goes to Fastify's not-found handler, errors to its error handler. */
export async function zcserve(
  app: FastifyInstance,
  options: FastifyOptions & RegisterOptions,
): Promise<void> {
  const { root, prefix = '/', decorateReply = true, logLevel, logSerializers, ...rest } = options;
  const mount = openMount(readMiddlewareOptions(root, rest));
  app.addHook('onClose', async () => mount.close());
  if (decorateReply) {
    app.decorateReply('sendFile', function sendFile(path) {
      return answer(mount, this, encodePath(`/${path}`));
    });
    app.decorateReply('download', function download(path, name = path) {
      this.header('content-disposition', contentDisposition(name));
      return answer(mount, this, encodePath(`/${path}`));
    });
  }
  const base = `/${prefix}/`.replace(/\/+/g, '/');
  const cut = app.prefix.length + base.length - 1;
  app.route({
    method: ['GET', 'HEAD'],
    url: `${base}*`,
    handler: (request, reply) => answer(mount, reply, (request.raw.url ?? '').slice(cut)),
  });
}

// The decorators and the routes belong to whoever registers the plugin, not to a context of its own.
Object.assign(zcserve, { [Symbol.for('skip-override')]: true });

async function answer(mount: Mount, reply: FastifyReply, target: string): Promise<FastifyReply> {
  const { raw, request } = reply;
  const { kind, plan } = await mount.decide(request.raw, raw, target);
  if (kind === 'pass') {
    reply.callNotFound();
    return reply;
  }
  if (kind === 'refuse') throw httpError(plan.status);
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined && !raw.hasHeader(name)) raw.setHeader(name, value);
  }
  reply.hijack();
  mount.send(plan, raw);
  return reply;
}
