// The content of requests over HTTP/2: a first window comes with the request, the rest when somebody receives it, and other
// streams go on meanwhile.
import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import type { Socket } from 'node:net';
import t, { type Test } from 'tap';
import type { Handler } from '../../src/site/answer.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { everyCarrier } from '../transport/every.ts';
import { LIMITS, until } from '../transport/fixtures.ts';
import { type Got, MOST, receiver, standstill, start } from '../transport/receiver.ts';

const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR, NGHTTP2_PROTOCOL_ERROR } = constants;

const WINDOW = 65_535;
const AMPLE = 30_000_000;

function sessionTo(t: Test, { port, tls }: { port: number; tls: boolean }): ClientHttp2Session {
  const session = connect(`${tls ? 'https' : 'http'}://localhost:${port}`, {
    rejectUnauthorized: false,
    // MB that it may hold: all that has to wait here.
    maxSessionMemory: 100,
  });
  session.on('error', () => {});
  t.teardown(() => session.destroy());
  return session;
}

function post(session: ClientHttp2Session, target: string, fields = {}): ClientHttp2Stream {
  const stream = session.request({ ':method': 'POST', ':path': target, ...fields });
  stream.on('error', () => {});
  return stream;
}

/** Status and body, and how the stream has ended. */
async function answerOn(stream: ClientHttp2Stream) {
  let status: unknown;
  let body = '';
  stream.once('response', (fields) => {
    status = fields[':status'];
  });
  stream.setEncoding('latin1').on('data', (text) => {
    body += text;
  });
  // Not `once`: an error is no end of its own.
  await new Promise<void>((resolve) => stream.once('close', resolve));
  return { status, body, code: stream.rstCode };
}

const whole = (bytes: Buffer) => ({ kind: 'whole', bytes });

const carriers = everyCarrier(t, makeTree(t, {})).filter(({ http2 }) => http2);

