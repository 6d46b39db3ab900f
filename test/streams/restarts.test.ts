// Producers and a reader over HTTP, while their server is killed and started again: nothing is lost, nothing there twice.
// The same with the protocol's own client and a million messages: million.ts.
import t from 'tap';
import { persistentFetch, startKilled } from './restarts.ts';

const PRODUCERS = 4;
const BATCHES = 60;
const MESSAGES = 10;
const KILLS = 3;

interface Message {
  readonly producer: number;
  readonly n: number;
}

/** Those of one append, and the next ones of its producer. */
function batchOf(producer: number, seq: number): readonly Message[] {
  return Array.from({ length: MESSAGES }, (_, i) => ({ producer, n: seq * MESSAGES + i }));
}

for (const durability of ['group', 'none']) {
  t.test(durability, async (t) => {
    const server = await startKilled(t, [`--durability=${durability}`]);
    const url = `${server.url}/messages`;
    const ask = persistentFetch();
    const json = { 'content-type': 'application/json' };
    t.equal((await ask(url, { method: 'PUT', headers: json })).status, 201);

    let acknowledged = 0;
    let restarting = Promise.resolve();
    let kills = 0;
    const isDue = () => acknowledged > ((kills + 0.5) / KILLS) * PRODUCERS * BATCHES;
    const produce = async (producer: number) => {
      for (let seq = 0; seq < BATCHES; seq++) {
        const fields = {
          'producer-id': `${producer}`,
          'producer-epoch': '0',
          'producer-seq': `${seq}`,
        };
        const body = JSON.stringify(batchOf(producer, seq));
        const { status } = await ask(url, {
          method: 'POST',
          headers: { ...json, ...fields },
          body,
        });
        if (status !== 200 && status !== 204) throw new Error(`${status} to an append`);
        acknowledged++;
        // While the others append.
        if (kills < KILLS && isDue()) {
          kills++;
          restarting = restarting.then(() => server.restart());
        }
      }
    };

    const seen: Message[] = [];
    const read = async () => {
      let offset = '-1';
      for (let closed = false; !closed; ) {
        const answer = await ask(`${url}?offset=${offset}&live=long-poll`);
        if (answer.status === 200) seen.push(...((await answer.json()) as Message[]));
        offset = answer.headers.get('stream-next-offset') ?? offset;
        closed = answer.headers.get('stream-closed') === 'true';
      }
    };
    const reading = read();
    await Promise.all(Array.from({ length: PRODUCERS }, (_, producer) => produce(producer)));
    await restarting;
    t.equal(kills, KILLS);
    await ask(url, { method: 'POST', headers: { 'stream-closed': 'true' } });
    await reading;

    for (let producer = 0; producer < PRODUCERS; producer++) {
      const own = seen.filter((message) => message.producer === producer).map(({ n }) => n);
      t.same(
        own,
        [...Array(BATCHES * MESSAGES).keys()],
        `all of producer ${producer}, once, in order`,
      );
    }
    t.same(
      await (await ask(`${url}?offset=-1`)).json(),
      seen,
      'whoever comes later reads the same',
    );
    t.equal(await server.stop(), 0);
  });
}
