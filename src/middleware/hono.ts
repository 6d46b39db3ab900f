// zcserve as Hono middleware: on @hono/node-server it answers on the socket, elsewhere by a Response.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context, MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { decodedTarget, isDevious, normalTarget, spellPath } from '../http/target.ts';
import type { Answer } from '../site/answer.ts';
import { openFetchExchange } from '../transport/node/fetch-response.ts';
import { httpError } from './http-error.ts';
import { type Asked, openMount } from './mount.ts';
import { type MiddlewareOptions, readMiddlewareOptions } from './options.ts';

/** The path below the root for a request's path, which is decoded as `c.req.path` is; as in Hono's own serveStatic. */
export type RewriteRequestPath = (path: string, c: Context) => string;

export interface HonoOptions extends MiddlewareOptions {
  readonly rewriteRequestPath?: RewriteRequestPath;
}

type Bindings = { readonly Bindings: HttpBindings };

/** Where the answer goes; `response` is what Hono is given then. */
interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly response: (status: number) => Response | Promise<Response>;
}

export function zcserve(root: string, options: HonoOptions = {}): MiddlewareHandler<Bindings> {
  const { rewriteRequestPath, ...rest } = options;
  const mount = openMount(readMiddlewareOptions(root, rest));
  return async (c, next) => {
    const { incoming, outgoing, response } = exchangeOf(c);
    // Has the status and the fields that the app has set, and leaves them alone.
    const { status, headers } = c.body(null);
    const asked = { ...askedOf(c, incoming.url ?? '', rewriteRequestPath), status };
    const { kind, plan } = await mount.decide(incoming, outgoing, asked);
    if (kind === 'pass') return next();
    if (kind === 'error') throw httpException(plan);
    headers.forEach((value, name) => {
      if (!outgoing.hasHeader(name)) outgoing.setHeader(name, value);
    });
    mount.send(plan, outgoing);
    return response(plan.status);
  };
}

/** Hono knows errors by their class; what the others get is its cause. */
function httpException(plan: Answer): HTTPException {
  const cause = httpError(plan);
  return new HTTPException(cause.status as ContentfulStatusCode, { message: cause.message, cause });
}

/** `app.request()` and other servers than Node's have no connection to answer on. */
function exchangeOf(c: Context<Bindings>): Exchange {
  const { incoming, outgoing }: Partial<HttpBindings> = c.env ?? {};
  if (incoming && outgoing) return { incoming, outgoing, response: alreadySent };
  const { response, ...exchange } = openFetchExchange(c.req.raw);
  return { ...exchange, response: () => response };
}

function askedOf(
  c: Context,
  url: string,
  rewriteRequestPath: RewriteRequestPath | undefined,
): Omit<Asked, 'status'> {
  const whole = decodedTarget(url);
  if (isDevious(whole)) return { target: whole, whole };
  const asked = belowMount(whole, c);
  if (rewriteRequestPath === undefined) return { target: asked, whole };
  const [path = ''] = asked.split('?', 1);
  const rewritten = spellPath(`/${rewriteRequestPath(decodePath(path), c).replace(/^\//, '')}`);
  const target = spelledLike(asked, rewritten + asked.slice(path.length));
  return { target, whole: isMountPoint(path, c.req.routePath) ? whole : target };
}

/** Hono's `app.mount` gives what it mounts a request of its own. */
function belowMount(whole: string, c: Context): string {
  const { pathname, search } = new URL(c.req.url);
  const own = decodedTarget(pathname + search);
  return pathname === '/' || whole.endsWith(own) ? own : whole;
}

/** Is it the path before the wildcard of the route? What an app leads to its root otherwise stays where it is. */
function isMountPoint(path: string, route: string): boolean {
  return route.endsWith('/*') && route.slice(0, -2).split('/').length === path.split('/').length;
}

/** What the app makes of a path is the app's word, but only where Hono's guards have known that path. */
function spelledLike(asked: string, rewritten: string): string {
  return normalTarget(asked) === asked ? normalTarget(rewritten) : rewritten;
}

/** As Hono decodes `c.req.path`: reserved characters and the percent sign stay encoded. */
function decodePath(path: string): string {
  try {
    return decodeURI(path.replaceAll('%25', '%2525'));
  } catch {
    return path;
  }
}

/**
 * @hono/node-server 2.1 overlooks its own mark in a Response that keeps its parts for later (as every
 * copy does that a middleware adds fields to), and answers a second time. Reading `body` makes it whole.
 * The status is for middleware that looks at it afterwards.
 */
function alreadySent(status: number): Response {
  const { headers } = RESPONSE_ALREADY_SENT;
  const response = new Response(null, { status, headers });
  void response.body;
  return response;
}
