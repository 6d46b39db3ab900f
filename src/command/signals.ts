// What signals mean to the command: stop, or nothing that could end the server by surprise.
import { constants } from 'node:os';
import { isatty } from 'node:tty';

export interface SignalHandlers {
  /** The first signal that stops: what is in flight is to be finished. */
  readonly onStop: () => void;
  /** Another one: exit at once with this status. */
  readonly onStopAgain: (status: number) => void;
  /** A signal that a daemon gets for other reasons. */
  readonly onOther: (signal: OtherSignal) => void;
}

export type OtherSignal = (typeof OTHER)[number];

const STOP = ['SIGINT', 'SIGTERM', 'SIGQUIT'] as const;

/**
 * Without a listener HUP and USR2 end the process, and USR1 opens Node's debugger port to whoever can reach it; log
 * rotation and process managers send all three.
 */
const OTHER = ['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;

/** Listens from now on. HUP stops as well where it means that the terminal is gone, and with it the user. */
export function listenForSignals({ onStop, onStopAgain, onOther }: SignalHandlers): void {
  const terminals = [0, 1, 2].filter((fd) => isatty(fd));
  let stopping = false;

  const stop = (signal: NodeJS.Signals) => {
    if (stopping) return onStopAgain(128 + constants.signals[signal]);
    stopping = true;
    onStop();
  };
  for (const signal of STOP) process.on(signal, stop);
  for (const signal of OTHER) {
    process.on(signal, () => {
      const isHungUp = signal === 'SIGHUP' && terminals.length > 0 && !terminals.some(isatty);
      if (!isHungUp) onOther(signal);
      else if (!stopping) stop(signal);
    });
  }
}
