// Bodies that wait for what comes: no time runs meanwhile, who leaves is missed without a write, and the end of the server ends
// them whole.
import t from 'tap';
import type { Gone } from '../../src/plan/types.ts';
import { connect, requestBytes } from '../support/client.ts';
import { follow } from '../support/follow.ts';
import { pattern } from '../support/tree.ts';
import { LIMITS, tableHandler, until } from './fixtures.ts';
import { everySender, feed, start } from './made.ts';
import { standstill } from './receiver.ts';

/** Says hello, then every word it is given, and goodbye when the server ends. */
function conversation() {
  const waiting = new Set<() => void>();
  const left: Gone[] = [];
  async function* open(gone: Gone) {
    try {
      yield Buffer.from('hello');
      for (;;) {
        const said = await new Promise<string>((resolve) => {
          const hear = () => resolve(' word');
          waiting.add(hear);
          gone.onEnd(() => {
            waiting.delete(hear);
            resolve(' goodbye');
          });
        });
        if (gone.aborted) return;
        yield Buffer.from(said);
        if (gone.ending) return;
      }
    } finally {
      left.push(gone);
    }
  }
  const say = () => {
    const all = [...waiting];
    waiting.clear();
    for (const hear of all) hear();
  };
  return { open, waiting, left, say };
}

async function* endless() {
  for (;;) {
    await new Promise((resolve) => setImmediate(resolve));
    yield pattern(100_000);
  }
}

for (const carrier of everySender(t)) {
  const isUws = carrier.title.startsWith('uws');
  t.test(carrier.title, async (t) => {
    t.test('who leaves while it waits is missed', async (t) => {
      const talk = conversation();
      const handler = tableHandler({ '/': () => feed(talk.open, true) });
      const { address, transport } = await start(t, carrier, handler);
      // Node resets no connection over which it speaks TLS.
      const ways = carrier.tls ? (['close'] as const) : (['close', 'reset'] as const);
      for (const leave of ways) {
        const connection = await connect(address);
        connection.socket.on('error', () => {});
        await connection.send(requestBytes('/'));
        await until(() => talk.waiting.size === 1);
        connection[leave]();
        await until(() => talk.left.length === 1);
        t.equal(talk.left.pop()?.aborted, true, leave);
        t.equal(talk.waiting.size, 0);
      }
      await until(() => transport.stats().transfers === 0);
      t.equal(transport.stats().aborted, ways.length);
    });

    t.test('the end of the server ends each of them, whole', async (t) => {
      const talk = conversation();
      const handler = tableHandler({ '/': () => feed(talk.open, true) });
      const { address, transport } = await start(t, carrier, handler);
      const many = 100;
      const connections = await Promise.all(Array.from({ length: many }, () => connect(address)));
      t.teardown(() => {
        for (const connection of connections) connection.close();
      });
      for (const connection of connections) await connection.send(requestBytes('/'));
      await until(() => talk.waiting.size === many);
      talk.say();
      await until(() => talk.waiting.size === many);
      const answers = connections.map((connection) => connection.read());
      // Nobody waits for the end of the grace: it is longer than this test may take.
      await transport.close(10 * 60_000);
      for (const { body } of await Promise.all(answers)) {
        t.equal(body.toString(), 'hello word goodbye');
      }
      const { cancelled, aborted, truncated } = transport.stats();
      t.same({ cancelled, aborted, truncated }, { cancelled: 0, aborted: 0, truncated: 0 });
    });

    t.test('who pauses gets all of it, and not only when more comes', async (t) => {
      const piece = pattern(64 * 1024);
      let given = 0;
      let isResumed = false;
      async function* open(gone: Gone) {
        while (!isResumed) {
          given += piece.length;
          yield piece;
        }
        await new Promise<void>((resolve) => gone.onEnd(resolve));
      }
      const { address } = await start(t, carrier, tableHandler({ '/': () => feed(open, true) }));
      const client = await follow(t, address, '/');
      client.pause();
      await standstill(() => given);
      isResumed = true;
      client.resume();
      await client.until((text) => text.length === given);
      t.equal(client.text, piece.toString('latin1').repeat(given / piece.length));
    });

    const tellsNone = (isUws || carrier.title === 'node:http2') && 'tells of no timeouts';
    t.test('no time runs while it waits', { skip: tellsNone }, async (t) => {
      const talk = conversation();
      const handler = tableHandler({
        '/': () => feed(talk.open, true),
        '/endless': () => feed(endless),
      });
      const limits = { ...LIMITS, sendTimeoutMs: 300 };
      const { address, transport } = await start(t, carrier, handler, limits);
      const connection = await connect(address);
      t.teardown(() => connection.close());
      await connection.send(requestBytes('/'));
      await until(() => talk.waiting.size === 1);
      const answer = connection.read();
      const lazy = await connect(address);
      lazy.socket.on('error', () => {});
      lazy.socket.pause();
      lazy.pause();
      await lazy.send(requestBytes('/endless'));
      await until(() => transport.stats().timeouts === 1);
      lazy.close();
      talk.say();
      await until(() => talk.waiting.size === 1);
      void transport.close(10 * 60_000);
      t.equal((await answer).body.toString(), 'hello word goodbye');
    });

    if (carrier.tls || carrier.http2 || isUws) return;
    t.test(
      'a client that half-closes takes no more, unless there is an end to wait for',
      async (t) => {
        const talk = conversation();
        const handler = tableHandler({
          '/live': () => feed(talk.open, true),
          '/made': () => feed(talk.open),
        });
        const { address } = await start(t, carrier, handler);
        const live = await connect(address);
        await live.send(requestBytes('/live'));
        await until(() => talk.waiting.size === 1);
        live.end();
        await until(() => talk.left.length === 1);
        t.equal(talk.left[0]?.aborted, true);
        t.teardown(() => live.close());

        const early = await connect(address);
        await early.send(requestBytes('/live'));
        early.end();
        await until(() => talk.left.length === 2);
        t.equal(talk.left[1]?.aborted, true, 'also before it waits');

        const made = await connect(address);
        t.teardown(() => made.close());
        await made.send(requestBytes('/made'));
        made.end();
        await until(() => talk.waiting.size === 1);
        talk.say();
        await until(() => talk.waiting.size === 1);
        t.equal(talk.left.length, 2);
        made.close();
      },
    );
  });
}
