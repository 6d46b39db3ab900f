// The content of requests: whole on every carrier that takes it, no more of it than is asked for, and the connection goes on.
import t, { type Test } from 'tap';
import { type Connection, connect } from '../support/client.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { type AnyCarrier, everyCarrier } from './every.ts';
import { LIMITS, until } from './fixtures.ts';
import { type Got, MOST, receiver, standstill, start } from './receiver.ts';

const head = (target: string, lines: string) =>
  `POST ${target} HTTP/1.1\r\nHost: a\r\n${lines}\r\n`;

/** By its length, in one write. */
const sized = (target: string, bytes: Buffer) =>
  Buffer.concat([Buffer.from(head(target, `Content-Length: ${bytes.length}\r\n`)), bytes]);

/** In chunks of these sizes by turns. */
function chunked(target: string, bytes: Buffer, sizes: readonly number[]): Buffer {
  const parts: Buffer[] = [Buffer.from(head(target, 'Transfer-Encoding: chunked\r\n'))];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const chunk = bytes.subarray(at, at + (sizes[turn % sizes.length] ?? 1));
    parts.push(Buffer.from(`${chunk.length.toString(16)};a=b\r\n`), chunk, Buffer.from('\r\n'));
    at += chunk.length;
  }
  return Buffer.concat([...parts, Buffer.from('0\r\nTrailer: x\r\n\r\n')]);
}

/** More than sockets and carriers hold of what nobody has asked for. */
const AMPLE = 30_000_000;

/** What is refused, and sent all the same: more than sockets hold. */
const UPLOAD = 10 * 2 ** 20;

interface Pouring {
  /** Bytes that the kernel took. */
  sent: number;
}

/** Sends as the server takes it. */
function pour({ socket }: Connection, bytes: Buffer): Pouring {
  const pouring = { sent: 0 };
  const next = () => {
    const piece = bytes.subarray(pouring.sent, pouring.sent + 65_536);
    if (piece.length === 0) return;
    socket.write(piece, (error) => {
      if (error) return;
      pouring.sent += piece.length;
      next();
    });
  };
  next();
  return pouring;
}

const SIZES = [1, 2, 1000, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 300_000, MOST];

const all = everyCarrier(t, makeTree(t, {}));

/** Those of uWebSockets.js have tests of their own: chunks, half-closes, 100 (Continue) and times are as its version has them. */
const isUws = ({ title }: AnyCarrier) => title.startsWith('uws');

const carriers = all.filter((carrier) => !carrier.http2 && !isUws(carrier));

