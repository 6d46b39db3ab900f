// One site inside somebody else's server: decides whether a request is its own, and sends the answer.
import { fstatSync, type Stats } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import type { NativeAddon } from '../addon/types.ts';
import type { FileEntry } from '../files/entry.ts';
import type { TableStats } from '../files/table.ts';
import { cutAuthority } from '../http/target.ts';
import { createLog, type Log, textOf } from '../log/log.ts';
import { resolveOptions } from '../options/options.ts';
import { errorPlan } from '../plan/errors.ts';
import { plan } from '../plan/plan.ts';
import { type RequestHead, requestFields } from '../plan/request.ts';
import type { Reach } from '../plan/types.ts';
import type { Answer } from '../site/answer.ts';
import { limitsOf, policiesOf } from '../site/policies.ts';
import { createSite } from '../site/site.ts';
import { Counters } from '../transport/counters.ts';
import { http } from '../transport/node/builtin.ts';
import { cutOff } from '../transport/node/http2-response.ts';
import { whenCurrent } from '../transport/node/pipeline.ts';
import { type Outlet, sendPlan } from '../transport/node/respond.ts';
import { reachBy, startTransfers, type Transfers } from '../transport/node/transfers.ts';
import type { TransportStats } from '../transport/transport.ts';
import { addonFor } from './addon.ts';
import type { MiddlewareSettings } from './options.ts';
import { withSinglePage } from './single-page.ts';

/** `answer`: the plan is to be sent. `pass`: another handler may know better. `error`: for the host to answer. */
export interface Decision {
  readonly kind: 'answer' | 'pass' | 'error';
  readonly plan: Answer;
}

/** A request of node:http, or of a framework that has cut a mount path off its `url`. */
export type MountedRequest = IncomingMessage & {
  readonly originalUrl?: string | undefined;
  /** Where connect and Express leave what they have read from `url`. */
  readonly _parsedUrl?: { readonly pathname?: string | null } | undefined;
};

export interface Mount {
  /**
   * At once where the answer is known; its plan must be sent in the turn of the event loop in which it
   * comes (`FileEntry`): to await the promise is in time, for nothing but promise reactions runs in
   * between. Pipelined requests wait for those before them. `target` is the request's as its router took it.
   * Throws or rejects with what `setHeaders` throws.
   */
  decide(req: MountedRequest, res: ServerResponse, target: string): Decision | Promise<Decision>;
  /**
   * Sends the answer, unless somebody has answered or closed in the meantime. Throws only while the host
   * can still answer; an error after the head closes the connection.
   */
  send(plan: Answer, res: ServerResponse): void;
  /** Nobody else takes the error: answers 500, or cuts off what has begun. Never throws. */
  fail(error: unknown, res: ServerResponse): void;
  stats(): TransportStats & { readonly files: TableStats };
  /** Closes every file that nobody is sending. */
  close(): void;
}

