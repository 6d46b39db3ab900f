// HTTP/1.1 on node:http and node:https: the transport that works everywhere.
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import type { EngineLimits } from '../../addon/engine.ts';
import type { NativeAddon } from '../../addon/types.ts';
import { type Unproxied, WIRE } from '../../addon/wire.ts';
import type { FieldList } from '../../http/field-list.ts';
import { type Log, textOf } from '../../log/log.ts';
import { errorPlan } from '../../plan/errors.ts';
import { type RequestHead, requestFields } from '../../plan/request.ts';
import type { Reach } from '../../plan/types.ts';
import type { Listener } from '../../rules/listeners.ts';
import type { Answer, Handler } from '../../site/answer.ts';
import { judgeOf, slowDown } from '../clients.ts';
import { Counters, Sending } from '../counters.ts';
import type { Asked, TellEnded } from '../ended.ts';
import { rejectionOf } from '../lenience.ts';
import { bindBy } from '../listening-sockets.ts';
import { paceOf } from '../pace.ts';
import { Takers } from '../taker.ts';
import type { Tls } from '../tls.ts';
import { type Transport, unproxied } from '../transport.ts';
import { http } from './builtin.ts';
import { contentOf, type IncomingContent } from './content.ts';
import { isLate, isSilent, statusOf, wholeText } from './faults.ts';
import { whenGone } from './gone.ts';
import { Lingering } from './lingering.ts';
import { listenByNode } from './listening.ts';
import { lastWaiting, whenCurrent } from './pipeline.ts';
import { expectProxies } from './proxied.ts';
import { requestedOf, unreadOn } from './requested.ts';
import { type Outlet, protocolOf, sendPlan } from './respond.ts';
import { createSecureServer, type SecureServer } from './secure.ts';
import { ownSockets } from './sockets.ts';
import { reachBy, type Transfers } from './transfers.ts';

export interface Http1Options {
  readonly handler: Handler;
  readonly limits: EngineLimits;
  readonly log: Log;
  /** Fields of every answer that is no file's, such as the errors found here. */
  readonly common: FieldList;
  /** How far bodies get by its connections at most; by those with TLS that is "tls". */
  readonly reach: Reach;
  /** Of the listeners that speak TLS. */
  readonly tls?: Tls | undefined;
  /** With them, files go out by sendfile(2) on an engine thread (plain HTTP only). Closed with the server. */
  readonly transfers?: Transfers | undefined;
  /** With it, the listening sockets are the caller's. */
  readonly addon?: NativeAddon | undefined;
  /** Is called with each exchange that ends. */
  readonly tellEnded?: TellEnded | undefined;
}

