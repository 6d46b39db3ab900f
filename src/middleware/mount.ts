// One site inside somebody else's server: decides whether a request is its own, and sends the answer.
import { fstatSync, type Stats } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import type { NativeAddon } from '../addon/types.ts';
import type { FileEntry } from '../files/entry.ts';
import type { TableStats } from '../files/table.ts';
import { createLog, type Log, textOf } from '../log/log.ts';
import { resolveOptions } from '../options/options.ts';
import { errorPlan } from '../plan/errors.ts';
import { acceptsCoding } from '../plan/negotiate.ts';
import { asPage, isPageStatus, pageFields } from '../plan/page.ts';
import { plan } from '../plan/plan.ts';
import type { RequestFields, RequestHead } from '../plan/request.ts';
import type { Reach } from '../plan/types.ts';
import type { Answer } from '../site/answer.ts';
import { limitsOf } from '../site/policies.ts';
import { createSite } from '../site/site.ts';
import { Counters } from '../transport/counters.ts';
import { cutOff } from '../transport/node/http2-response.ts';
import { whenCurrent } from '../transport/node/pipeline.ts';
import { receivedFields } from '../transport/node/received-fields.ts';
import { type Outlet, sendPlan } from '../transport/node/respond.ts';
import { reachBy, startTransfers, type Transfers } from '../transport/node/transfers.ts';
import { isPlain, isWrapped } from '../transport/node/wrapped.ts';
import { Takers } from '../transport/taker.ts';
import type { TransportStats } from '../transport/transport.ts';
import { addonFor } from './addon.ts';
import { inHost } from './host-answer.ts';
import type { MiddlewareSettings } from './options.ts';
import { closeWithOwner } from './owner.ts';
import { mountPolicies } from './policies.ts';
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

/** What is asked for, as the host has read it. */
export interface Asked {
  /** Below the mount point. */
  readonly target: string;
  /** With the mount point; the same as `target` where none was cut off. */
  readonly whole: string;
  /** 200, or what the host has set: then the file is the page of that status. */
  readonly status: number;
  /** The app itself asks for a file, whatever the method of the request. */
  readonly named?: boolean;
}

export interface Mount {
  /**
   * At once where the answer is known; its plan must be sent in the turn of the event loop in which it
   * comes (`FileEntry`): to await the promise is in time, for nothing but promise reactions runs in
   * between. Pipelined requests wait for those before them. Throws or rejects with what `setHeaders` throws.
   */
  decide(req: IncomingMessage, res: ServerResponse, asked: Asked): Decision | Promise<Decision>;
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
  const { options, fallthrough, redirect, setHeaders, setHeadersPath } = settings;
  const { isExcluded, single, ignores } = settings;
  const log = createLog({ level: options.logLevel, format: options.logFormat });
  const addon = addonFor(log);
  const policies = mountPolicies(settings);
  const site = createSite({ ...policies, routed: true, addon, log });
  const counters = new Counters();
  const transfers = addon && sharedTransfers(addon, log);
  const { serverTiming } = options;
  const takers = new Takers();
  const { sendfileMin } = limitsOf(options);
  const outlet: Outlet = { counters, log, transfers, takers, sendfileMin, serverTiming };
  const handler = withSinglePage(site.handler, single, ignores);
  /** When the requests of these were read. */
  const began = new WeakMap<ServerResponse, number>();
  const reply = (plan: Answer, res: ServerResponse) =>
    sendPlan(
      inHost(plan, isWrapped(res)),
      res,
      { began: began.get(res) ?? performance.now() },
      outlet,
    );

  function decideNow(
    req: IncomingMessage,
    res: ServerResponse,
    asked: Asked,
  ): Decision | Promise<Decision> {
    began.set(res, performance.now());
    counters.planned++;
    if (isExcluded?.(asked.target)) return { kind: 'pass', plan: errorPlan(404) };
    const isRead = req.method === 'GET' || req.method === 'HEAD';
    if (!isRead && !asked.named) {
      const kind = fallthrough ? 'pass' : 'answer';
      return { kind, plan: errorPlan(405, ['Allow', 'GET, HEAD']) };
    }
    const isPage = isPageStatus(asked.status);
    const request: RequestHead = {
      method: req.method === 'HEAD' ? 'HEAD' : 'GET',
      target: asked.target,
      fields: fieldsOf(req, isPage || !isRead, isWrapped(res)),
    };
    const reach = reachOf(req, res, addon, transfers);
    const slash = redirect ? slashOfMount(asked) : undefined;
    if (slash !== undefined) {
      const moved = { kind: 'redirect', status: 301, location: slash } as const;
      return {
        kind: 'answer',
        plan: plan(request, moved, { ...policies.plan, reach }, Date.now()),
      };
    }
    const made = (found: Answer) => {
      const plan = isPage && found.status === 200 ? asPage(found, asked.status) : found;
      return conclude(plan, found, asked.target, res);
    };
    const found = handler(request, reach);
    return found instanceof Promise ? found.then(made) : made(found);
  }

  /** What becomes of what was found; lets `setHeaders` have its say, whatever the status of the file's answer. */
  function conclude(
    plan: Answer,
    { status, resource }: Answer,
    target: string,
    res: ServerResponse,
  ): Decision {
    const kind = kindOf(status, fallthrough);
    if (setHeaders && kind === 'answer' && resource) {
      const { identity } = resource;
      const path =
        setHeadersPath === 'file'
          ? join(policies.files.root, identity.path)
          : decodeURI(pathOf(target));
      setHeaders(res, path, statsOf(identity));
    }
    return { kind, plan };
  }

  function send(answer: Answer, res: ServerResponse): void {
    if (res.headersSent || res.destroyed) return;
    try {
      reply(answer, res);
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
      reply(errorPlan(500), res);
    } catch {
      cutOff(res);
    }
  }

  const mount: Mount = {
    decide(req, res, asked) {
      if (res.socket !== null) return decideNow(req, res, asked);
      // Later in this turn at the soonest: who made a stand-in may listen for its end only after the call.
      const current = new Promise<void>((resolve) => whenCurrent(req, res, () => resolve()));
      return current.then(() => decideNow(req, res, asked));
    },
    send,
    fail,
    stats: () => ({ ...counters.snapshot(), files: site.table.stats() }),
    close() {
      takers.end();
      site.close();
    },
  };
  return closeWithOwner(mount, site);
}

/**
 * The fields that the answer depends on. Of a body that is `wrapped` and may be compressed there is no part to
 * send: it would be cut before, and no client puts that together again. (RFC 9110 §14.2: Range may be ignored.)
 */
function fieldsOf(req: IncomingMessage, isPage: boolean, wrapped: boolean): RequestFields {
  const fields = receivedFields(req);
  if (isPage) return pageFields(fields);
  if (fields.range === undefined || !wrapped) return fields;
  return acceptsCoding(fields['accept-encoding']) ? { ...fields, range: undefined } : fields;
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
function slashOfMount({ target, whole }: Asked): string | undefined {
  if (target === whole || pathOf(target) !== '/') return undefined;
  const path = pathOf(whole);
  if (path.endsWith('/')) return undefined;
  return `./${path.slice(path.lastIndexOf('/') + 1)}/${whole.slice(path.length)}`;
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
  if ((req.socket as TLSSocket | undefined)?.encrypted) return 'tls';
  return isPlain(res) ? reachBy(res.socket, 'socket', transfers) : 'memory';
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
