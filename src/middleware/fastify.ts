// zcserve as a Fastify 5 plugin: routes below a prefix, reply.sendFile and reply.download.
import contentDisposition from 'content-disposition';
import type { FastifyInstance, FastifyReply, RegisterOptions } from 'fastify';
import { decodedTarget, encodePath, isDevious, normalTarget } from '../http/target.ts';
import { httpError } from './middleware.ts';
import { type Mount, openMount } from './mount.ts';
import { type MiddlewareOptions, readMiddlewareOptions } from './options.ts';

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
      return answer(mount, this, targetOf(path));
    });
    app.decorateReply('download', function download(path, name = path) {
      this.header('content-disposition', contentDisposition(name));
      return answer(mount, this, targetOf(path));
    });
  }
  const base = `/${prefix}/`.replace(/\/+/g, '/');
  const depth = `${app.prefix}${base}`.replace(/\/+/g, '/').split('/').length - 2;
  app.route({
    method: ['GET', 'HEAD'],
    url: `${base}*`,
    handler: (request, reply) => answer(mount, reply, below(depth, request.raw.url ?? '')),
  });
}

/** The target of a path that the app names. */
function targetOf(path: string): string {
  return normalTarget(encodePath(`/${path}`));
}

/**
 * The target below a prefix of so many segments, as the router has compared it. (Its wildcard would not
 * do: in that an encoded slash is a slash, which it was not for the routes of guards.)
 */
function below(depth: number, url: string): string {
  const target = decodedTarget(url);
  if (isDevious(target)) return target;
  return `/${target
    .split('/')
    .slice(depth + 1)
    .join('/')}`;
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
  if (kind === 'error') throw httpError(plan.status);
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined && !raw.hasHeader(name)) raw.setHeader(name, value);
  }
  // Fastify answers for errors until it is told that the answer is ours.
  mount.send(plan, raw);
  reply.hijack();
  return reply;
}