/** A server on node's own HTTP parser and event loop. */
export function createHttp1Transport(options: Http1Options): Transport {
  const { handler, limits, log, common, transfers, addon } = options;
  const counters = new Counters(options.tellEnded);
  /** Responses that wait for their plan, or whose body is not yet wholly handed to the socket. */
  const pending = new Set<ServerResponse>();
  const { serverTiming, sendfileMin } = limits;
  const pace = paceOf(limits);
  const takers = new Takers();
  const told = { counters, log, serverTiming, pending };
  const outlet: Outlet = { ...told, transfers, takers, sendfileMin, pace };
  const judge = judgeOf(limits, common, counters, () => performance.now());
  /** Node may yet find the same fault in the body that follows. */
  const rejected = new WeakSet<Socket>();
  /** Of the requests whose answer has not begun. */
  const contents = new WeakMap<Socket, IncomingContent>();
  let closing = false;

  const sockets = ownSockets(limits, counters);
  const lingering = new Lingering();
  const servers: Server[] = [];
  const secured = new WeakMap<Server, SecureServer>();
  let { tls } = options;

  /** One that does not listen yet. */
  function open({ tls: secure, proxyFrom }: Listener): Server {
    const server = secure ? createSecured() : http.createServer(settings(limits));
    server.maxConnections = limits.maxConnections;
    server.maxHeadersCount = 0;
    server.timeout = limits.sendTimeoutMs;
    // Not in node's types, but since 0.x the way to answer a client that has half-closed (RFC 9112 §9.6).
    Object.assign(server, { httpAllowHalfOpen: true });
    if (proxyFrom !== undefined) expectProxies(server, proxied(proxyFrom, secure));
    sockets.own(server, secure);
    receiveOn(server, secure ? 'tls' : options.reach);
    return server;
  }

  function createSecured(): Server {
    if (tls === undefined) throw new Error('no certificate to speak TLS with');
    const handshakeTimeout = limits.headerTimeoutMs;
    const one = createSecureServer({ ...settings(limits), handshakeTimeout }, tls);
    secured.set(one.server, one);
    return one.server;
  }

  function proxied(proxyFrom: readonly string[], secure: boolean) {
    return {
      ...{ proxyFrom, tls: secure },
      headerTimeoutMs: limits.headerTimeoutMs,
      onTimeout: () => void counters.timeouts++,
      onRefused(why: Unproxied) {
        counters.rejected++;
        log.warn(unproxied(why), `unproxied:${why}`);
      },
    };
  }

  function receiveOn(server: Server, reach: Reach): void {
    const run = (req: IncomingMessage, res: ServerResponse) => answer(req, res, reach);
    const receive = (req: IncomingMessage, res: ServerResponse) => {
      // Nothing is answered behind the last answer.
      if (!req.socket.writableEnded) whenCurrent(req, res, run);
    };
    server.on('request', receive);
    // A final answer instead of 100 (RFC 9110 §10.1.1); node closes the connection after it.
    server.on('checkContinue', receive);
    server.on('checkExpectation', receive);
    server.on('connect', (req, socket) => {
      // Not a request for node: no response object comes with it, and no timeout holds for the socket any more.
      const asked = askedOf(req);
      const { remoteAddress } = socket as Socket;
      Promise.resolve(judge?.(remoteAddress) ?? handler(headOf(req), reach)).then((plan) =>
        finishInOrder(socket as Socket, asked, () => plan),
      );
    });
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      answerFault(error, socket as Socket);
    });
  }

  function answer(req: IncomingMessage, res: ServerResponse, reach: Reach): void {
    const asked = askedOf(req);
    counters.planned++;
    const content = contentOf(req, res, limits, counters, lingering);
    if (content !== undefined) contents.set(req.socket, content);
    const status = invalid(req);
    if (status !== undefined) {
      rejected.add(req.socket);
      send({ ...errorPlan(status, common), close: true }, res, asked);
      return;
    }
    const refusal = refusalOf(req.socket);
    if (refusal !== undefined) {
      send(refusal, res, asked);
      return;
    }
    const onGone = (run: () => void) => whenGone(req, res, run);
    const head = { ...headOf(req), content, onGone };
    const plan = handler(head, reachBy(req.socket, reach, transfers));
    if (!(plan instanceof Promise)) {
      send(plan, res, asked);
      return;
    }
    pending.add(res);
    plan.then((answer) => {
      pending.delete(res);
      if (res.destroyed) counters.tellUnanswered(asked, protocolOf(res));
      else send(answer, res, asked);
    });
  }

  function askedOf(req: IncomingMessage): Asked {
    return { began: performance.now(), request: counters.tell && requestedOf(req) };
  }

  function refusalOf(socket: Socket): Answer | undefined {
    // One of the others may end at any time.
    if (sockets.isSurplus(socket)) return { ...slowDown(1000, common), close: true };
    return judge?.(socket.remoteAddress);
  }

  function send(plan: Answer, res: ServerResponse, asked: Asked): void {
    const { socket } = res.req;
    if (closing || sockets.isLast(socket)) res.shouldKeepAlive = false;
    contents.get(socket)?.leave();
    contents.delete(socket);
    try {
      sendPlan(plan, res, asked, outlet);
    } catch (error) {
      log.error(`unexpected: ${textOf(error)}`, 'http1');
      res.destroy();
    }
  }

  /** Answers what node's parser or clock found; then closes. */
  function answerFault(error: NodeJS.ErrnoException, socket: Socket): void {
    if (isLate(error)) counters.timeouts++;
    if (!sockets.isReady(socket)) {
      socket.destroy();
      return;
    }
    breakContent(socket);
    const asked = { began: performance.now(), request: counters.tell && unreadOn(socket) };
    finishInOrder(socket, asked, () =>
      rejected.has(socket) || isSilent(error) ? undefined : errorPlan(statusOf(error), common),
    );
  }

  /** Whoever waits for it answers; nothing is said after that. */
  function breakContent(socket: Socket): void {
    if (contents.get(socket)?.break()) rejected.add(socket);
  }

  /** Gives the last answer of a connection after the answers to the requests before. */
  function finishInOrder(socket: Socket, asked: Asked, lastAnswer: () => Answer | undefined): void {
    const before = lastWaiting(socket) ?? [...pending].find((res) => res.socket === socket);
    if (before !== undefined) {
      socket.pause();
      before.once('close', () => finishInOrder(socket, asked, lastAnswer));
      return;
    }
    const plan = lastAnswer();
    if (plan !== undefined && socket.writable) countLast(plan, asked);
    sockets.finish(socket, plan && wholeText(plan));
  }

  function countLast({ status, body }: Answer, asked: Asked): void {
    const sending = new Sending(counters, status, 'http/1.1', asked);
    if (body.kind === 'bytes') {
      sending.byBytes();
      sending.add(body.bytes.length);
    }
    sending.end('done');
  }

  return {
    async listen(listener, shared = false) {
      const take = async (where: Listener) => {
        const { address, servers: opened } = await listenByNode(where, () => open(listener));
        servers.push(...opened);
        return address;
      };
      if (addon === undefined) {
        return { address: await take(listener), descriptors: [], close() {} };
      }
      return bindBy(addon, listener, { count: 1, shared }, async (sockets) => {
        // Node closes what it listens on.
        const descriptors = sockets.map((socket) => addon.duplicate(socket));
        await take({ ...listener, at: { kind: 'descriptors', descriptors } });
      });
    },
    ...(addon && {
      retire() {
        closing = true;
        takers.end();
        const ended = Promise.all(servers.map(stopListening)).then(() => {
          for (const server of servers) server.close();
          transfers?.close();
        });
        return { left: Promise.resolve(), ended };
      },
    }),
    async close(graceMs) {
      closing = true;
      takers.end();
      lingering.hasten();
      const closed = Promise.all(
        servers.map((server) => new Promise((resolve) => server.close(resolve))),
      );
      // Node closes the connections that are idle now, not those that become so.
      const sweep = setInterval(() => {
        for (const server of servers) server.closeIdleConnections();
      }, SWEEP_MS);
      const deadline = setTimeout(sockets.destroyAll, graceMs);
      await closed;
      clearInterval(sweep);
      clearTimeout(deadline);
      transfers?.close();
    },
    ...(tls && {
      useTls(renewed) {
        for (const server of servers) secured.get(server)?.useTls(renewed);
        tls = renewed;
      },
    }),
    stats: () => ({ ...counters.snapshot(), connections: sockets.size }),
  };
}

