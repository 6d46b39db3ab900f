// zcserve as a Fastify 5 plugin: routes below a prefix, reply.sendFile and reply.download.
import contentDisposition from 'content-disposition';
import type { FastifyInstance, FastifyReply, FastifyRequest, RegisterOptions } from 'fastify';
import { decodedTarget, encodePath, isDevious, normalTarget } from '../http/target.ts';
import { httpError } from './http-error.ts';
import { type Asked, type Mount, openMount } from './mount.ts';
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
  const settings = readMiddlewareOptions(root, rest);
  const mount = openMount(settings);
  app.addHook('onClose', async () => mount.close());
  if (decorateReply) {
    app.decorateReply('sendFile', function sendFile(path) {
      return answer(mount, this, named(path));
    });
    app.decorateReply('download', function download(path, name = path) {
      return answer(mount, this, named(path), {
        'content-disposition': contentDisposition(name),
      });
    });
  }
  const router = { ...app.initialConfig, ...app.initialConfig.routerOptions };
  const url = oneSlash(`/${prefix}/`);
  const point = oneSlash(app.prefix + url).slice(0, -1);
  const depth = point.split('/').length - 1;
  const method = ['GET', 'HEAD'];
  const handler = (request: FastifyRequest, reply: FastifyReply) => {
    const target = decodedTarget(request.raw.url ?? '');
    const whole = router.ignoreDuplicateSlashes ? withSingleSlashes(target) : target;
    return answer(mount, reply, { target: below(depth, whole), whole });
  };
  app.route({ method, url: `${url}*`, handler });
  // The wildcard does not take the prefix without its slash, nor with it where Fastify ignores that.
  const takesPoint = settings.redirect || router.ignoreTrailingSlash === true;
  if (takesPoint && point !== '' && !app.hasRoute({ method: 'GET', url: point })) {
    app.route({ method, url: url.slice(0, -1), handler });
  }
}

/** A file that the app names: its path, not encoded. */
function named(path: string): Omit<Asked, 'status'> {
  const target = normalTarget(encodePath(`/${path}`));
  return { target, whole: target, named: true };
}

function oneSlash(path: string): string {
  return path.replace(/\/{2,}/g, '/');
}

function withSingleSlashes(target: string): string {
  const [path = ''] = target.split('?', 1);
  return oneSlash(path) + target.slice(path.length);
}

/**
 * The target below a prefix of so many segments, as the router has compared it. (Its wildcard would not
 * do: in that an encoded slash is a slash, which it was not for the routes of guards.)
 */
function below(depth: number, target: string): string {
  if (isDevious(target)) return target;
  const [path = ''] = target.split('?', 1);
  const rest = path.split('/').slice(depth + 1);
  return `/${rest.join('/')}${target.slice(path.length)}`;
}

// The decorators and the routes belong to whoever registers the plugin, not to a context of its own.
Object.assign(zcserve, { [Symbol.for('skip-override')]: true });

/** `fields` go with the file and with nothing else. */
async function answer(
  mount: Mount,
  reply: FastifyReply,
  asked: Omit<Asked, 'status'>,
  fields: Readonly<Record<string, string>> = {},
): Promise<FastifyReply> {
  const { raw, request, statusCode: status } = reply;
  const { kind, plan } = await mount.decide(request.raw, raw, { ...asked, status });
  // There is no next handler: the one for what is not found would know no more of what is forbidden.
  const isForbidden = kind === 'pass' && plan.status === 403;
  if (kind === 'error' || isForbidden) throw httpError(plan);
  if (kind === 'pass') {
    reply.callNotFound();
    return reply;
  }
  for (const [name, value] of Object.entries({ ...reply.getHeaders(), ...fields })) {
    if (value !== undefined && !raw.hasHeader(name)) raw.setHeader(name, value);
  }
  // Fastify answers for errors until it is told that the answer is ours.
  mount.send(plan, raw);
  reply.hijack();
  return reply;
}
