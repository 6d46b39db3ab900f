// A thousand that wait for one stream: what they get is made once, and crosses to the engine once for all of them.
import t, { type Test } from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import type { PlanPolicy } from '../../src/plan/policy.ts';
import type { RequestFields } from '../../src/plan/request.ts';
import { intervalAt } from '../../src/streams/cursor.ts';
import { openEvents } from '../../src/streams/events.ts';
import { createStreamsHandler } from '../../src/streams/handler.ts';
import { formatOffset } from '../../src/streams/offsets.ts';
import { Waits } from '../../src/streams/waits.ts';
import { Feeds } from '../../src/transport/engine/feeds.ts';
import { Replies } from '../../src/transport/engine/replies.ts';
import { memoryLog, until } from '../transport/fixtures.ts';
import { CLOSE, create, startStore, TEXT, text } from './fixture.ts';

const MANY = 1000;
const IDS = Array.from({ length: MANY }, (_, id) => id);

/** The engine takes files that the addon has opened. */
const isWithout = loadNative().addon === undefined && 'no addon';

const POLICY: PlanPolicy = {
  limits: { forced: 'auto', mmapMax: 65536, sendfileMin: 65536 },
  maxRanges: 16,
  acceptRanges: 'bytes',
  serverTiming: false,
  cors: [],
  digest: false,
  common: [],
};

t.test('events: one crossing for each change, and one event', async (t) => {
  for (;;) {
    const interval = intervalAt(Date.now());
    const seen = await followTogether(t);
    // Where the next interval of cursors begins meanwhile, they differ.
    if (intervalAt(Date.now()) !== interval) continue;
    const { crossings, ended, waits } = seen;
    t.same(
      crossings.map(([ids]) => ids),
      Array(4).fill(IDS),
      'what is there, two changes, and the end',
    );
    t.match(crossings[1]?.[1], /^event: data\ndata:one\n\nevent: control\n/);
    t.match(crossings[3]?.[1], /"streamClosed":true/);
    t.same(ended, IDS, 'behind what they were given');
    t.equal(waits.size, 0);
    break;
  }
});

async function followTogether(t: Test) {
  const { store } = await startStore(t);
  const stream = await create(store, 'a', TEXT);
  const crossings: Array<readonly [ids: readonly number[], text: string]> = [];
  const ended: number[] = [];
  const feeds = new Feeds(
    {
      feed: (ids, bytes) => void crossings.push([ids, Buffer.from(bytes).toString()]),
      feedFile() {},
      finishFeed: (id) => void ended.push(id),
    },
    memoryLog(),
  );
  const waits = new Waits({ timeoutMs: 60_000, max: MANY });
  const options = { waits, timeoutMs: 60_000 };
  for (const id of IDS) {
    feeds.start(id, openEvents({ stream, start: 0, form: 'text', cursor: undefined }, options));
  }
  await until(() => waits.size === MANY);
  for (const said of ['one', 'two']) {
    await stream.append(text(said));
    await until(() => waits.size === MANY && crossings.at(-1)?.[1].includes(said) === true);
  }
  await stream.append(CLOSE);
  await until(() => ended.length === MANY);
  return { crossings, ended, waits };
}

t.test('long-polls: one crossing for all that ask the same', { skip: isWithout }, async (t) => {
  const { store } = await startStore(t);
  const stream = await create(store, 'a', TEXT);
  const crossings: Array<readonly [ids: readonly number[], fields: string, end: number]> = [];
  const replyAll = (ids: readonly number[], _: number, fields: string, ...rest: unknown[]) => {
    crossings.push([ids, fields, Number(rest[2])]);
  };
  const replies = new Replies({ replyAll }, (error) => t.fail(String(error)) as never);
  const handler = createStreamsHandler({
    ...{ prefix: '/s', store: () => store, policy: POLICY, scheme: 'http', log: memoryLog() },
    ...{ maxAppend: 1000, longPollMs: 60_000, eventsMs: 60_000 },
  });
  const poll = (id: number, query: string, fields: RequestFields = {}) => {
    const request = { method: 'GET', target: `/s/a${query}`, fields };
    const place = { kind: 'stream', name: 'a' } as const;
    const asked = { request, place, raw: '/s/a', query, isPrivate: false };
    return Promise.resolve(handler.answer(asked, 'engine')).then((plan) => replies.post(id, plan));
  };
  const query = `?offset=${formatOffset(0)}&live=long-poll`;
  const origin = 'http://other.example';
  const all = [
    ...IDS.map((id) => poll(id, query)),
    poll(MANY, query, { 'if-none-match': '"another"' }),
    poll(MANY + 1, `${query}&cursor=999999999`, { origin }),
  ];
  await stream.append(text('said'));
  await Promise.all(all);
  await until(() => crossings.length === 3);
  t.same(
    crossings.map(([ids]) => ids),
    [IDS, [MANY], [MANY + 1]],
  );
  for (const [, fields, end] of crossings) {
    t.match(fields, `Stream-Next-Offset: ${formatOffset(4)}`);
    t.equal(end, 4);
  }
  t.match(crossings[2]?.[1], /Stream-Cursor: 1000\d{6}/, 'its cursor is its own');
  await stream.append(text(' more'));
  t.equal(crossings.length, 3, 'nobody waits any more');
});
