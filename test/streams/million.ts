// npm run test:streams:million: the protocol's own client writes 10⁶ messages and reads them as they come, while the server
// is killed and started again. ZCSERVE_MESSAGES, ZCSERVE_KILLS and ZCSERVE_DURABILITY say otherwise; in small, without that
// client: restarts.test.ts.
import t from 'tap';
import { persistentFetch, startKilled } from './restarts.ts';

const MESSAGES = Number(process.env.ZCSERVE_MESSAGES ?? 1_000_000);
const KILLS = Number(process.env.ZCSERVE_KILLS ?? 20);
const DURABILITY = process.env.ZCSERVE_DURABILITY ?? 'group';
/** What a producer is handed before it is waited for. */
const UNDER_WAY = 5000;

/** Of @durable-streams/client, what is used. */
interface Client {
  readonly DurableStream: { create(options: object): Promise<object> };
  readonly IdempotentProducer: new (
    stream: object,
    id: string,
    options: object,
  ) => { append(message: string): void; flush(): Promise<void>; close(): Promise<unknown> };
  stream(options: object): Promise<{
    subscribeJson(take: (batch: Batch) => void): () => void;
  }>;
}

interface Batch {
  readonly items: readonly Message[];
  readonly streamClosed: boolean;
}

interface Message {
  readonly n: number;
  readonly text: string;
}

const place = 'conformance/node_modules/@durable-streams/client/dist/index.js';
const client = (await import(new URL(place, import.meta.url).href)) as Client;

t.setTimeout(3_600_000);

t.test(`${MESSAGES} messages, killed ${KILLS} times, ${DURABILITY}`, async (t) => {
  const server = await startKilled(t, [`--durability=${DURABILITY}`]);
  const url = `${server.url}/million`;
  let failures = 0;
  const fetch = persistentFetch(() => failures++);
  const stream = await client.DurableStream.create({ url, contentType: 'application/json', fetch });
  const errors: Error[] = [];
  const onError = (error: Error) => errors.push(error);
  const producer = new client.IdempotentProducer(stream, 'writer', {
    fetch,
    onError,
    lingerMs: 1,
    maxBatchBytes: 16_384,
  });

  const live = follow(url, fetch);
  let kills = 0;
  let restarting = Promise.resolve();
  const began = performance.now();
  for (let n = 0; n < MESSAGES; n++) {
    producer.append(JSON.stringify({ n, text: 'x'.repeat(lengthOf(n)) }));
    if (n % UNDER_WAY !== UNDER_WAY - 1) continue;
    if (kills < KILLS && n > ((kills + 0.5) / KILLS) * MESSAGES) {
      kills++;
      restarting = restarting.then(() => server.restart());
    }
    await producer.flush();
  }
  await restarting;
  await producer.close();
  const written = (performance.now() - began) / 1000;
  t.same(errors, []);
  t.equal(kills, KILLS);
  t.same(await live, { messages: MESSAGES, wrong: [] }, 'whoever read them as they came');
  t.same(await follow(url, fetch), { messages: MESSAGES, wrong: [] }, 'whoever reads them now');
  t.equal(await server.stop(), 0);
  t.comment(
    `${MESSAGES} in ${written.toFixed(0)} s, ${kills} kills, ${failures} requests were sent again`,
  );
});

/**
 * Reads what comes, to the end of the stream, and counts it; what is not the next one is told. (Its `json()` takes no page
 * of more messages than a call can have arguments.)
 */
async function follow(url: string, fetch: typeof globalThis.fetch) {
  let messages = 0;
  const wrong: string[] = [];
  const response = await client.stream({ url, offset: '-1', live: 'long-poll', json: true, fetch });
  // Its `closed` may come before the last page does.
  await new Promise<void>((resolve) => {
    response.subscribeJson(({ items, streamClosed }) => {
      for (const { n, text } of items) {
        if (n !== messages || text.length !== lengthOf(n)) wrong.push(`${n} is number ${messages}`);
        messages++;
      }
      if (streamClosed) resolve();
    });
  });
  return { messages, wrong: wrong.slice(0, 10) };
}

/** Of a message's text. */
function lengthOf(n: number): number {
  return (n * 37) % 100;
}
