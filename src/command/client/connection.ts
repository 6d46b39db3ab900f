// Requests to one address by node's own client, one at a time over a connection that is kept.
import { readFileSync } from 'node:fs';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Lost } from './failure.ts';
import { failureOf } from './verdict.ts';

/** The system asks a silent peer whether it is there, milliseconds: nothing else ends a tail that waits for hours. */
const PROBE_MS = 30_000;

/** Until an answer begins, milliseconds; of a long-poll, whose wait is the server's to choose, it is more. */
const ANSWER_MS = 60_000;

/** Between two pieces of a body that is there, milliseconds. */
const SILENT_MS = 60_000;

/** Bytes of a refusal that are read, for its words. */
const MAX_WORDS = 1024;

/** Letters of them that are told. */
const MAX_LINE = 200;

export interface Target {
  readonly url: URL;
  /** By lower-case name. */
  readonly fields: Readonly<Record<string, string>>;
  /** File of certificates to trust instead of node's own. */
  readonly ca: string | undefined;
}

export interface Question {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  /** Added to those of the address. */
  readonly query?: Readonly<Record<string, string>>;
  readonly fields?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Statuses beside 2xx that the caller reads itself. */
  readonly takes?: readonly number[];
  /** Until an answer begins, milliseconds. */
  readonly answerMs?: number;
  /** Between two pieces of its body, milliseconds; for ever where it is 0. */
  readonly silentMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  /** A field's value, by lower-case name. */
  field(name: string): string | undefined;
  /** To be read to its end, or dropped. Ends in `Lost` where the connection does. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Reads what is left of it, and forgets it. */
  drop(): Promise<void>;
  /** In place of reading it: its first line, where it is for people; else empty. */
  words(): Promise<string>;
}

export interface Connection {
  /** Throws `Lost` or `Refused`, and an AbortError where its signal says so. */
  ask(question: Question): Promise<Answer>;
  close(): void;
}

export function connect({ url, fields, ca }: Target): Connection {
  const isSecure = url.protocol === 'https:';
  const send = isSecure ? httpsRequest : httpRequest;
  const limits = { keepAlive: true, keepAliveMsecs: PROBE_MS, maxSockets: 1 };
  const agent = isSecure
    ? new HttpsAgent({ ...limits, ...(ca && { ca: readFileSync(ca) }) })
    : new HttpAgent(limits);
  return {
    async ask(question) {
      const { method, query, body, takes = [], signal } = question;
      const { answerMs = ANSWER_MS, silentMs = SILENT_MS } = question;
      const message = await new Promise<IncomingMessage>((resolve, reject) => {
        const sent = send(withQuery(url, query), {
          ...{ agent, method, timeout: answerMs },
          headers: {
            ...fields,
            ...question.fields,
            ...(body && { 'content-length': String(body.length) }),
          },
          ...(signal && { signal }),
        });
        sent.once('response', resolve);
        sent.on('error', (error) => reject(lossOf(error)));
        sent.once('socket', (socket) => socket.setKeepAlive(true, PROBE_MS));
        sent.once('timeout', () => {
          sent.destroy(new Error(`no answer within ${answerMs / 1000} s`));
        });
        sent.end(body);
      });
      message.setTimeout(0);
      const answer = answerOf(message, silentMs);
      const { status } = answer;
      if ((status >= 200 && status < 300) || takes.includes(status)) return answer;
      throw failureOf(
        {
          status,
          retryAfter: answer.field('retry-after'),
          location: answer.field('location'),
          words: await answer.words(),
        },
        Date.now(),
      );
    },
    close: () => agent.destroy(),
  };
}

function withQuery(url: URL, query: Readonly<Record<string, string>> = {}): URL {
  const whole = new URL(url);
  for (const [name, value] of Object.entries(query)) whole.searchParams.set(name, value);
  // One order for all clients: caches on the way tell addresses apart by their text.
  if (Object.keys(query).length > 0) whole.searchParams.sort();
  return whole;
}

function answerOf(message: IncomingMessage, silentMs: number): Answer {
  const body = read(message, silentMs);
  const field = (name: string) => {
    const value = message.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  };
  return {
    status: message.statusCode ?? 0,
    ...{ field, body },
    async drop() {
      for await (const _ of body);
    },
    words: () => wordsOf(body, field('content-type') ?? ''),
  };
}

async function* read(message: IncomingMessage, silentMs: number): AsyncGenerator<Uint8Array> {
  const pieces = message[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  const silent = () => message.destroy(new Error(`nothing came for ${silentMs / 1000} s`));
  try {
    for (;;) {
      // Not the socket's own: it also counts the time in which nobody wants to read.
      const timer = silentMs === 0 ? undefined : setTimeout(silent, silentMs);
      const next = await pieces.next().finally(() => clearTimeout(timer));
      if (next.done) return;
      yield next.value;
    }
  } catch (error) {
    throw lossOf(error as Error);
  } finally {
    await pieces.return?.();
  }
}

/** Reads it in any case: what is left unread would keep the connection from the next request. */
async function wordsOf(body: AsyncIterable<Uint8Array>, contentType: string): Promise<string> {
  let words = '';
  for await (const chunk of body) {
    words += Buffer.from(chunk).toString('latin1');
    if (words.length >= MAX_WORDS) break;
  }
  if (!/^(text\/plain|application\/(problem\+)?json)/.test(contentType)) return '';
  const [line = ''] = words.trim().split('\n');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: nothing of it may reach a terminal
  return line.slice(0, MAX_LINE).replace(/[\x00-\x1f\x7f-\x9f]/g, '');
}

function lossOf(error: NodeJS.ErrnoException): Error {
  if (error.name === 'AbortError') return error;
  const { code, message } = error;
  if (code === 'ECONNRESET' || code === 'EPIPE') return new Lost(`the connection broke (${code})`);
  return new Lost(code === undefined ? message : `no connection (${code})`);
}
