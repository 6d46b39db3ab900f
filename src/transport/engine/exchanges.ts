// Requests that the engine asks about: each is planned, and answered at once or when its answer is there.
import type { NativeEngine } from '../../addon/engine.ts';
import type { FieldList } from '../../http/field-list.ts';
import { type Log, textOf } from '../../log/log.ts';
import { errorPlan } from '../../plan/errors.ts';
import type { RequestHead } from '../../plan/request.ts';
import type { Reach } from '../../plan/types.ts';
import type { Answer, Handler } from '../../site/answer.ts';
import { Contents } from './contents.ts';
import { Feeds } from './feeds.ts';
import type { EngineRecord } from './records.ts';
import { Replies } from './replies.ts';
import { engineReply } from './reply.ts';
import { Watches } from './watches.ts';

/** What is still needed of a request once it has its answer. */
export interface Asking {
  readonly id: number;
  /** As sent, without the query. */
  readonly path: string;
  /** It was asked for before. */
  readonly met: boolean;
}

export interface ExchangesOptions<S> {
  readonly reach: Reach;
  readonly log: Log;
  /** Fields of an answer that failed. */
  readonly common: FieldList;
  /** This was the answer. */
  readonly learn: (site: S, asking: Asking, plan: Answer) => void;
}

type Asked = Extract<EngineRecord, { readonly kind: 'request' }>;

/** What the engine tells of one that it has asked about. */
type Told = Extract<EngineRecord, { readonly kind: 'drained' | 'feed-end' | 'received' | 'gone' }>;

/** Of one engine; `S`: the sites that answer. */
export class Exchanges<S extends { readonly handler: Handler }> {
  readonly #engine: NativeEngine;
  readonly #options: ExchangesOptions<S>;
  readonly #feeds: Feeds;
  readonly #replies: Replies;
  readonly #contents: Contents;
  readonly #watches: Watches;

  constructor(engine: NativeEngine, options: ExchangesOptions<S>) {
    this.#engine = engine;
    this.#options = options;
    this.#feeds = new Feeds(engine, options.log);
    this.#replies = new Replies(engine, (error) => this.#failed(error));
    this.#contents = new Contents(engine);
    this.#watches = new Watches(engine);
  }

  ask(site: S, { id, request, content, met }: Asked): void {
    const head = {
      ...request,
      content: content && this.#contents.of(id, content),
      onGone: (run: () => void) => this.#watches.add(id, run),
    };
    const plan = site.handler(head, this.#options.reach);
    // It may wait for long: the request's head is not kept for it.
    const asking = { id, met, path: pathOf(request) };
    if (plan instanceof Promise) plan.then((answer) => this.#answer(site, asking, answer, true));
    else this.#answer(site, asking, plan, false);
  }

  receive(record: Told): void {
    switch (record.kind) {
      case 'drained':
        this.#feeds.drained(record.id, record.bytes);
        break;
      case 'feed-end':
        this.#feeds.end(record.id);
        break;
      case 'received':
        this.#contents.settle(record.id, record.received);
        break;
      case 'gone':
        this.#watches.tell(record.id);
        break;
    }
  }

  /** The server ends: what only waits ends now. */
  endAll(): void {
    this.#feeds.endAll();
  }

  /** The engine is closed: nobody waits for anything. */
  close(): void {
    this.#feeds.close();
    this.#contents.close();
    this.#watches.close();
  }

  /** `later`: others may get the same at the same time. */
  #answer(site: S, asking: Asking, plan: Answer, later: boolean): void {
    const { id } = asking;
    this.#watches.drop(id);
    try {
      // What is made follows its head.
      if (later && plan.body.kind !== 'feed') this.#replies.post(id, plan);
      else this.#reply(id, plan);
      this.#options.learn(site, asking, plan);
    } catch (error) {
      this.#reply(id, this.#failed(error));
    }
  }

  #reply(id: number, plan: Answer): void {
    const { flags, fields, source, start, end, parts, tail, early } = engineReply(plan);
    this.#engine.reply(id, flags, fields, source, start, end, parts, tail, early);
    if (plan.body.kind === 'feed') this.#feeds.start(id, plan.body.open);
  }

  #failed(error: unknown): Answer {
    this.#options.log.error(`unexpected: ${textOf(error)}`, 'native');
    return errorPlan(500, this.#options.common);
  }
}

/** As sent, without the query. */
export function pathOf({ target }: Pick<RequestHead, 'target'>): string {
  const query = target.indexOf('?');
  return query < 0 ? target : target.slice(0, query);
}
