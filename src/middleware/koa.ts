// zcserve as Koa middleware.
import type { Context, Middleware } from 'koa';
import { cutAuthority, isDevious } from '../http/target.ts';
import { httpError } from './http-error.ts';
import { type Asked, openMount } from './mount.ts';
import { type MiddlewareOptions, readMiddlewareOptions } from './options.ts';

/** Answers in Koa's place (`ctx.respond = false`), or leaves the request to the next middleware. */
export function zcserve(root: string, options: MiddlewareOptions = {}): Middleware {
  const mount = openMount(readMiddlewareOptions(root, options));
  return async (ctx, next) => {
    const { req, res } = ctx;
    const { kind, plan } = await mount.decide(req, res, askedOf(ctx));
    if (kind === 'pass') return next();
    if (kind === 'error') throw httpError(plan);
    mount.send(plan, res);
    ctx.respond = false;
  };
}

/** `mountPath` is koa-mount's, which leaves no slash in front of what is below a mount path that ends in one. */
function askedOf(ctx: Context & { readonly mountPath?: string }): Asked {
  const target = ctx.path.replace(/^(?!\/)/, '/') + ctx.search;
  const whole = ctx.mountPath === undefined ? target : cutAuthority(ctx.originalUrl);
  return { target: isDevious(whole) ? whole : target, whole, status: statusOf(ctx) };
}

/** Koa's 404 is only what it says as long as nobody has said anything. */
function statusOf({ response, status }: Context): number {
  const { _explicitStatus } = response as { readonly _explicitStatus?: boolean };
  return _explicitStatus ? status : 200;
}
