// A handler that receives the content of requests, and what tests of it share.
import type { Test } from 'tap';
import type { Received, RequestHead } from '../../src/plan/request.ts';
import type { Answer, Handler } from '../../src/site/answer.ts';
import type { AnyCarrier } from './every.ts';
import { answer, LIMITS, memoryLog } from './fixtures.ts';
import { listenOn } from './listen.ts';

/** Bytes that it receives. */
export const MOST = 4_000_000;

/** What the handler got of each request, in order. */
export type Got = Array<Received | 'none'>;

function text(status: number, words: string): Answer {
  const bytes = Buffer.from(words);
  return answer(status, ['Content-Length', String(bytes.length)], { kind: 'bytes', bytes });
}

/** Receives what has come to `/receive` and leaves the rest of what comes to other paths. */
export function receiver(got: Got, most = MOST): Handler {
  return async ({ target, content }: RequestHead) => {
    if (!target.startsWith('/receive')) return text(200, 'left');
    const received = await content?.receive(most);
    got.push(received ?? 'none');
    switch (received?.kind) {
      case undefined:
        return text(200, 'none');
      case 'whole':
        return text(200, `${received.bytes.length}`);
      case 'too-large':
        return text(413, 'too large');
      case 'gone':
        return text(400, 'gone');
    }
  };
}

/** The carrier with this handler, on a port of its own; `asked`: targets in the order of the requests. */
export async function start(
  t: Test,
  { create, tls, http2 = false }: AnyCarrier,
  handler: Handler,
  limits = LIMITS,
) {
  const asked: string[] = [];
  const noting: Handler = (request, reach) => {
    asked.push(request.target);
    return handler(request, reach);
  };
  const transport = create(noting, memoryLog(), limits);
  const port = await listenOn(t, transport, { tls });
  t.teardown(() => transport.close(0));
  return { transport, asked, address: { port, tls, http2 } };
}

/** What is sent stands still when nothing has left in twenty turns. Resolves to how much has. */
export async function standstill(sent: () => number): Promise<number> {
  let last = -1;
  for (let turns = 0; turns < 20 || last === 0; turns++) {
    if (sent() !== last) turns = 0;
    last = sent();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return last;
}
