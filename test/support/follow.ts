// A client of answers that go on: what has come so far, and how they end.
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import type { Address } from './client.ts';
import type { Teardown } from './tree.ts';

export interface Following {
  readonly status: number;
  field(name: string): string | undefined;
  /** The body so far, a character a byte. */
  readonly text: string;
  /** Resolves when this is so of the body; rejects where it ends without. */
  until(isSo: (text: string) => boolean): Promise<void>;
  /** How it ended: as it should, or broken off. */
  readonly ended: Promise<'whole' | 'cut'>;
  /** Takes nothing more, until it is resumed. */
  pause(): void;
  resume(): void;
  /** Goes away. */
  close(): void;
}

/** Asks, and resolves when the head of the answer is there. It goes away with the test. */
export async function follow(
  t: Teardown,
  address: Address,
  path: string,
  fields: Readonly<Record<string, string>> = {},
): Promise<Following> {
  const { head, body, close } = address.http2
    ? await overHttp2(address, path, fields)
    : await overHttp1(address, path, fields);
  t.teardown(close);
  let text = '';
  let isOver = false;
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const one of [...waiting]) one();
  };
  body.setEncoding('latin1');
  body.on('data', (chunk: string) => {
    text += chunk;
    wake();
  });
  const ended = new Promise<'whole' | 'cut'>((resolve) => {
    body.once('end', () => resolve('whole'));
    body.on('error', () => resolve('cut'));
    body.once('close', () => resolve('cut'));
  });
  ended.then(() => {
    isOver = true;
    wake();
  });
  return {
    ...head,
    get text() {
      return text;
    },
    until: (isSo) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!isSo(text) && !isOver) return;
          waiting.delete(look);
          if (isSo(text)) resolve();
          else reject(new Error(`ended after ${JSON.stringify(text.slice(-200))}`));
        };
        waiting.add(look);
        look();
      }),
    ended,
    pause: () => void body.pause(),
    resume: () => void body.resume(),
    close,
  };
}

interface Begun {
  readonly head: Pick<Following, 'status' | 'field'>;
  readonly body: NodeJS.ReadableStream & { once(event: 'close', run: () => void): unknown };
  close(): void;
}

function overHttp1(
  { port, tls }: Address,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<Begun> {
  const options = { port, host: '127.0.0.1', path, headers, agent: false as const };
  const ask = tls
    ? https.request({ ...options, rejectUnauthorized: false })
    : http.request(options);
  return new Promise((resolve, reject) => {
    ask.once('error', reject);
    ask.once('response', (body) => {
      const { statusCode: status = 0 } = body;
      const field = (name: string) =>
        [body.headers[name.toLowerCase()]].flat().join(', ') || undefined;
      // Of a connection that is cut it tells the request, too.
      ask.on('error', () => {});
      resolve({ head: { status, field }, body, close: () => void ask.destroy() });
    });
    ask.end();
  });
}

function overHttp2(
  { port, tls }: Address,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<Begun> {
  const session = http2.connect(`${tls ? 'https' : 'http'}://127.0.0.1:${port}`, {
    rejectUnauthorized: false,
  });
  const body = session.request({ ...headers, ':path': path });
  body.once('close', () => session.close());
  return new Promise((resolve, reject) => {
    session.on('error', reject);
    body.once('error', reject);
    body.once('response', (received) => {
      const field = (name: string) => [received[name.toLowerCase()]].flat().join(', ') || undefined;
      const status = Number(received[':status']);
      resolve({ head: { status, field }, body, close: () => session.destroy() });
    });
  });
}