/**
 * Resolves when its last connection has ended. What node:http does beyond that when it is closed, it does to clients that ask
 * nothing now, and might the moment after.
 */
function stopListening(server: Server): Promise<void> {
  return new Promise((resolve) => {
    NetServer.prototype.close.call(server, () => resolve());
  });
}

const SWEEP_MS = 50;

/** How often node looks for connections whose request is late; its default of 30 s would stretch every limit. */
const CHECK_INTERVAL_MS = 1000;

function settings(limits: EngineLimits): ServerOptions {
  return {
    noDelay: true,
    // `answer` looks at Host itself: node would reject a missing one only, and without a page.
    requireHostHeader: false,
    joinDuplicateHeaders: true,
    maxHeaderSize: limits.maxHeaderSize,
    headersTimeout: limits.headerTimeoutMs,
    // Content has a time of its own (content.ts), which is no limit of the whole: it may be long, and its client slow.
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(CHECK_INTERVAL_MS, limits.headerTimeoutMs),
    keepAliveTimeout: limits.keepAliveTimeoutMs,
  };
}

/** The status that rejects a head which node's parser let pass, or undefined. */
function invalid(req: IncomingMessage): number | undefined {
  const version = { major: req.httpVersionMajor, minor: req.httpVersionMinor };
  const rejection = rejectionOf(req.method ?? '', req.headers, version);
  return rejection ?? (req.rawHeaders.length > 2 * WIRE.maxFields ? 431 : undefined);
}

function headOf(req: IncomingMessage): RequestHead {
  return {
    method: req.method ?? '',
    target: req.url ?? '',
    fields: requestFields(req.headers),
  };
}
