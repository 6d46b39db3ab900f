// zcserve as middleware: (req, res, next) for node:http, connect, Express, Polka, HTTPS and HTTP/2's compatibility API.
import type { ServerResponse } from 'node:http';
import { cutAuthority, isDevious } from '../http/target.ts';
import { createLog } from '../log/log.ts';
import { mixedContracts } from './contracts.ts';
import { httpError } from './http-error.ts';
import { type Asked, type Decision, type Mount, type MountedRequest, openMount } from './mount.ts';
import {
  type MiddlewareOptions,
  type MiddlewareSettings,
  readMiddlewareOptions,
} from './options.ts';
import { uwsHandler } from './uws.ts';

export type Next = (error?: unknown) => void;

export interface Middleware {
  /** Answers, or calls `next`. Without `next` it answers everything: `createServer(zcserve('public'))`. */
  (req: MountedRequest, res: ServerResponse, next?: Next): void;
  readonly stats: Mount['stats'];
  /** Closes every file that nobody is sending. Not needed before the process ends. */
  readonly close: Mount['close'];
}

/**
 * Serves the files below `root`. Throws an OptionError for a wrong option, and an Error with `code` when
 * the root cannot be opened as a directory.
 */
export function zcserve(root: string, options: MiddlewareOptions = {}): Middleware {
  const settings = readMiddlewareOptions(root, options);
  const { logLevel: level, logFormat: format } = settings.options;
  const mixed = mixedContracts(options);
  if (mixed !== undefined) createLog({ level, format }).warn(mixed, 'middleware');
  return serveSettings(settings);
}

/** The middleware that goes by these settings, whichever peer's names they were read from. */
export function serveSettings(settings: MiddlewareSettings): Middleware {
  const mount = openMount(settings);

  function act(
    { kind, plan }: Decision,
    req: MountedRequest,
    res: ServerResponse,
    next?: Next,
  ): void {
    // Whoever answered or closed in the meantime has the last word.
    if (res.headersSent || res.destroyed) return;
    if (kind !== 'answer' && next) {
      next(kind === 'pass' ? undefined : httpError(plan));
      return;
    }
    try {
      if (kind === 'pass' && settings.onNoMatch) settings.onNoMatch(req, res);
      else mount.send(plan, res);
    } catch (error) {
      fail(error, res, next);
    }
  }

  /** `setHeaders`, `onNoMatch` or whoever wraps the response has thrown: the host answers while it can. */
  function fail(error: unknown, res: ServerResponse, next: Next | undefined): void {
    if (next && !res.headersSent) next(error);
    else mount.fail(error, res);
  }

  const serve = (req: MountedRequest, res: ServerResponse, next?: Next): void => {
    if (res.headersSent || res.writableEnded) {
      next?.();
      return;
    }
    let decision: Decision | Promise<Decision>;
    try {
      decision = mount.decide(req, res, askedOf(req, res));
    } catch (error) {
      fail(error, res, next);
      return;
    }
    // What `next` throws is its caller's; where there is none any more, it must not end the process.
    if (!(decision instanceof Promise)) act(decision, req, res, next);
    else
      decision
        .then(
          (made) => act(made, req, res, next),
          (error) => fail(error, res, next),
        )
        .catch((error) => mount.fail(error, res));
  };
  return Object.assign(serve, { stats: mount.stats, close: mount.close });
}

/** The same inside a uWebSockets.js app: `app.any('/*', zcserve.uws('public'))`. */
zcserve.uws = uwsHandler;

/**
 * RFC 9112 §3.2.2: absolute-form counts where a router has read this very path in it. For those that compare
 * `url` as it comes (Polka, a function of node:http) it is no path that a guard could know, so it is none here.
 * Nor is one where cutting the mount point off has hidden how it was spelled: Express 4 makes `/x` of `/mount//x`.
 */
function askedOf(
  { url = '', originalUrl = url, _parsedUrl }: MountedRequest,
  { statusCode: status }: ServerResponse,
): Asked {
  const whole = cutAuthority(originalUrl);
  const target = cutAuthority(url);
  if (target !== url && !isPathOf(target, _parsedUrl?.pathname ?? '')) {
    return { target: url, whole: url, status };
  }
  return { target: isDevious(whole) ? whole : target, whole, status };
}

/** Is it the end of this path? (url.parse encodes some characters by itself.) */
function isPathOf(target: string, read: string): boolean {
  const [path = ''] = target.split('?', 1);
  return read.startsWith('/') && read.endsWith(path);
}
