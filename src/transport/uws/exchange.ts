// A request on uWebSockets.js until nothing more is sent for it.
import type { Asked, Requested } from '../ended.ts';
import type { UwsResponse } from './library.ts';

/** A response and the end of its client, which may come at any time. */
export interface UwsExchange extends Asked {
  readonly res: UwsResponse;
  readonly isHead: boolean;
  gone: boolean;
  /** Nothing more is sent for it: the library has taken its response back. */
  isOver: boolean;
  /** Ends the step in progress when the client goes away. */
  interrupt: () => void;
  /** Is called when the client goes away, in whatever step. */
  onGone: () => void;
  /** Nothing more will be sent: the first call settles the exchange, for it may be aborted in any of its steps. */
  done(): void;
}

/** Calls `settled` once, however the exchange ends. */
export function openExchange(
  res: UwsResponse,
  isHead: boolean,
  settled: () => void,
  request?: Requested,
): UwsExchange {
  const done = () => {
    if (!exchange.isOver) settled();
    exchange.isOver = true;
  };
  // Until there is a step in progress, the end of the client is the end of all.
  const exchange: UwsExchange = {
    res,
    isHead,
    began: performance.now(),
    request,
    gone: false,
    isOver: false,
    interrupt: done,
    onGone() {},
    done,
  };
  res.onAborted(() => {
    exchange.gone = true;
    exchange.onGone();
    exchange.interrupt();
  });
  return exchange;
}

/** Calls it, in the end of its client, beside whoever is told of that already; at once where that has come. */
export function whenGone(exchange: UwsExchange, run: () => void): void {
  const { gone, onGone } = exchange;
  if (gone) {
    run();
    return;
  }
  exchange.onGone = () => {
    onGone();
    run();
  };
}
