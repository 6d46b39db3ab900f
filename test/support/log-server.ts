// A server of a log that answers by a script: what each request is answered with stands in the test.
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { listen } from './listen.ts';
import type { Teardown } from './tree.ts';

export interface Asked {
  readonly method: string;
  /** With its query. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Scripted {
  readonly status: number;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
}

/** An answer, or what is done with the response. */
export type Step = Scripted | ((asked: Asked, response: ServerResponse) => void);

export interface LogServer {
  readonly url: string;
  /** What was asked, in order. */
  readonly asked: readonly Asked[];
}

/** Each request takes the next step; one too many is a 500 that the test sees. */
export async function serveScript(t: Teardown, steps: readonly Step[]): Promise<LogServer> {
  const asked: Asked[] = [];
  const { port } = await listen(t, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const one = { method, target: url, headers, body: Buffer.concat(chunks) };
      const step = steps[asked.push(one) - 1] ?? { status: 418 };
      if (typeof step === 'function') step(one, response);
      else answer(response, step);
    });
  });
  return { url: `http://127.0.0.1:${port}/log`, asked };
}

export function answer(response: ServerResponse, { status, headers, body }: Scripted): void {
  response.writeHead(status, headers).end(body);
}

/** The head and a part of the body, then nothing but a broken connection. */
export function broken(headers: OutgoingHttpHeaders, body: string | Uint8Array): Step {
  return (_, response) => {
    response.writeHead(200, { ...headers, 'content-length': body.length + 1 });
    response.write(body, () => response.destroy());
  };
}

/** No answer at all. */
export const cut: Step = (_, response) => response.destroy();