for (const carrier of carriers) {
  t.test(carrier.title, async (t) => {
    t.test('whole, of all sizes and framings, on one connection', async (t) => {
      const got: Got = [];
      const { address, transport } = await start(t, carrier, receiver(got));
      const connection = await connect(address);
      t.teardown(() => connection.close());
      for (const size of SIZES) {
        const bytes = pattern(size);
        const framings = [
          sized('/receive', bytes),
          chunked('/receive', bytes, [65_536]),
          chunked('/receive', bytes, [1, 4095, 70_001, 3]),
        ];
        for (const request of framings) {
          await connection.send(request);
          const { status, body } = await connection.read();
          t.equal(`${status} ${body}`, `200 ${size}`);
          const [received] = got.splice(0);
          t.ok(
            typeof received === 'object' &&
              received.kind === 'whole' &&
              bytes.equals(received.bytes),
            `${size} bytes`,
          );
        }
      }
      await connection.send(chunked('/receive', Buffer.of(), [1]));
      t.equal((await connection.read()).body.toString(), '0', 'empty chunked');
      await connection.send(sized('/receive', Buffer.of()));
      t.equal((await connection.read()).body.toString(), 'none', 'a length of 0 is none');
      t.equal(transport.stats().connections, 1);
    });

    t.test('byte by byte', async (t) => {
      const got: Got = [];
      const { address } = await start(t, carrier, receiver(got));
      const connection = await connect(address);
      t.teardown(() => connection.close());
      for (const byte of chunked('/receive', pattern(100), [7, 50])) {
        await connection.send(Buffer.of(byte));
      }
      t.equal((await connection.read()).body.toString(), '100');
      t.match(got, [{ bytes: pattern(100) }]);
    });

    t.test('it stays with its client until somebody asks for it', (t) => checkStays(t, carrier));

    t.test('more than is wanted, by its length or by its bytes', async (t) => {
      const got: Got = [];
      const { address } = await start(t, carrier, receiver(got, 1000));
      const bytes = pattern(1001);
      const partly = [
        Buffer.from(head('/receive', 'Content-Length: 1001\r\n')),
        Buffer.from(head('/receive', 'Content-Length: 99999999999999\r\n')),
        chunked('/receive', pattern(100_000), [700]).subarray(0, 20_000),
      ];
      const whole = [
        sized('/receive', bytes),
        chunked('/receive', bytes, [1001]),
        chunked('/receive', bytes, [1, 900]),
      ];
      for (const request of [...partly, ...whole]) {
        const connection = await connect(address);
        await connection.send(request);
        t.equal((await connection.read()).status, 413);
        if (partly.includes(request)) t.equal((await connection.rest()).length, 0, 'then closed');
        connection.close();
      }
      t.same(got, Array(6).fill({ kind: 'too-large' }));
      const connection = await connect(address);
      t.teardown(() => connection.close());
      await connection.send(chunked('/receive', pattern(1000), [1000]));
      t.equal((await connection.read()).body.toString(), '1000', 'as much as is wanted');
    });

    t.test('who goes on sending what was refused gets the whole answer', async (t) => {
      const { address, transport } = await start(t, carrier, receiver([], 1000));
      const bytes = pattern(UPLOAD);
      const refused: ReadonlyArray<readonly [string, number, Buffer]> = [
        ['by its length', 413, sized('/receive', bytes)],
        ['by its bytes', 413, chunked('/receive', bytes, [10_000])],
        ['unasked, by its length', 200, sized('/left', bytes)],
        ['unasked, by its bytes', 200, chunked('/left', bytes, [10_000])],
      ];
      for (const [what, status, request] of refused) {
        const connection = await connect(address);
        // It looks at no answer before all is sent.
        connection.pause();
        await connection.send(request);
        connection.resume();
        const answer = await connection.read();
        t.same([answer.status, answer.body.length > 0], [status, true], what);
        t.equal((await connection.rest()).length, 0, 'then closed');
        connection.close();
      }
      await until(() => transport.stats().connections === 0);
    });

    t.test('what is refused and goes on without end stays with its client', async (t) => {
      const { address } = await start(t, carrier, receiver([], 1000));
      const connection = await connect(address);
      t.teardown(() => connection.close());
      await connection.send(head('/receive', `Content-Length: ${2 ** 40}\r\n`));
      const piece = pattern(2 ** 20);
      let sent = 0;
      const next = () => {
        connection.socket.write(piece, (error) => {
          if (error) return;
          sent += piece.length;
          next();
        });
      };
      next();
      t.equal((await connection.read()).status, 413);
      const taken = await standstill(() => sent);
      t.ok(taken > UPLOAD && taken < 10 * UPLOAD, `${taken} bytes`);
    });

    t.test('the end of the server waits for no client that goes on sending', async (t) => {
      const { address, transport } = await start(t, carrier, receiver([], 1000));
      const connection = await connect(address);
      t.teardown(() => connection.close());
      await connection.send(head('/receive', 'Content-Length: 100000\r\n'));
      t.equal((await connection.read()).status, 413);
      await transport.close(60_000);
      await until(() => transport.stats().connections === 0);
    });

    t.test('who waits for 100 gets it when it is asked for, or the answer', async (t) => {
      const { address } = await start(t, carrier, receiver([]));
      const expecting = (target: string, lines: string) =>
        head(target, `Expect: 100-continue\r\n${lines}`);
      const connection = await connect(address);
      t.teardown(() => connection.close());
      for (const size of [10, 100_000]) {
        await connection.send(expecting('/receive', `Content-Length: ${size}\r\n`));
        t.equal((await connection.read()).status, 100);
        await connection.send(pattern(size));
        t.equal((await connection.read()).body.toString(), String(size), 'and goes on');
      }
      await connection.send(expecting('/receive', 'Transfer-Encoding: chunked\r\n'));
      t.equal((await connection.read()).status, 100);
      await connection.send('1\r\na\r\n0\r\n\r\n');
      t.equal((await connection.read()).body.toString(), '1');
      await connection.send(expecting('/left', 'Content-Length: 10\r\n'));
      t.equal((await connection.read()).status, 200, 'nobody asked');
      t.equal((await connection.rest()).length, 0, 'then closed');
    });

    t.test('a client that leaves in the middle', async (t) => {
      const got: Got = [];
      const { address, transport, asked } = await start(t, carrier, receiver(got));
      for (const request of [
        sized('/receive', pattern(100_000)),
        chunked('/receive', pattern(100_000), [30_000]),
      ]) {
        const connection = await connect(address);
        await connection.send(request.subarray(0, 50_000));
        await until(() => asked.splice(0).length > 0);
        if (carrier.tls) connection.close();
        else connection.reset();
        await until(() => got.length > 0);
        t.same(got.splice(0), [{ kind: 'gone' }]);
      }
      await until(() => transport.stats().connections === 0);
    });

    t.test('one that says no more than a part of it', async (t) => {
      const got: Got = [];
      const { address, transport } = await start(t, carrier, receiver(got));
      const connection = await connect(address);
      t.teardown(() => connection.close());
      await connection.send(sized('/receive', pattern(100)).subarray(0, -1));
      connection.end();
      await connection.rest();
      t.same(got, [{ kind: 'gone' }]);
      await until(() => transport.stats().connections === 0);
    });

    t.test('chunks that are none', async (t) => {
      const got: Got = [];
      const { address } = await start(t, carrier, receiver(got));
      for (const chunks of ['x\r\n', '3\r\nabcd\r\n', '3\r\nabc\r\n0\r\n\0']) {
        const connection = await connect(address);
        await connection.send(head('/receive', 'Transfer-Encoding: chunked\r\n') + chunks);
        t.equal((await connection.read()).status, 400);
        t.equal((await connection.rest()).length, 0, 'then closed');
        t.same(got.splice(0), [{ kind: 'gone' }]);
        connection.close();
      }
    });

    t.test('requests behind it are answered after it', async (t) => {
      const got: Got = [];
      const { address } = await start(t, carrier, receiver(got));
      const connection = await connect(address);
      t.teardown(() => connection.close());
      const bytes = pattern(20_000);
      await connection.send(
        Buffer.concat([
          sized('/receive/1', bytes),
          chunked('/receive/2', bytes, [999]),
          sized('/left', bytes),
          chunked('/left', bytes, [5000]),
          sized('/receive/3', pattern(10)),
          Buffer.from('HEAD /left HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc'),
          Buffer.from('GET /receive HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc'),
          Buffer.from('GET /receive HTTP/1.1\r\nHost: a\r\n\r\n'),
        ]),
      );
      const bodies: string[] = [];
      for (const method of ['POST', 'POST', 'POST', 'POST', 'POST', 'HEAD', 'GET', 'GET']) {
        bodies.push((await connection.read(method)).body.toString());
      }
      t.same(bodies, ['20000', '20000', 'left', 'left', '10', '', '3', 'none']);
      t.same(
        got.map((one) => typeof one === 'object' && one.kind),
        ['whole', 'whole', 'whole', 'whole', false],
      );
    });

    t.test('what nobody receives is dropped, or ends the connection', async (t) => {
      const { address } = await start(t, carrier, receiver([]));
      const connection = await connect(address);
      t.teardown(() => connection.close());
      const most = pattern(LIMITS.maxDrain);
      for (const request of [sized('/left', most), chunked('/left', most, [10_000])]) {
        await connection.send(request);
        t.equal((await connection.read()).body.toString(), 'left');
      }
      await connection.send(head('/left', `Content-Length: ${LIMITS.maxDrain + 1}\r\n`));
      t.equal((await connection.read()).body.toString(), 'left');
      t.equal((await connection.rest()).length, 0, 'closed');
    });

    t.test('content that stands still has its time', async (t) => {
      const got: Got = [];
      const limits = { ...LIMITS, sendTimeoutMs: 300 };
      const { address, transport } = await start(t, carrier, receiver(got), limits);
      const connection = await connect(address);
      t.teardown(() => connection.close());
      await connection.send(sized('/receive', pattern(100)).subarray(0, -1));
      await connection.rest();
      await until(() => got.length > 0);
      t.same(got, [{ kind: 'gone' }]);
      t.match(transport.stats(), { timeouts: 1 });
      await until(() => transport.stats().connections === 0);
    });

    t.test('the end of the server does not wait for it', async (t) => {
      const got: Got = [];
      const { address, transport, asked } = await start(t, carrier, receiver(got));
      const connection = await connect(address);
      t.teardown(() => connection.close());
      await connection.send(sized('/receive', pattern(100)).subarray(0, -1));
      await until(() => asked.length === 1);
      await transport.close(50);
      await until(() => got.length > 0);
      t.same(got, [{ kind: 'gone' }]);
    });

    t.test('the end of the server waits for it as long as it may', async (t) => {
      const { address, transport, asked } = await start(t, carrier, receiver([]));
      const connection = await connect(address);
      t.teardown(() => connection.close());
      const bytes = sized('/receive', pattern(100));
      await connection.send(bytes.subarray(0, -1));
      await until(() => asked.length === 1);
      const closed = transport.close(60_000);
      await connection.send(bytes.subarray(-1));
      t.equal((await connection.read()).body.toString(), '100');
      await closed;
    });
  });
}

