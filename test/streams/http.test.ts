// Streams over HTTP on every carrier: what is written is read, from any offset, and by those who wait for it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { eventsIn, JSON_TYPE, onEveryCarrier, serve, TEXT } from './carriers.ts';

const START = '0000000000000000_0000000000000000';
const offset = (position: number) => START.slice(0, -8) + String(position).padStart(8, '0');

onEveryCarrier(t, async (t, carrier) => {
  await t.test('a stream is created, appended to, read, closed and deleted', async (t) => {
    const { ask } = await serve(t, carrier);
    const created = await ask('PUT', '/logs/a/b', { fields: TEXT, body: 'one ' });
    t.equal(created.status, 201);
    t.match(created.field('location'), /^https?:\/\/localhost\/logs\/a\/b$/);
    t.equal(created.field('stream-next-offset'), offset(4));
    t.equal((await ask('PUT', '/logs/a/b', { fields: TEXT })).status, 200, 'as it is there');
    t.equal((await ask('PUT', '/logs/a/b', { fields: JSON_TYPE })).status, 409);

    const appended = await ask('POST', '/logs/a/b', { fields: TEXT, body: 'two' });
    t.equal(appended.status, 204);
    t.equal(appended.field('stream-next-offset'), offset(7));
    const read = await ask('GET', '/logs/a/b');
    t.equal(String(read.body), 'one two');
    t.equal(read.field('stream-up-to-date'), 'true');
    t.equal(read.field('stream-closed'), undefined);
    const rest = await ask('GET', `/logs/a/b?offset=${offset(4)}`);
    t.equal(String(rest.body), 'two');
    t.equal(rest.field('cache-control'), 'public, max-age=60, stale-while-revalidate=300');
    const etag = rest.field('etag') ?? '';
    const again = await ask('GET', `/logs/a/b?offset=${offset(4)}`, {
      fields: { 'if-none-match': etag },
    });
    t.equal(again.status, 304);
    t.equal((await ask('GET', `/logs/a/b?offset=${offset(8)}`)).status, 400, 'beyond its end');

    const closed = await ask('POST', '/logs/a/b', {
      fields: { ...TEXT, 'stream-closed': 'true' },
      body: '!',
    });
    t.equal(closed.status, 204);
    t.equal(closed.field('stream-closed'), 'true');
    const late = await ask('POST', '/logs/a/b', { fields: TEXT, body: 'late' });
    t.equal(late.status, 409);
    t.equal(late.field('stream-closed'), 'true');
    t.equal(late.field('stream-next-offset'), offset(8));
    const head = await ask('HEAD', '/logs/a/b');
    t.equal(head.field('stream-closed'), 'true');
    t.equal(head.field('cache-control'), 'no-store');
    const whole = await ask('GET', '/logs/a/b?offset=-1&live=sse');
    t.same(eventsIn(whole.body), [
      { event: 'data', data: 'one two!' },
      {
        event: 'control',
        data: JSON.stringify({
          streamNextOffset: offset(8),
          upToDate: true,
          streamClosed: true,
        }),
      },
    ]);

    t.equal((await ask('DELETE', '/logs/a/b')).status, 204);
    for (const method of ['GET', 'HEAD', 'DELETE', 'POST']) {
      const gone = await ask(
        method,
        '/logs/a/b',
        method === 'POST' ? { fields: TEXT, body: 'x' } : {},
      );
      t.equal(gone.status, 404, method);
      t.equal(gone.field('x-content-type-options'), 'nosniff', method);
    }
  });

  await t.test('messages of JSON are read as an array, from where one begins', async (t) => {
    const { ask, server } = await serve(t, carrier);
    await ask('PUT', '/logs/j', { fields: JSON_TYPE });
    t.equal(String((await ask('GET', '/logs/j')).body), '[]');
    for (const body of ['{"n": 1}', '[2, [3]]', ' "four" ']) {
      t.equal((await ask('POST', '/logs/j', { fields: JSON_TYPE, body })).status, 204);
    }
    const all = await ask('GET', '/logs/j?offset=-1');
    t.equal(all.field('content-length'), String(all.body.length));
    t.same(JSON.parse(String(all.body)), [{ n: 1 }, 2, [3], 'four']);
    t.same(JSON.parse(String((await ask('GET', `/logs/j?offset=${offset(9)}`)).body)), [
      2,
      [3],
      'four',
    ]);
    t.equal((await ask('GET', `/logs/j?offset=${offset(3)}`)).status, 400, 'within a message');
    for (const body of ['{"n":', '[]', '', '1 2']) {
      t.equal((await ask('POST', '/logs/j', { fields: JSON_TYPE, body })).status, 400, body);
    }
    // A page ends where a message does.
    const message = `"${'x'.repeat(1000)}"`;
    await server.streams.append('j', `[${Array(1500).fill(message).join()}]`);
    const first = await ask('GET', '/logs/j?offset=-1');
    t.equal(first.field('stream-up-to-date'), undefined);
    const next = await ask('GET', `/logs/j?offset=${first.field('stream-next-offset')}`);
    t.equal(next.field('stream-up-to-date'), 'true');
    const counts = [first, next].map(({ body }) => (JSON.parse(String(body)) as unknown[]).length);
    t.equal((counts[0] ?? 0) + (counts[1] ?? 0), 4 + 1500);
    t.ok(first.body.length > 0.9 * 2 ** 20, 'a page is large');
  });

  await t.test('a long stream is read in pages', async (t) => {
    const { ask, server } = await serve(t, carrier);
    const append = (bytes: Buffer) => server.streams.append('long', bytes, { contentType: 'x/y' });
    for (let i = 0; i < 5; i++) await append(Buffer.alloc(7 * 2 ** 20, i));
    const first = await ask('GET', '/logs/long');
    t.equal(first.body.length, 32 * 2 ** 20);
    t.equal(first.field('stream-up-to-date'), undefined);
    const next = await ask('GET', `/logs/long?offset=${first.field('stream-next-offset')}`);
    t.same(next.body, Buffer.alloc(3 * 2 ** 20, 4));
    t.equal(next.field('stream-up-to-date'), 'true');
  });

  await t.test('who waits gets what comes', async (t) => {
    const { ask, server } = await serve(t, carrier, { longPollTimeout: 100 });
    await ask('PUT', '/logs/w', { fields: TEXT, body: 'old' });
    const idle = await ask('GET', '/logs/w?offset=now&live=long-poll');
    t.equal(idle.status, 204);
    t.equal(idle.field('stream-next-offset'), offset(3));
    t.match(idle.field('stream-cursor'), /^\d+$/);

    const patient = await serve(t, carrier);
    await patient.ask('PUT', '/logs/w', { fields: TEXT, body: 'old' });
    const polls = Array.from({ length: 20 }, () =>
      patient.ask('GET', `/logs/w?offset=${offset(3)}&live=long-poll`),
    );
    // The first of them to wait, or to ask, gets it either way.
    await patient.ask('POST', '/logs/w', { fields: TEXT, body: 'new' });
    for (const poll of await Promise.all(polls)) {
      t.equal(poll.status, 200);
      t.equal(String(poll.body), 'new');
    }
    const waits = patient.ask('GET', '/logs/w?offset=now&live=long-poll');
    await patient.ask('DELETE', '/logs/w');
    t.equal((await waits).status, 404, 'deleted meanwhile');
    t.equal((await ask('GET', '/logs/w?live=long-poll')).status, 400, 'needs an offset');
    await server.close();
  });

  await t.test('events come as they are appended, and end with the stream', async (t) => {
    const { ask, server } = await serve(t, carrier);
    await ask('PUT', '/logs/e', { fields: TEXT, body: 'a' });
    await ask('PUT', '/logs/bytes', { body: '\u0000\u0001' });
    const following = ask('GET', '/logs/e?offset=-1&live=sse');
    // The euro sign comes in two parts.
    await server.streams.append('e', Buffer.from('€').subarray(0, 2));
    await server.streams.append('e', Buffer.from('€').subarray(2));
    await ask('POST', '/logs/e', { fields: { 'stream-closed': 'true' } });
    const { body, ...answer } = await following;
    t.equal(answer.field('content-type'), 'text/event-stream');
    t.equal(answer.field('content-length'), undefined);
    const events = eventsIn(body);
    const data = events.filter(({ event }) => event === 'data').map((each) => each.data);
    t.equal(data.join(''), 'a€');
    t.match(JSON.parse(events.at(-1)?.data ?? ''), {
      streamNextOffset: offset(4),
      streamClosed: true,
    });

    await ask('POST', '/logs/bytes', { fields: { 'stream-closed': 'true' } });
    const bytes = await ask('GET', '/logs/bytes?offset=-1&live=sse');
    t.equal(bytes.field('stream-sse-data-encoding'), 'base64');
    t.equal(eventsIn(bytes.body)[0]?.data, 'AAE=');
  });

  await t.test('at the end of the server nobody waits any more', async (t) => {
    const { ask, server } = await serve(t, carrier, { grace: '1m' });
    await ask('PUT', '/logs/w', { fields: TEXT, body: 'old' });
    const following = ask('GET', '/logs/w?offset=-1&live=sse');
    const polling = ask('GET', '/logs/w?offset=now&live=long-poll');
    // Both are there when the server ends: each connection is accepted in its order.
    await ask('GET', '/logs/w');
    await server.close();
    t.equal((await polling).status, 204);
    t.match(eventsIn((await following).body), [
      { event: 'data', data: 'old' },
      { event: 'control' },
    ]);
  });

  await t.test('what is too large is refused, and so is what has no room', async (t) => {
    const { ask } = await serve(t, carrier, { maxAppend: 10, maxStream: 12 });
    await ask('PUT', '/logs/l', { fields: TEXT, body: '1234567890' });
    t.equal((await ask('POST', '/logs/l', { fields: TEXT, body: '12345678901' })).status, 413);
    t.equal((await ask('PUT', '/logs/m', { fields: TEXT, body: '12345678901' })).status, 413);
    t.equal((await ask('POST', '/logs/l', { fields: TEXT, body: '123' })).status, 413);
    t.equal((await ask('POST', '/logs/l', { fields: TEXT, body: '12' })).status, 204);
    t.equal(String((await ask('GET', '/logs/l')).body), '123456789012');
    t.equal((await ask('GET', '/logs/m')).status, 404);
  });

  await t.test('below the prefix are streams and no files', async (t) => {
    const { ask, root } = await serve(t, carrier);
    await ask('PUT', '/logs/a', { fields: TEXT, body: 'a' });
    writeFileSync(join(root, 'logs/plain.txt'), 'a file');
    // Often enough for whoever learns by being asked.
    for (let i = 0; i < 20; i++) {
      t.equal((await ask('GET', '/logs/plain.txt')).status, 404);
      t.equal((await ask('GET', '/logs/none')).status, 404);
    }
    for (const path of ['/logs', '/logs/', '/logs/a/', '/logs/__ds/subscriptions/1']) {
      for (const method of ['GET', 'PUT', 'POST', 'DELETE']) {
        const answer = await ask(
          method,
          path,
          method === 'POST' ? { fields: TEXT, body: 'x' } : {},
        );
        t.equal(answer.status, 404, `${method} ${path}`);
      }
    }
    t.equal((await ask('PATCH', '/logs/a')).status, 405);
    t.equal((await ask('GET', '/logs/none')).status, 404);
    t.equal((await ask('PUT', '/logs/none', { fields: TEXT })).status, 201, 'not missed any more');
    t.equal((await ask('GET', '/logs/none')).status, 200);
    t.equal(String((await ask('GET', '/')).body), 'home');
    t.equal((await ask('POST', '/', { body: 'x' })).status, 405);
  });
});