for (const carrier of carriers) {
  t.test(carrier.title, async (t) => {
    t.test(
      'whole, of all sizes, with and without its length, in frames of all sizes',
      async (t) => {
        const got: Got = [];
        const { address } = await start(t, carrier, receiver(got));
        const session = sessionTo(t, address);
        for (const size of [0, 1, 1000, 16_384, 16_385, WINDOW, WINDOW + 1, 300_000, MOST]) {
          const bytes = pattern(size);
          for (const fields of [{}, { 'content-length': size }]) {
            const stream = post(session, '/receive', fields);
            const answered = answerOn(stream);
            for (let at = 0, piece = 1; at < size; at += piece, piece = piece * 7 + 1) {
              stream.write(bytes.subarray(at, at + piece));
            }
            stream.end();
            const { status } = await answered;
            t.equal(status, 200);
            const [received] = got.splice(0);
            if (size === 0) t.ok(received === 'none' || received?.kind === 'whole');
            else t.match(received, whole(bytes), `${size} bytes`);
          }
        }
      },
    );

    t.test('many at a time', async (t) => {
      const got: Got = [];
      const { address } = await start(t, carrier, receiver(got));
      const session = sessionTo(t, address);
      const answers = Array.from({ length: 60 }, async (_, i) => {
        const stream = post(session, '/receive');
        stream.end(pattern(10_000 + 1000 * i));
        return (await answerOn(stream)).body;
      });
      t.same(
        await Promise.all(answers),
        answers.map((_, i) => String(10_000 + 1000 * i)),
      );
    });

    t.test('it stays with its client until somebody asks for it; others go on', async (t) => {
      const got: Got = [];
      let open = () => {};
      const gate = new Promise<void>((resolve) => {
        open = resolve;
      });
      const receive = receiver(got, AMPLE);
      const gated: Handler = async (request, reach) => {
        if (request.target === '/receive/gated') await gate;
        return receive(request, reach);
      };
      const { address } = await start(t, carrier, gated);
      const session = sessionTo(t, address);
      await once(session, 'connect');
      const bytes = pattern(AMPLE);
      const stream = post(session, '/receive/gated');
      const answered = answerOn(stream);
      stream.end(bytes);
      const { bytesWritten } = session.socket as Socket;
      const sent = () => (session.socket as Socket).bytesWritten - bytesWritten;
      t.ok((await standstill(sent)) < 2 * WINDOW, 'no more than a window has left');
      const other = post(session, '/receive');
      other.end(pattern(MOST));
      t.equal((await answerOn(other)).body, String(MOST), 'another has its own');
      got.length = 0;
      open();
      t.equal((await answered).body, String(AMPLE));
      t.match(got, [whole(bytes)]);
    });

    t.test('too much that nobody asks for has the client wait, and costs it nothing', async (t) => {
      const got: Got = [];
      let open = () => {};
      const gate = new Promise<void>((resolve) => {
        open = resolve;
      });
      const receive = receiver(got);
      const { address, asked } = await start(t, carrier, async (request, reach) => {
        await gate;
        return receive(request, reach);
      });
      const session = sessionTo(t, address);
      const answers = Array.from({ length: 50 }, async () => {
        const stream = post(session, '/receive');
        stream.end(pattern(WINDOW));
        return (await answerOn(stream)).body;
      });
      await until(() => asked.length > 4);
      await standstill(() => (session.socket as Socket).bytesWritten);
      t.ok((session.socket as Socket).bytesWritten < 600_000);
      open();
      t.same(new Set(await Promise.all(answers)), new Set([String(WINDOW)]));
    });

    t.test('more than is wanted, by its length or by its bytes', async (t) => {
      const got: Got = [];
      const { address } = await start(t, carrier, receiver(got, 100_000));
      const session = sessionTo(t, address);
      const told = post(session, '/receive', { 'content-length': 100_001 });
      t.match(await answerOn(told), { status: 413, code: NGHTTP2_NO_ERROR });
      const sent = post(session, '/receive');
      sent.write(pattern(100_001));
      t.match(await answerOn(sent), { status: 413, code: NGHTTP2_NO_ERROR });
      t.same(got.splice(0), Array(2).fill({ kind: 'too-large' }));
      const fits = post(session, '/receive');
      fits.end(pattern(100_000));
      t.match(await answerOn(fits), { status: 200, body: '100000' });
    });

    t.test('who goes on sending what was refused gets the whole answer', async (t) => {
      const bytes = pattern(10 * 2 ** 20);
      // On a connection that goes on, and on one that ends with it.
      for (const keepAliveRequests of [0, 1]) {
        const limits = { ...LIMITS, keepAliveRequests };
        const { address, transport } = await start(t, carrier, receiver([], 1000), limits);
        for (const fields of [{}, { 'content-length': bytes.length }]) {
          const session = sessionTo(t, address);
          const stream = post(session, '/receive', fields);
          stream.end(bytes);
          const { status, body, code } = await answerOn(stream);
          t.same([status, body, code], [413, 'too large', NGHTTP2_NO_ERROR]);
          session.destroy();
        }
        await until(() => transport.stats().connections === 0);
      }
    });

    t.test('of what is refused or left, as much comes as is drained', async (t) => {
      const limits = { ...LIMITS, maxDrain: 500_000 };
      const { address } = await start(t, carrier, receiver([], 1000), limits);
      const session = sessionTo(t, address);
      await once(session, 'connect');
      const { socket } = session;
      // The first window stands still when it is answered.
      const bytes = pattern(5 * WINDOW);
      for (const target of ['/receive', '/left']) {
        const { bytesWritten } = socket as Socket;
        const stream = post(session, target);
        stream.end(bytes);
        t.match(await answerOn(stream), { code: NGHTTP2_NO_ERROR });
        t.ok((socket as Socket).bytesWritten - bytesWritten > 4 * WINDOW, target);
      }
    });

    t.test('who waits for 100 gets it when it is asked for, or the answer', async (t) => {
      const { address } = await start(t, carrier, receiver([]));
      const session = sessionTo(t, address);
      const stream = post(session, '/receive', { expect: '100-continue' });
      const answered = answerOn(stream);
      await once(stream, 'continue');
      stream.end('hello');
      t.match(await answered, { status: 200, body: '5' });
      const left = post(session, '/left', { expect: '100-continue' });
      left.once('continue', () => t.fail('nobody asked'));
      left.once('response', () => left.end());
      t.match(await answerOn(left), { status: 200, body: 'left' });
    });

    t.test('a client that leaves in the middle, by stream or at all', async (t) => {
      const got: Got = [];
      const { address, asked, transport } = await start(t, carrier, receiver(got));
      const session = sessionTo(t, address);
      const stream = post(session, '/receive');
      stream.write(pattern(100_000));
      await until(() => asked.length === 1);
      stream.close(NGHTTP2_CANCEL);
      await until(() => got.length === 1);
      const other = post(session, '/receive');
      other.write(pattern(100_000));
      await until(() => asked.length === 2);
      session.destroy();
      await until(() => got.length === 2);
      t.same(got, Array(2).fill({ kind: 'gone' }));
      await until(() => transport.stats().connections === 0);
    });

    t.test('another length than it has is the end of the stream (RFC 9113 §8.1.1)', async (t) => {
      const got: Got = [];
      const { address, asked } = await start(t, carrier, receiver(got));
      const session = sessionTo(t, address);
      const short = post(session, '/receive', { 'content-length': 100 });
      short.write(pattern(50));
      await until(() => asked.length === 1);
      short.end();
      t.match(await answerOn(short), { status: undefined, code: NGHTTP2_PROTOCOL_ERROR });
      await until(() => got.length === 1);
      t.same(got, [{ kind: 'gone' }]);
    });

    t.test('what nobody receives is dropped', async (t) => {
      const { address } = await start(t, carrier, receiver([]));
      const session = sessionTo(t, address);
      for (const size of [10, WINDOW, LIMITS.maxDrain, 300_000]) {
        const stream = post(session, '/left');
        stream.end(pattern(size));
        t.match(await answerOn(stream), { status: 200, body: 'left', code: NGHTTP2_NO_ERROR });
      }
    });

    t.test('content that stands still has its time', async (t) => {
      const got: Got = [];
      const limits = { ...LIMITS, sendTimeoutMs: 300 };
      const { address, transport } = await start(t, carrier, receiver(got), limits);
      const session = sessionTo(t, address);
      const stream = post(session, '/receive');
      stream.write('h');
      t.match(await answerOn(stream), { status: undefined, code: NGHTTP2_CANCEL });
      await until(() => got.length === 1);
      t.same(got, [{ kind: 'gone' }]);
      t.match(transport.stats(), { timeouts: 1 });
    });

    t.test('the end of the server waits for it as long as it may', async (t) => {
      const got: Got = [];
      const { address, asked, transport } = await start(t, carrier, receiver(got));
      const session = sessionTo(t, address);
      const [whole, part] = [post(session, '/receive'), post(session, '/receive')];
      whole.write('h');
      part.write('h');
      await until(() => asked.length === 2);
      const closed = transport.close(1000);
      whole.end('ello');
      t.match(await answerOn(whole), { status: 200, body: '5' });
      await closed;
      t.match(got, [{ kind: 'whole' }, { kind: 'gone' }]);
    });
  });
}
