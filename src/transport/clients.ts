// Limits by the address of a client, for carriers whose requests come through this process. The engine has its own
// (native/net/request_rates.h, native/net/presence.h), on all its threads together.
import type { EngineLimits, RequestRate } from '../addon/engine.ts';
import type { FieldList } from '../http/field-list.ts';
import { errorPlan } from '../plan/errors.ts';
import type { ResponsePlan } from '../plan/types.ts';
import { clientKeyOf, inNetworks } from '../rules/networks.ts';
import type { Counters } from './counters.ts';

/** The answer to a client at this address, whatever it asks, that may not ask or asks too often; undefined: it may. */
export type JudgeClient = (address: string | undefined) => ResponsePlan<never> | undefined;

/** `now`: milliseconds, monotonic. Undefined where every client may ask. */
export function judgeOf(
  { allow, deny, requestRate }: Pick<EngineLimits, 'allow' | 'deny' | 'requestRate'>,
  common: FieldList,
  counters: Counters,
  now: () => number,
): JudgeClient | undefined {
  const rates = requestRate && new RequestRates(requestRate);
  if (allow.length + deny.length === 0 && rates === undefined) return undefined;
  const isAllowed = inNetworks(allow);
  const isDenied = inNetworks(deny);
  return (address = '') => {
    const client = clientKeyOf(address);
    // Of no address: on a Unix socket, whose permissions say who may.
    if (client === undefined) return undefined;
    if (isDenied(address) || (allow.length > 0 && !isAllowed(address))) {
      counters.forbidden++;
      return { ...errorPlan(403, common), close: true };
    }
    const wait = rates?.take(client, now()) ?? 0;
    if (wait === 0) return undefined;
    counters.limited++;
    return slowDown(wait, common);
  };
}

/** To wait for as long as it takes to be answered again. */
export function slowDown(waitMs: number, common: FieldList): ResponsePlan<never> {
  return errorPlan(429, ['Retry-After', String(Math.ceil(waitMs / 1000)), ...common]);
}

/** Clients whose buckets are known; beyond them the one that asked longest ago starts anew. */
const MAX_CLIENTS = 65_536;

/** A token bucket for each client. */
export class RequestRates {
  readonly #intervalMs: number;
  readonly #depthMs: number;
  /** When each bucket will be full again, if nothing is taken; who asked last is last. */
  readonly #fullAt = new Map<string, number>();

  constructor({ requests, periodMs, burst }: RequestRate) {
    this.#intervalMs = periodMs / requests;
    this.#depthMs = this.#intervalMs * burst;
  }

  /** One request more of this client. Returns 0 where it may be answered, or milliseconds until one may. */
  take(client: string, now: number): number {
    const fullAt = Math.max(this.#fullAt.get(client) ?? 0, now);
    const taken = fullAt + this.#intervalMs;
    const wait = taken - this.#depthMs - now;
    this.#fullAt.delete(client);
    this.#fullAt.set(client, wait > ROUNDING_MS ? fullAt : taken);
    if (this.#fullAt.size > MAX_CLIENTS) {
      const [oldest] = this.#fullAt.keys();
      this.#fullAt.delete(oldest ?? '');
    }
    return wait > ROUNDING_MS ? wait : 0;
  }
}

/** An interval may be no number of binary digits. */
const ROUNDING_MS = 1e-6;