for (const carrier of all.filter(isUws)) {
  t.test(carrier.title, async (t) => {
    t.test('whole, of all sizes, on one connection', async (t) => {
      const got: Got = [];
      const { address, transport } = await start(t, carrier, receiver(got));
      const connection = await connect(address);
      t.teardown(() => connection.close());
      for (const size of SIZES) {
        const bytes = pattern(size);
        await connection.send(sized('/receive', bytes));
        t.equal((await connection.read()).body.toString(), String(size));
        t.match(got.splice(0), [{ kind: 'whole', bytes }], `${size} bytes`);
        await connection.send(sized('/left', pattern(100)));
        t.equal((await connection.read()).body.toString(), 'left');
      }
      t.equal(transport.stats().connections, 1);
    });

    t.test('it stays with its client until somebody asks for it', (t) => checkStays(t, carrier));

    t.test('more than is wanted, and a client that leaves', async (t) => {
      const got: Got = [];
      const { address, asked } = await start(t, carrier, receiver(got, 100_000));
      const large = await connect(address);
      await large.send(head('/receive', 'Content-Length: 100001\r\n'));
      t.equal((await large.read()).status, 413);
      t.equal((await large.rest()).length, 0, 'then closed');
      const leaving = await connect(address);
      await leaving.send(sized('/receive', pattern(100_000)).subarray(0, 50_000));
      await until(() => asked.length === 2);
      leaving.close();
      await until(() => got.length === 2);
      t.same(got, [{ kind: 'too-large' }, { kind: 'gone' }]);
    });

    t.test('who goes on sending what was refused gets the whole answer', async (t) => {
      const { address } = await start(t, carrier, receiver([], 1000));
      for (const [target, status] of [
        ['/receive', 413],
        ['/left', 200],
      ] as const) {
        const connection = await connect(address);
        // It looks at no answer before all is sent.
        connection.pause();
        await connection.send(sized(target, pattern(UPLOAD)));
        connection.resume();
        t.equal((await connection.read()).status, status);
        t.equal((await connection.rest()).length, 0, 'then closed');
        connection.close();
      }
    });
  });
}

async function checkStays(t: Test, carrier: AnyCarrier): Promise<void> {
  const bytes = pattern(AMPLE);
  const got: Got = [];
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const receive = receiver(got, AMPLE);
  const { address } = await start(t, carrier, async (request, reach) => {
    await gate;
    return receive(request, reach);
  });
  const connection = await connect(address);
  t.teardown(() => connection.close());
  const pouring = pour(connection, sized('/receive', bytes));
  t.ok((await standstill(() => pouring.sent)) < AMPLE / 2, `${pouring.sent} bytes have left`);
  open();
  t.equal((await connection.read()).body.toString(), String(AMPLE));
  const [received] = got;
  t.ok(typeof received === 'object' && received.kind === 'whole' && bytes.equals(received.bytes));
}
