// Answers that were waited for: what many get at the same time goes to the engine once for all of them.
import type { NativeEngine } from '../../addon/engine.ts';
import type { Answer } from '../../site/answer.ts';
import { engineReply } from './reply.ts';

/** One answer, and whose it is. */
interface Parcel {
  readonly plan: Answer;
  readonly ids: number[];
}

export class Replies {
  readonly #engine: Pick<NativeEngine, 'replyAll'>;
  readonly #fail: (error: unknown) => Answer;
  #parcels: Parcel[] = [];

  /** `fail`: what is answered where an answer cannot be sent. */
  constructor(engine: Pick<NativeEngine, 'replyAll'>, fail: (error: unknown) => Answer) {
    this.#engine = engine;
    this.#fail = fail;
  }

  /** In a microtask: by then all that were woken together have their answers. */
  post(id: number, plan: Answer): void {
    const last = this.#parcels.at(-1);
    if (last?.plan === plan) {
      last.ids.push(id);
      return;
    }
    if (last === undefined) queueMicrotask(() => this.#send());
    this.#parcels.push({ plan, ids: [id] });
  }

  #send(): void {
    const parcels = this.#parcels;
    this.#parcels = [];
    for (const { plan, ids } of parcels) {
      try {
        this.#reply(ids, plan);
      } catch (error) {
        this.#reply(ids, this.#fail(error));
      }
    }
  }

  #reply(ids: readonly number[], plan: Answer): void {
    const { flags, fields, source, start, end, parts, tail, early } = engineReply(plan);
    this.#engine.replyAll(ids, flags, fields, source, start, end, parts, tail, early);
  }
}
