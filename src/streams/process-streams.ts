// What a process has of its server's streams. What does it is loaded where there are some.
import type { Producer } from './store/types.ts';

/** What a stream of the process's own has not done, by `code`. */
export class StreamError extends Error {
  override readonly name = 'StreamError';
  /**
   * `none`: the server has no streams, or another process has them · `missing` · `other-type` · `invalid`: no JSON, no
   * content type, no offset · and what becomes of an append or a creation otherwise.
   */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export interface StreamAppendOptions {
  /** Of the stream: one that is not there yet is created with it (application/octet-stream), one that is there has it. */
  readonly contentType?: string;
  /** Greater, by its bytes, than that of any append before (Stream-Seq). */
  readonly seq?: string;
  /** The same append, once more, is none. */
  readonly producer?: Producer;
  /** Nothing can be appended after it. */
  readonly close?: boolean;
}

export interface StreamAppended {
  /** Behind it. */
  readonly offset: string;
  readonly closed: boolean;
  /** It was there already. */
  readonly duplicate: boolean;
}

export interface StreamChunk {
  /** Of a stream of JSON an array of messages, as its readers over HTTP get it. */
  readonly bytes: Uint8Array;
  /** Behind it: where to go on from. */
  readonly offset: string;
}

export interface ProcessStreams {
  /**
   * Appends to the stream of this name (what follows the prefix in its path), and resolves when it is as durable as the server
   * has them. Nobody may change the bytes until then; empty ones only close. Rejects with a StreamError.
   */
  append(
    name: string,
    bytes: Uint8Array | string,
    options?: StreamAppendOptions,
  ): Promise<StreamAppended>;
  /**
   * What is there from this offset on (`-1`: the start; `now`), and then what comes, until the stream is closed or gone, the
   * server ends, or the signal aborts. Throws a StreamError where there is no such stream, or place in it.
   */
  tail(
    name: string,
    offset?: string,
    options?: { readonly signal?: AbortSignal | undefined },
  ): AsyncIterable<StreamChunk>;
}

/** Throws a StreamError where there are none. */
export function opened<T>(streams: T | undefined): T {
  if (streams === undefined) throw new StreamError('none', 'the server has no streams');
  return streams;
}

/** `current`: those of the moment. */
export function currentStreams(current: () => ProcessStreams | undefined): ProcessStreams {
  return {
    append: async (...asked) => opened(current()).append(...asked),
    async *tail(...asked) {
      yield* opened(current()).tail(...asked);
    },
  };
}
