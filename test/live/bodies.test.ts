// The bodies of live answers, piece by piece: what is given once for all, signs of life, and the end of a client or a server.
import { appendFileSync } from 'node:fs';
import t from 'tap';
import { KEEP_ALIVE } from '../../src/http/event-stream.ts';
import { eventsOf, piecesOf } from '../../src/live/bodies.ts';
import { MAX_LINE } from '../../src/live/lines.ts';
import { Feeds } from '../../src/transport/engine/feeds.ts';
import { Taker } from '../../src/transport/taker.ts';
import { readEvents } from '../support/event-stream.ts';
import { memoryLog, until } from '../transport/fixtures.ts';
import { followed, STAYS } from './fixture.ts';

const HOUR = 3_600_000;
const START = { from: 0, timeoutMs: HOUR };

t.test('what a thousand are given crosses to the engine once', async (t) => {
  const { file, path } = await followed(t, 'one\n');
  const crossings: Array<readonly [count: number, text: string]> = [];
  const feeds = new Feeds(
    {
      feed: (ids, bytes) => void crossings.push([ids.length, Buffer.from(bytes).toString()]),
      feedFile() {},
      finishFeed() {},
    },
    memoryLog(),
  );
  const follow = async () => {
    file.join();
    return file;
  };
  const given = (line: string) => {
    const of = crossings.filter(([, text]) => text.includes(`data: ${line}\n`));
    return of.map(([count]) => count);
  };
  for (let id = 0; id < 1000; id++) {
    feeds.start(id, (gone) => eventsOf(follow, { ...START, resumes: false }, gone));
  }
  await until(() => given('one').length > 0);
  t.same(given('one'), [1000]);
  appendFileSync(path, 'two\n');
  await until(() => given('two').length > 0);
  t.same(given('two'), [1000]);
  feeds.close();
  file.leave();
});

t.test('those who have come equally far get the same object', async (t) => {
  const { file, path } = await followed(t, 'one\n');
  const follow = async () => {
    file.join();
    return file;
  };
  const bodies = [1, 2, 3].map(() => piecesOf(follow, START, STAYS));
  const events = [1, 2, 3].map(() => eventsOf(follow, { ...START, resumes: false }, STAYS));
  const next = () => Promise.all(bodies.map(async (each) => (await each.next()).value));
  const nextEvents = () => Promise.all(events.map(async (each) => (await each.next()).value));
  await nextEvents();
  for (const span of [
    { start: 0, end: 4 },
    { start: 4, end: 8 },
  ]) {
    const [first, ...others] = await next();
    t.same(first?.span, span);
    for (const other of others) t.equal(other, first);
    const [made, ...more] = await nextEvents();
    t.match(Buffer.from(made as Uint8Array).toString(), `id: ${span.end}\n`);
    for (const other of more) t.equal(other, made);
    if (span.end === 4) appendFileSync(path, 'two\n');
  }
  for (const each of [...bodies, ...events]) await each.return();
  file.leave();
});

t.test('a sign of life in silence', async (t) => {
  const { file } = await followed(t, 'one\n', 20);
  const body = eventsOf(async () => file, { ...START, resumes: false }, STAYS);
  const texts: string[] = [];
  for await (const bytes of body) {
    texts.push(Buffer.from(bytes).toString());
    if (texts.at(-1) === KEEP_ALIVE) break;
  }
  t.same(readEvents(texts.join('')).length, 1);
});

t.test('who waits ends with the server, and with its client', async (t) => {
  for (const end of ['end', 'abort'] as const) {
    const { file } = await followed(t, 'one\n');
    const taker = new Taker();
    const body = piecesOf(async () => file, START, taker);
    t.same((await body.next()).value?.span, { start: 0, end: 4 });
    const last = body.next();
    taker[end]();
    t.same(await last, { done: true, value: undefined });
  }
});

t.test('a line without an end is sent all the same, and resumed from its start', async (t) => {
  const { file, path } = await followed(t, `one\n${'x'.repeat(3 * MAX_LINE)}`);
  const follow = async () => {
    file.join();
    return file;
  };
  const taker = new Taker();
  let text = '';
  for await (const bytes of eventsOf(follow, { ...START, resumes: false }, taker)) {
    text += Buffer.from(bytes).toString();
    if (readEvents(text).length === 3) appendFileSync(path, 'y\n');
    if (text.endsWith('y\n\n')) taker.end();
  }
  const [one, ...pieces] = readEvents(text).filter(({ event }) => event === 'message');
  t.equal(one?.data, 'one');
  t.equal(pieces.map(({ data }) => data).join(''), `${'x'.repeat(3 * MAX_LINE)}y`);
  t.same([...new Set(pieces.slice(0, -1).map(({ id }) => id))], ['4']);
  t.equal(pieces.at(-1)?.id, String(4 + 3 * MAX_LINE + 2));
  file.leave();
});
