// Who asks to be told learns that nobody waits for its answer any more, on every carrier; nobody else's answer is touched.
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import t from 'tap';
import type { Handler } from '../../src/site/answer.ts';
import { type Connection, connect } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import { everyCarrier } from './every.ts';
import { answer, until } from './fixtures.ts';
import { start } from './receiver.ts';

const TEXT = answer(200, ['Content-Length', '2'], { kind: 'bytes', bytes: Buffer.from('ok') });

/** Answers when the gate opens, or when its client is gone; `told`: of which that was so. */
function waiter() {
  const told: string[] = [];
  const gates = new Map<string, () => void>();
  const handler: Handler = async ({ target, onGone }) => {
    const gate = new Promise<void>((resolve) => void gates.set(target, resolve));
    // It asks when all is over.
    if (target.startsWith('/late')) await gate;
    if (target.startsWith('/untold')) {
      await gate;
      return TEXT;
    }
    const gone = new Promise<void>((resolve) => {
      onGone?.(() => {
        told.push(target);
        resolve();
      });
    });
    await (target.startsWith('/late') ? gone : Promise.race([gone, gate]));
    return TEXT;
  };
  return { handler, told, open: (target: string) => gates.get(target)?.() };
}

const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;

for (const carrier of everyCarrier(t, makeTree(t, {}))) {
  const isUws = carrier.title.startsWith('uws');

  if (carrier.http2) {
    t.test(carrier.title, async (t) => {
      const { handler, told, open } = waiter();
      const { transport, asked, address } = await start(t, carrier, handler);
      const begin = () => {
        const url = `${address.tls ? 'https' : 'http'}://localhost:${address.port}`;
        const session = connectHttp2(url, { rejectUnauthorized: false });
        session.on('error', () => {});
        t.teardown(() => session.destroy());
        return session;
      };
      const session = begin();
      const request = (of: typeof session, target: string) =>
        of.request({ ':path': target }).on('error', () => {});
      const [one, two] = [request(session, '/one'), request(session, '/two')];
      await until(() => asked.length === 2);
      one.close();
      await until(() => told.length === 1);
      open('/two');
      await once(two, 'response');
      two.resume();
      await once(two, 'close');
      t.same(told, ['/one'], 'the other streams are not touched');
      const leaving = begin();
      request(leaving, '/a');
      request(leaving, '/b');
      request(leaving, '/late');
      await until(() => asked.length === 5);
      leaving.destroy();
      await until(() => told.length === 3);
      t.same(told.splice(1).sort(), ['/a', '/b']);
      open('/late');
      await until(() => told.length === 2);
      t.equal(told[1], '/late');
      session.destroy();
      await until(() => transport.stats().connections === 0);
    });
    continue;
  }

  t.test(carrier.title, async (t) => {
    const { handler, told, open } = waiter();
    const { transport, asked, address } = await start(t, carrier, handler);
    const ask = async (target: string): Promise<Connection> => {
      const before = asked.length;
      const connection = await connect(address);
      t.teardown(() => connection.close());
      await connection.send(get(target));
      await until(() => asked.length > before);
      return connection;
    };

    t.test('a client that leaves', async (t) => {
      (await ask('/closed')).close();
      await until(() => told.length === 1);
      if (!carrier.tls) {
        (await ask('/reset')).reset();
        await until(() => told.length === 2);
      }
      (await ask('/ended')).end();
      await until(() => told.at(-1) === '/ended');
      await until(() => transport.stats().connections === 0);
      t.same(told.splice(0), carrier.tls ? ['/closed', '/ended'] : ['/closed', '/reset', '/ended']);
    });

    t.test('before somebody asks', async (t) => {
      for (const leave of carrier.tls ? (['close'] as const) : (['close', 'reset'] as const)) {
        (await ask('/late'))[leave]();
        // To node, who has only closed may still wait for the answer (RFC 9112 §9.6).
        const isSeen = carrier.title.startsWith('node') && (carrier.tls || leave === 'reset');
        if (isSeen || isUws) await until(() => transport.stats().connections === 0);
        open('/late');
        await until(() => told.length === 1);
        t.same(told.splice(0), ['/late'], leave);
      }
    });

    t.test('who is answered is not told, and the next one on the connection is', async (t) => {
      const connection = await ask('/answered');
      open('/answered');
      t.equal((await connection.read()).body.toString(), 'ok');
      await connection.send(get('/next'));
      await until(() => asked.at(-1) === '/next');
      connection.close();
      await until(() => told.length === 1);
      t.same(told.splice(0), ['/next']);
    });

    if (!isUws) {
      t.test('who has half-closed is answered where nobody asks', async (t) => {
        const connection = await ask('/untold');
        connection.end();
        // What came behind is known by now.
        const other = await ask('/other');
        other.end();
        await until(() => told.length === 1);
        open('/untold');
        t.equal((await connection.read()).body.toString(), 'ok');
        t.same(told.splice(0), ['/other']);
      });
    }

    t.test('the end of the server', async (t) => {
      const connection = await ask('/last');
      await transport.close(20);
      await until(() => told.length === 1);
      t.same(told, ['/last']);
      connection.close();
    });
  });
}