/** Throws an Error with `code` when the root cannot be opened as a directory. */
export function openMount(settings: MiddlewareSettings): Mount {
  const { options, fallthrough, redirect, setHeaders, single, ignores } = settings;
  const log = createLog({ level: options.logLevel, format: options.logFormat });
  const addon = addonFor(log);
  const policies = policiesOf(options);
  const site = createSite({ ...policies, routed: true, addon, log });
  const counters = new Counters();
  const transfers = addon && sharedTransfers(addon, log);
  const outlet: Outlet = { counters, log, transfers };
  const handler = withSinglePage(site.handler, single, ignores);

  function decideNow(
    req: MountedRequest,
    res: ServerResponse,
    target: string,
  ): Decision | Promise<Decision> {
    counters.planned++;
    const method = req.method ?? '';
    if (method !== 'GET' && method !== 'HEAD') {
      const kind = fallthrough ? 'pass' : 'answer';
      return { kind, plan: errorPlan(405, ['Allow', 'GET, HEAD']) };
    }
    const request: RequestHead = { method, target, fields: requestFields(req.headers) };
    const reach = reachOf(req, res, addon, transfers);
    const slash = redirect ? slashOfMount(req) : undefined;
    if (slash !== undefined) {
      const moved = { kind: 'redirect', status: 301, location: slash } as const;
      return {
        kind: 'answer',
        plan: plan(request, moved, { ...policies.plan, reach }, Date.now()),
      };
    }
    const found = handler(request, reach);
    return found instanceof Promise
      ? found.then((answer) => conclude(answer, res))
      : conclude(found, res);
  }

  /** Lets `setHeaders` have its say, whatever the status of the file's answer. */
  function conclude(found: Answer, res: ServerResponse): Decision {
    const kind = kindOf(found.status, fallthrough);
    const { status, resource } = found;
    if (setHeaders && kind === 'answer' && resource && (status < 300 || status === 304)) {
      const { identity } = resource;
      setHeaders(res, join(options.root, identity.path), statsOf(identity));
    }
    return { kind, plan: found };
  }

  function send(answer: Answer, res: ServerResponse): void {
    if (res.headersSent || res.destroyed) return;
    try {
      sendPlan(answer, res, outlet);
    } catch (error) {
      if (!res.headersSent) throw error;
      fail(error, res);
    }
  }

  function fail(error: unknown, res: ServerResponse): void {
    log.error(`unexpected: ${textOf(error)}`, 'middleware');
    if (res.writableEnded) return;
    if (res.headersSent || res.destroyed) {
      cutOff(res);
      return;
    }
    try {
      sendPlan(errorPlan(500), res, outlet);
    } catch {
      cutOff(res);
    }
  }

  return {
    decide(req, res, target) {
      if (res.socket !== null) return decideNow(req, res, target);
      const current = new Promise<void>((resolve) => whenCurrent(req, res, () => resolve()));
      return current.then(() => decideNow(req, res, target));
    },
    send,
    fail,
    stats: () => ({ ...counters.snapshot(), files: site.table.stats() }),
    close: () => site.close(),
  };
}

function kindOf(status: number, fallthrough: boolean): Decision['kind'] {
  switch (status) {
    case 400:
    case 403:
    case 404:
    case 414:
      return fallthrough ? 'pass' : 'error';
    default:
      return status < 500 ? 'answer' : 'error';
  }
}

/** A mount point asked for without its slash: the relative links of its index would miss it. */
function slashOfMount({ url = '', originalUrl }: MountedRequest): string | undefined {
  if (originalUrl === undefined || originalUrl === url) return undefined;
  if (pathOf(cutAuthority(url)) !== '/') return undefined;
  const asked = cutAuthority(originalUrl);
  const path = pathOf(asked);
  if (path.endsWith('/')) return undefined;
  return `./${path.slice(path.lastIndexOf('/') + 1)}/${asked.slice(path.length)}`;
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

/** What this connection takes. Where somebody has wrapped the response's methods, bytes must go through them. */
function reachOf(
  req: IncomingMessage,
  res: ServerResponse,
  addon: NativeAddon | undefined,
  transfers: Transfers | undefined,
): Reach {
  if (addon === undefined) return 'none';
  if ((req.socket as TLSSocket).encrypted) return 'tls';
  const { write, end } = http.ServerResponse.prototype;
  const isPlain = req.httpVersionMajor === 1 && res.write === write && res.end === end;
  return isPlain ? reachBy(req.socket, 'socket', transfers) : 'memory';
}

const stats = new WeakMap<FileEntry, Stats>();

/** The stat of the open file itself; once per version. */
function statsOf(file: FileEntry): Stats {
  const known = stats.get(file) ?? fstatSync(file.file.fd);
  stats.set(file, known);
  return known;
}

let transfersOfProcess: Transfers | undefined;

/** One engine thread serves every mount of the process. */
function sharedTransfers(addon: NativeAddon, log: Log): Transfers | undefined {
  transfersOfProcess ??= startTransfers(addon, limitsOf(resolveOptions()), log);
  return transfersOfProcess;
}
