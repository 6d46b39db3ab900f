// The access log as the native addon takes it.

/** Lines to a descriptor, by a thread of its own. */
export interface NativeLineWriter {
  /** Queues `text`, which is `lines` whole lines. What cannot be written is lost and counted. */
  write(text: string, lines: number): void;
  /** What is not yet written goes to a duplicate of this descriptor. */
  reopen(fd: number): void;
  /** Nothing more comes. */
  end(): void;
  /** After `end`: all is written or lost. */
  readonly ended: boolean;
  readonly written: number;
  readonly lost: number;
  /** Of the last lines that were lost: the errno's name; empty where none were. */
  readonly error: string;
}

/** How a line of the access log is made (rules/access-format.ts). */
export interface NativeLogFormat {
  /** Flat: a name of WIRE.logValues, and what it is given (`LogStep`). */
  readonly steps: readonly string[];
  readonly json: boolean;
  /** Networks whose word is taken for who the client is. */
  readonly proxies: readonly string[];
  /** With which the ids of requests that brought none begin. */
  readonly id: string;
}
