// HTTPS (and, on request, plain HTTP) on uWebSockets.js.
import type { EngineLimits } from '../../addon/engine.ts';
import type { FieldList } from '../../http/field-list.ts';
import { type Log, textOf } from '../../log/log.ts';
import { errorPlan } from '../../plan/errors.ts';
import { REQUEST_FIELDS, type RequestFields, requestFields } from '../../plan/request.ts';
import type { Reach } from '../../plan/types.ts';
import { LOG_FIELDS } from '../../rules/access-format.ts';
import type { Answer, Handler } from '../../site/answer.ts';
import { judgeOf } from '../clients.ts';
import { Counters } from '../counters.ts';
import type { Requested, TellEnded } from '../ended.ts';
import { asksToClose, type FramingFields, rejectionOf } from '../lenience.ts';
import { paceOf } from '../pace.ts';
import { Takers } from '../taker.ts';
import type { Tls } from '../tls.ts';
import type { Bound, Transport } from '../transport.ts';
import { UwsApps, type UwsService } from './apps.ts';
import { contentOf } from './content.ts';
import { openExchange, whenGone } from './exchange.ts';
import type { UwsCertificate, UwsLibrary, UwsRequest, UwsResponse } from './library.ts';
import { listenOn } from './listening.ts';
import { sendUwsPlan, type UwsOutlet } from './respond.ts';

export interface UwsOptions {
  readonly library: UwsLibrary;
  readonly handler: Handler;
  /** How far bodies get by its connections at most; by those with TLS that is "tls". */
  readonly reach: Reach;
  /** Of these the library lets us keep maxConnections, maxTargetSize (by the plan), maxDrain, the pace, and who may ask. */
  readonly limits: EngineLimits;
  readonly log: Log;
  /** Fields of every answer that is no file's, such as the errors found here. */
  readonly common: FieldList;
  readonly tls?: Tls | undefined;
  /** Is called with each exchange that ends. */
  readonly tellEnded?: TellEnded | undefined;
}

function certificateOf({ certificates: [{ certFile, keyFile }], ciphers }: Tls): UwsCertificate {
  if (certFile === undefined || keyFile === undefined) {
    throw new Error('uWebSockets.js reads certificates from files only');
  }
  return { cert_file_name: certFile, key_file_name: keyFile, ssl_ciphers: ciphers };
}

/** Whose sockets another carrier may go on with. */
const appsOf = new WeakMap<Transport, UwsApps>();

/** A server on uWebSockets.js; on the sockets of `before`, if it is one. Throws when the certificate cannot be used. */
export function createUwsTransport(options: UwsOptions, before?: Transport): Transport {
  const { library, handler, limits, log, common, tls, reach } = options;
  const counters = new Counters(options.tellEnded);
  const pace = paceOf(limits);
  const takers = new Takers();
  const outlet: UwsOutlet = { counters, log, takers, serverTiming: limits.serverTiming, pace };
  const judge = judgeOf(limits, common, counters, () => performance.now());
  // At once: of a certificate that the library does not take it says so here.
  const apps =
    (before && appsOf.get(before)) ??
    new UwsApps(library, tls && library.SSLApp(certificateOf(tls)));
  let closing = false;
  let active = 0;
  let onIdle = () => {};
  /** When nothing is in flight, or the time is over; without one it takes as long as it takes. */
  const idle = (withinMs?: number) => {
    if (active === 0) return undefined;
    return new Promise<void>((resolve) => {
      const deadline = withinMs === undefined ? undefined : setTimeout(resolve, withinMs);
      onIdle = () => {
        clearTimeout(deadline);
        resolve();
      };
    });
  };

  const service: UwsService = {
    accepted: () => void counters.accepted++,
    receive(res, req, secure) {
      active++;
      counters.planned++;
      const isSurplus = apps.connections > limits.maxConnections;
      if (isSurplus) counters.rejected++;
      const refusal = isSurplus
        ? { ...errorPlan(503, common), close: true }
        : judge?.(Buffer.from(res.getRemoteAddressAsText()).toString());
      const policy = {
        handler,
        reach: secure ? ('tls' as const) : reach,
        outlet,
        common,
        maxDrain: limits.maxDrain,
        closing,
        refusal,
        takesContent: true,
      };
      handleUws(res, req, policy, () => {
        active--;
        if (active === 0) onIdle();
      });
    },
  };

  const transport: Transport = {
    async listen({ at, tls: secure }, shared = false) {
      const app = secure ? apps.secure : apps.plain;
      if (app === undefined) throw new Error('no certificate to speak TLS with');
      apps.answerBy(service);
      // What the library listens on already.
      if (at.kind === 'descriptors' && at.descriptors.length === 0) return TAKEN;
      const listening = await listenOn(app, library, at, shared);
      return { address: listening.address, descriptors: [], close: apps.own(listening) };
    },
    retire() {
      takers.end();
      apps.giveBack(service);
      return { left: Promise.resolve(), ended: Promise.resolve(idle()) };
    },
    async close(graceMs) {
      closing = true;
      takers.end();
      // Another one has them.
      if (!apps.isAnsweredBy(service)) return;
      apps.stopListening();
      await idle(graceMs);
      apps.close();
    },
    stats: () => ({
      ...counters.snapshot(),
      connections: apps.isAnsweredBy(service) ? apps.connections : 0,
    }),
  };
  appsOf.set(transport, apps);
  return transport;
}

