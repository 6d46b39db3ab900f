// Pieces of files in bodies that are made while they are sent: byte for byte while the files grow, by sendfile where that is
// worth it, and never taken for whole where they are cut.
import { truncateSync } from 'node:fs';
import t from 'tap';
import type { FileEntry } from '../../src/files/entry.ts';
import type { FilePiece } from '../../src/plan/types.ts';
import type { TransportStats } from '../../src/transport/transport.ts';
import { connect, requestBytes } from '../support/client.ts';
import { pattern } from '../support/tree.ts';
import { LIMITS, tableHandler, until } from './fixtures.ts';
import { BY_TRANSFERS, everySender, feed, growingFile, start } from './made.ts';

const SIZE = 3_000_001;
const bytes = pattern(SIZE);
const { sendfileMin } = LIMITS;
const keepAlive = { fields: { connection: 'keep-alive' } };

/** Bytes of the file in pieces of all sizes, with bytes between them. */
async function* mixed(file: FileEntry): AsyncGenerator<Uint8Array | FilePiece<FileEntry>> {
  for (let at = 0, size = 1; at < SIZE; size = (size * 7 + 1) % 250_000) {
    if (size % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
    const end = Math.min(SIZE, at + size);
    yield { file, span: { start: at, end } };
    yield Buffer.from(`<${end}>`);
    at = end;
  }
}

/** The same as whoever reads it sees it, and how much of it is long enough for a descriptor. */
function expected(): { readonly whole: Buffer; readonly long: number; readonly between: number } {
  const parts: Buffer[] = [];
  let long = 0;
  for (let at = 0, size = 1; at < SIZE; size = (size * 7 + 1) % 250_000) {
    const end = Math.min(SIZE, at + size);
    if (end - at >= sendfileMin) long += end - at;
    parts.push(bytes.subarray(at, end), Buffer.from(`<${end}>`));
    at = end;
  }
  const whole = Buffer.concat(parts);
  return { whole, long, between: whole.length - SIZE };
}

const sum = ({ byStrategy }: TransportStats, strategy: string) =>
  Object.entries(byStrategy)
    .filter(([key]) => key.startsWith(strategy))
    .reduce((all, [, { bytes }]) => all + bytes, 0);

for (const carrier of everySender(t)) {
  const takesFiles = carrier.title === 'native' || carrier.title === BY_TRANSFERS;

  t.test(carrier.title, async (t) => {
    t.test('every byte, and the connection goes on', async (t) => {
      const { file, grow } = await growingFile(t, SIZE, carrier);
      const handler = tableHandler({
        '/mixed': () => feed(() => mixed(file)),
        '/whole': () =>
          feed(async function* () {
            yield { file, span: { start: 0, end: SIZE } };
          }),
      });
      const { address, transport } = await start(t, carrier, handler);
      void grow();
      const connection = await connect(address);
      t.teardown(() => connection.close());
      const { whole, long, between } = expected();
      const read = async (target: string) => {
        await connection.send(requestBytes(target, keepAlive));
        return (await connection.read()).body;
      };
      t.ok((await read('/mixed')).equals(whole));
      await until(() => transport.stats().transfers === 0);
      const mix = transport.stats();
      t.same(mix.byStrategy.feed, { responses: 1, bytes: between }, 'what was made');
      t.equal(sum(mix, 'sendfile'), takesFiles ? long : 0, 'long pieces by sendfile');
      t.equal(sum(mix, 'sendfile') + sum(mix, 'read'), SIZE);

      t.ok((await read('/whole')).equals(bytes));
      t.ok((await read('/whole')).equals(bytes));
      await until(() => transport.stats().transfers === 0);
      t.equal(sum(transport.stats(), 'sendfile') - sum(mix, 'sendfile'), takesFiles ? 2 * SIZE : 0);
      t.match(transport.stats(), { aborted: 0, truncated: 0 });
    });

    t.test('pieces of two files, one behind the other', async (t) => {
      const one = await growingFile(t, 200_000, carrier);
      const two = await growingFile(t, 200_000, carrier, 7);
      const spans = [0, 100, 70_100, 199_990].map((from) => ({ start: from, end: 200_000 }));
      const handler = tableHandler({
        '/': () =>
          feed(async function* () {
            for (const span of spans) {
              yield { file: one.file, span };
              yield { file: two.file, span };
            }
          }),
      });
      const { address } = await start(t, carrier, handler);
      const connection = await connect(address);
      t.teardown(() => connection.close());
      await connection.send(requestBytes('/'));
      const both = spans.flatMap(({ start, end }) =>
        [pattern(200_000), pattern(200_000, 7)].map((whole) => whole.subarray(start, end)),
      );
      t.ok((await connection.read()).body.equals(Buffer.concat(both)));
    });

    t.test('what a file has lost is not made up for', async (t) => {
      const { path, file } = await growingFile(t, SIZE, carrier);
      const handler = tableHandler({
        '/long': () =>
          feed(async function* () {
            yield Buffer.from('first');
            yield { file, span: { start: 0, end: SIZE } };
          }),
        '/short': () =>
          feed(async function* () {
            yield { file, span: { start: SIZE - 10, end: SIZE } };
          }),
      });
      const { address, transport, log } = await start(t, carrier, handler);
      truncateSync(path, 1_000_000);
      for (const target of ['/long', '/short']) {
        const connection = await connect(address);
        await connection.send(requestBytes(target, keepAlive));
        await t.rejects(connection.read(), /closed/, target);
        connection.close();
      }
      await until(() => log.lines.length === 2);
      for (const line of log.lines) t.match(line, /a\.log: (truncated|changed) while it was sent/);
      t.match(transport.stats(), { truncated: 2, aborted: 0, transfers: 0 });
    });

    t.test('a client that is slow gets all of it', async (t) => {
      const { file } = await growingFile(t, SIZE, carrier);
      const times = 12;
      const handler = tableHandler({
        '/': () =>
          feed(async function* () {
            for (let i = 0; i < times; i++) yield { file, span: { start: 0, end: SIZE } };
          }),
      });
      const { address, transport } = await start(t, carrier, handler);
      const connection = await connect(address);
      t.teardown(() => connection.close());
      connection.socket.pause();
      connection.pause();
      await connection.send(requestBytes('/'));
      await until(() => transport.stats().transfers === 1);
      connection.socket.resume();
      connection.resume();
      const { body } = await connection.read();
      t.equal(body.length, times * SIZE);
      t.ok(body.subarray(-SIZE).equals(bytes));
    });
  });

  if (carrier.tls || carrier.http2 || carrier.title === 'uws') continue;
  t.test(`${carrier.title}: for HTTP/1.0 without chunks`, async (t) => {
    const { file } = await growingFile(t, SIZE, carrier);
    const { address } = await start(
      t,
      carrier,
      tableHandler({ '/': () => feed(() => mixed(file)) }),
    );
    const connection = await connect(address);
    await connection.send('GET / HTTP/1.0\r\nHost: a\r\n\r\n');
    const answer = await connection.rest();
    t.ok(answer.subarray(answer.indexOf('\r\n\r\n') + 4).equals(expected().whole));
  });
}
