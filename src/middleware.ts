// zcserve as middleware: (req, res, next) for node:http, connect, Express, Polka, HTTPS and HTTP/2's compatibility API.
import type { ServerResponse } from 'node:http';
import { type MiddlewareOptions, readMiddlewareOptions } from './middleware-options.ts';
import { type Decision, type Mount, type MountedRequest, openMount } from './mount.ts';
import { reasonPhrase } from './plan/errors.ts';
import { uwsHandler } from './uws-handler.ts';

export type Next = (error?: unknown) => void;

export interface Middleware {
  /** Answers, or calls `next`. Without `next` it answers everything: `createServer(zcserve('public'))`. */
  (req: MountedRequest, res: ServerResponse, next?: Next): void;
  readonly stats: Mount['stats'];
  /** Closes every file that nobody is sending. Not needed before the process ends. */
  readonly close: Mount['close'];
}

/** A request that was not answered, as Express and its kin take errors. */
export interface HttpError extends Error {
  readonly status: number;
  readonly statusCode: number;
  /** May clients see the message? */
  readonly expose: boolean;
}

/**
 * Serves the files below `root`. Throws an OptionError for a wrong option, and an Error with `code` when
 * the root cannot be opened as a directory.
 */
export function zcserve(root: string, options: MiddlewareOptions = {}): Middleware {
  const settings = readMiddlewareOptions(root, options);
  const mount = openMount(settings);

  function act(
    { kind, plan }: Decision,
    req: MountedRequest,
    res: ServerResponse,
    next?: Next,
  ): void {
    // Whoever answered or closed in the meantime has the last word.
    if (res.headersSent || res.destroyed) return;
    if (kind === 'answer') mount.send(plan, res);
    else if (next) next(kind === 'pass' ? undefined : httpError(plan.status));
    else if (kind === 'pass' && settings.onNoMatch) settings.onNoMatch(req, res);
    else mount.send(plan, res);
  }

  const serve = (req: MountedRequest, res: ServerResponse, next?: Next): void => {
    if (res.headersSent || res.writableEnded) {
      next?.();
      return;
    }
    try {
      const decision = mount.decide(req, res);
      if (!(decision instanceof Promise)) act(decision, req, res, next);
      else
        decision.then((made) => act(made, req, res, next)).catch((error) => fail(error, res, next));
    } catch (error) {
      fail(error, res, next);
    }
  };
  return Object.assign(serve, { stats: mount.stats, close: mount.close });
}

/** The same inside a uWebSockets.js app: `app.any('/*', zcserve.uws('public'))`. */
zcserve.uws = uwsHandler;

/** `setHeaders`, or a field set before, made the head impossible. */
function fail(error: unknown, res: ServerResponse, next: Next | undefined): void {
  if (next) next(error);
  else res.destroy();
}

/** The error that a host's error handler turns into the answer. */
export function httpError(status: number): HttpError {
  const error = new Error(reasonPhrase(status));
  return Object.assign(error, { status, statusCode: status, expose: status < 500 });
}