const TAKEN: Bound = { address: { path: '' }, descriptors: [], close() {} };

export interface UwsPolicy {
  readonly handler: Handler;
  /** How far bodies get by its connections. */
  readonly reach: Reach;
  readonly outlet: UwsOutlet;
  readonly common: FieldList;
  /** Request bodies up to this many bytes leave the connection open. */
  readonly maxDrain: number;
  /** Close connections after their answers. */
  readonly closing: boolean;
  /** The answer, whatever is asked. */
  readonly refusal: Answer | undefined;
  /** Hand the handler the content of requests; a host's app may read it itself. */
  readonly takesContent: boolean;
}

/** Answers one request; `done` is called once, when nothing more will be sent for it. */
export function handleUws(
  res: UwsResponse,
  req: UwsRequest,
  policy: UwsPolicy,
  done: () => void,
): void {
  const { handler, outlet, maxDrain } = policy;
  const method = req.getCaseSensitiveMethod();
  const query = req.getQuery();
  const target = query ? `${req.getUrl()}?${query}` : req.getUrl();
  const received: ReceivedFields = fieldsOf(req, KNOWN);
  const { tell } = outlet.counters;
  const exchange = openExchange(
    res,
    method === 'HEAD',
    done,
    tell && requestedOf(method, target, res, req),
  );
  const status = rejectionOf(method, received, VERSION);
  const refusal =
    status === undefined ? policy.refusal : { ...errorPlan(status, policy.common), close: true };
  const content =
    refusal === undefined && policy.takesContent ? contentOf(exchange, received) : undefined;
  const mustClose = policy.closing || asksToClose(received);
  const begin = (plan: Answer) => {
    try {
      content?.leave();
      sendUwsPlan(plan, exchange, outlet);
    } catch (error) {
      // The library would end the process.
      outlet.log.error(`unexpected: ${textOf(error)}`, 'uws');
      res.close();
    }
  };
  const later = (run: (answer: Answer) => void) => (answer: Answer) => {
    if (exchange.gone) outlet.counters.tellUnanswered(exchange, 'http/1.1');
    else res.cork(() => run(answer));
  };
  const send = (plan: Answer) => {
    const isLast = mustClose || (!content?.isWhole && hasLongBody(received, maxDrain));
    const answer = isLast && !plan.close ? { ...plan, close: true } : plan;
    // A file may be closed by then.
    const waits = answer.close && content?.isWhole === false && !('file' in plan.body);
    if (waits) content.drop().then(() => later(begin)(answer));
    else begin(answer);
  };
  const sendLater = later(send);
  if (refusal !== undefined) {
    // Behind the last one nothing may be taken for a request: the library goes on to what came in the same write, or
    // closes the connection, if this one still waits for its answer.
    if (refusal.close) setImmediate(sendLater, refusal);
    else send(refusal);
    return;
  }
  const fields = requestFields(received);
  const onGone = (run: () => void) => whenGone(exchange, run);
  const plan = handler({ method, target, fields, content, onGone }, policy.reach);
  if (plan instanceof Promise) plan.then(sendLater);
  else send(plan);
}

/** The library answers all others itself. */
const VERSION = { major: 1, minor: 1 };

type ReceivedFields = RequestFields & FramingFields;

const KNOWN: ReadonlySet<string> = new Set<keyof ReceivedFields>([
  ...REQUEST_FIELDS,
  'connection',
  'content-length',
  'transfer-encoding',
]);

/** The library has the request for this call only, and of its TLS it tells nothing. */
function requestedOf(method: string, target: string, res: UwsResponse, req: UwsRequest): Requested {
  const fields = fieldsOf(req, TOLD);
  const peer = Buffer.from(res.getRemoteAddressAsText()).toString('latin1');
  return { method, target, peer: shorten(peer), tls: '', field: (name) => fields[name] ?? '' };
}

/** The library writes all digits of an IPv6 address. RFC 5952 §4. */
function shorten(address: string): string {
  if (!address.includes(':')) return address;
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

const TOLD: ReadonlySet<string> = new Set([...LOG_FIELDS, 'authorization']);

function fieldsOf(req: UwsRequest, known: ReadonlySet<string>): Readonly<Record<string, string>> {
  const fields: Record<string, string> = {};
  req.forEach((name, value) => {
    if (!known.has(name)) return;
    const before = fields[name];
    // RFC 9110 §5.3
    fields[name] = before === undefined ? value : `${before}, ${value}`;
  });
  return fields;
}

/** The library drains bodies without a limit. One of unknown length counts as long. */
function hasLongBody(fields: FramingFields, maxDrain: number): boolean {
  if (fields['transfer-encoding'] !== undefined) return true;
  return Number(fields['content-length'] ?? 0) > maxDrain;
}
