// zcserve as Koa middleware.
import type { Middleware } from 'koa';
import { httpError } from './middleware.ts';
import { openMount } from './mount.ts';
import { type MiddlewareOptions, readMiddlewareOptions } from './options.ts';

/** Answers in Koa's place (`ctx.respond = false`), or leaves the request to the next middleware. */
export function zcserve(root: string, options: MiddlewareOptions = {}): Middleware {
  const mount = openMount(readMiddlewareOptions(root, options));
  return async (ctx, next) => {
    const { req, res } = ctx;
    const { kind, plan } = await mount.decide(req, res, ctx.path + ctx.search);
    if (kind === 'pass') return next();
    if (kind === 'error') throw httpError(plan.status);
    mount.send(plan, res);
    ctx.respond = false;
  };
}
