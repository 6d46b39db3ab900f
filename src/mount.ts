// One site inside somebody else's server: decides whether a request is its own, and sends the answer.
import { fstatSync, type Stats } from 'node:fs';
import { type IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import type { FileEntry } from './files/entry.ts';
import type { TableStats } from './files/table.ts';
import { createHandler } from './handler.ts';
import { createLog } from './log.ts';
import type { MiddlewareSettings } from './middleware-options.ts';
import { loadNative, type NativeAddon } from './native.ts';
import { resolveOptions } from './options.ts';
import { createOrigin } from './origin.ts';
import { errorPlan } from './plan/errors.ts';
import { plan } from './plan/plan.ts';
import type { StrategyLimits } from './plan/types.ts';
import { limitsOf, policiesOf } from './policies.ts';
import type { RequestFields, RequestHead } from './request.ts';
import { withSinglePage } from './single-page.ts';
import { Counters } from './transport/counters.ts';
import { type Outlet, sendPlan } from './transport/respond.ts';
import { createTransfers, type Transfers } from './transport/transfers.ts';
import type { Answer, Handler, TransportStats } from './transport/transport.ts';
import { inTurn } from './transport/turn.ts';

/** `answer`: the plan is to be sent. `pass`: another handler may know better. `refuse`: an error for the host. */
export interface Decision {
  readonly kind: 'answer' | 'pass' | 'refuse';
  readonly plan: Answer;
}

/** A request of node:http, or of a framework that has cut a mount path off its `url`. */
export type MountedRequest = IncomingMessage & { readonly originalUrl?: string | undefined };

export interface Mount {
  /**
   * At once where the answer is known; its plan must be sent in the turn of the event loop in which it
   * comes. Pipelined requests wait for their turn. `target` stands for the request's own.
   */
  decide(req: MountedRequest, res: ServerResponse, target?: string): Decision | Promise<Decision>;
  send(plan: Answer, res: ServerResponse): void;
  stats(): TransportStats & { readonly files: TableStats };
  /** Closes every file that nobody is sending. */
  close(): void;
}

type Carrier = StrategyLimits['carrier'];

/** Throws an Error with `code` when the root cannot be opened as a directory. */
export function openMount(settings: MiddlewareSettings): Mount {
  const { options, fallthrough, redirect, setHeaders, single, ignores } = settings;
  const { addon } = loadNative();
  const log = createLog({ level: options.logLevel, format: options.logFormat });
  const policies = policiesOf(options, 'full', false);
  const origin = createOrigin({ ...policies, addon, log });
  const counters = new Counters();
  const transfers = addon && sharedTransfers(addon);
  const outlet: Outlet = { counters, log, transfers, pending: new Set() };
  const handlers: { [carrier in Carrier]?: Handler } = {};

  /** The strategy depends on what the connection takes, and only on that. */
  function handlerFor(carrier: Carrier): Handler {
    handlers[carrier] ??= withSinglePage(
      createHandler({
        ...policies,
        table: origin.table,
        policy: { ...policies.plan, limits: { ...policies.plan.limits, carrier } },
        spa: false,
        errorPages: false,
        log,
      }),
      single,
      ignores,
    );
    return handlers[carrier];
  }

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
    const request: RequestHead = { method, target, fields: req.headers as RequestFields };
    const slash = redirect ? slashOfMount(req) : undefined;
    if (slash !== undefined) {
      const moved = { kind: 'redirect', status: 301, location: slash } as const;
      return { kind: 'answer', plan: plan(request, moved, policies.plan, Date.now()) };
    }
    const handler = handlerFor(carrierOf(req, res, addon));
    const found = handler(request);
    return found instanceof Promise
      ? found.then((answer) => conclude(answer, request, res, handler))
      : conclude(found, request, res, handler);
  }

  /** Lets `setHeaders` have its say, whatever the status of the file's answer. */
  function conclude(
    found: Answer,
    request: RequestHead,
    res: ServerResponse,
    handler: Handler,
  ): Decision | Promise<Decision> {
    const kind = kindOf(found.status, fallthrough);
    if (
      setHeaders === undefined ||
      kind !== 'answer' ||
      (found.status >= 300 && found.status !== 304)
    ) {
      return { kind, plan: found };
    }
    const set = (answer: Answer): Decision => {
      const file = fileOf(answer);
      if (file) setHeaders(res, join(options.root, file.path), statsOf(file));
      return { kind, plan: found };
    };
    if (fileOf(found)?.coding === 'identity') return set(found);
    // 304 and HEAD carry no file, and a coded sibling is not the file's own name: the plain GET has both.
    const whole = handler({ method: 'GET', target: request.target, fields: {} });
    return whole instanceof Promise ? whole.then(set) : set(whole);
  }

  return {
    decide(req, res, target = req.url ?? '') {
      if (res.socket !== null) return decideNow(req, res, target);
      const turn = new Promise<void>((resolve) => inTurn(req, res, () => resolve()));
      return turn.then(() => decideNow(req, res, target));
    },
    send: (answer, res) => sendPlan(answer, res, outlet),
    stats: () => ({ ...counters.snapshot(), files: origin.table.stats() }),
    close: () => origin.close(),
  };
}

function kindOf(status: number, fallthrough: boolean): Decision['kind'] {
  switch (status) {
    case 400:
    case 403:
    case 404:
    case 414:
      return fallthrough ? 'pass' : 'refuse';
    default:
      return status < 500 ? 'answer' : 'refuse';
  }
}

/** A mount point asked for without its slash: the relative links of its index would miss it. */
function slashOfMount({ url = '', originalUrl }: MountedRequest): string | undefined {
  if (originalUrl === undefined || originalUrl === url) return undefined;
  if (pathOf(url) !== '/') return undefined;
  const path = pathOf(originalUrl);
  if (path.endsWith('/')) return undefined;
  return `./${path.slice(path.lastIndexOf('/') + 1)}/${originalUrl.slice(path.length)}`;
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

/** What this connection takes. Where somebody has wrapped the response's methods, bytes must go through them. */
function carrierOf(
  req: IncomingMessage,
  res: ServerResponse,
  addon: NativeAddon | undefined,
): Carrier {
  if (addon === undefined) return 'none';
  if ((req.socket as TLSSocket).encrypted) return 'tls';
  const { write, end } = ServerResponse.prototype;
  return req.httpVersionMajor === 1 && res.write === write && res.end === end ? 'full' : 'memory';
}

function fileOf({ body }: Answer): FileEntry | undefined {
  return body.kind === 'none' || body.kind === 'bytes' ? undefined : body.file;
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
function sharedTransfers(addon: NativeAddon): Transfers {
  transfersOfProcess ??= createTransfers(addon, limitsOf(resolveOptions()));
  return transfersOfProcess;
}
