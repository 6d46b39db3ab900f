// zcserve as Hono middleware on @hono/node-server.
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { decodedTarget, isDevious, normalTarget } from '../http/target.ts';
import { openMount } from './mount.ts';
import { type MiddlewareOptions, readMiddlewareOptions } from './options.ts';

export interface HonoOptions extends MiddlewareOptions {
  /** The path below the root for a request's path and query; as in Hono's own serveStatic. */
  readonly rewriteRequestPath?: (path: string) => string;
}

type Bindings = { readonly Bindings: HttpBindings };

export function zcserve(root: string, options: HonoOptions = {}): MiddlewareHandler<Bindings> {
  const { rewriteRequestPath = (path: string) => path, ...rest } = options;
  const mount = openMount(readMiddlewareOptions(root, rest));
  return async (c, next) => {
    const { incoming, outgoing } = c.env;
    const target = rewrite(decodedTarget(incoming.url ?? ''), rewriteRequestPath);
    const { kind, plan } = await mount.decide(incoming, outgoing, target);
    if (kind === 'pass') return next();
    if (kind === 'error') throw new HTTPException(plan.status as ContentfulStatusCode);
    c.res.headers.forEach((value, name) => {
      if (!outgoing.hasHeader(name)) outgoing.setHeader(name, value);
    });
    mount.send(plan, outgoing);
    return alreadySent();
  };
}

/** What the app makes of a path is the app's word, but only where Hono's guards have known that path. */
function rewrite(target: string, rewriteRequestPath: (path: string) => string): string {
  if (isDevious(target)) return target;
  const rewritten = rewriteRequestPath(target);
  return normalTarget(target) === target ? normalTarget(rewritten) : rewritten;
}

/**
 * @hono/node-server 2.1 overlooks its own mark in a Response that keeps its parts for later (as every
 * copy does that a middleware adds fields to), and answers a second time. Reading `body` makes it whole.
 */
function alreadySent(): Response {
  const response = new Response(null, RESPONSE_ALREADY_SENT);
  void response.body;
  return response;
}
