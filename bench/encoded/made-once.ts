// Waits for the form that a server makes in the background.
import { connect } from '../client.ts';
import type { BenchRequest } from '../request.ts';

const MADE_MS = 60_000;

/** Asks for it over TLS until the answer is encoded. Rejects where it never is. */
export async function untilEncoded(url: URL, request: BenchRequest): Promise<void> {
  const client = connect(url, 'https');
  try {
    for (const until = performance.now() + MADE_MS; performance.now() < until; ) {
      const { headers, body } = await client.ask(request);
      for await (const _ of body);
      if (headers['content-encoding'] !== undefined) return;
    }
    throw new Error(`${request.path} was not encoded in ${MADE_MS} ms`);
  } finally {
    client.close();
  }
}
