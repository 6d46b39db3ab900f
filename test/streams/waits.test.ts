import { setTimeout as after } from 'node:timers/promises';
import t from 'tap';
import { answerRead, type Reading } from '../../src/streams/read.ts';
import type { Stream } from '../../src/streams/store/types.ts';
import { Waits, type Woken } from '../../src/streams/waits.ts';

/** As far as waits go. */
function fakeStream() {
  const listeners = new Set<() => void>();
  let listened = 0;
  const onChange = (run: () => void) => {
    listened++;
    listeners.add(run);
    return () => void listeners.delete(run);
  };
  const config = { ttlSeconds: undefined };
  const stream = { onChange, config } as unknown as Stream;
  return {
    stream,
    change: () => {
      for (const run of [...listeners]) run();
    },
    listeners: () => listeners.size,
    listened: () => listened,
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

t.test('all who wait for one stream are woken by one listener', async (t) => {
  const { stream, change, listeners, listened } = fakeStream();
  const waits = new Waits({ timeoutMs: 60_000, max: 1000 });
  const woken: Woken[] = [];
  for (let i = 0; i < 100; i++) waits.wait(stream, (why) => woken.push(why));
  t.equal(listeners(), 1);
  t.equal(waits.size, 100);
  change();
  t.same(woken, Array(100).fill('changed'));
  t.equal(waits.size, 0);
  change();
  t.equal(woken.length, 100, 'each once');
  waits.wait(stream, (why) => woken.push(why));
  await turn();
  t.equal(listened(), 1, 'who waits again finds the listener');
  change();
  await turn();
  t.equal(listeners(), 0, 'nobody waits: nobody listens');
});

t.test('a wait has an end', async (t) => {
  const { stream, change, listeners } = fakeStream();
  const waits = new Waits({ timeoutMs: 20, max: 10 });
  const woken: string[] = [];
  const first = new Promise<void>((resolve) => {
    waits.wait(stream, (why) => {
      woken.push(`first ${why}`);
      resolve();
    });
  });
  await after(5);
  const second = new Promise<void>((resolve) => {
    waits.wait(stream, (why) => {
      woken.push(`second ${why}`);
      // Who waits again in its turn has the whole time.
      waits.wait(stream, (again) => {
        woken.push(`again ${again}`);
        resolve();
      });
    });
  });
  const dropped = waits.wait(stream, () => t.fail('it was dropped'));
  t.equal(dropped && waits.drop(dropped), true);
  t.equal(dropped && waits.drop(dropped), false);
  await first;
  await second;
  t.same(woken, ['first timed-out', 'second timed-out', 'again timed-out']);
  change();
  await turn();
  t.equal(listeners(), 0);
  t.equal(waits.size, 0);
});

t.test('at the end nobody waits any more', async (t) => {
  const { stream } = fakeStream();
  const waits = new Waits({ timeoutMs: 60_000, max: 2 });
  const woken: Woken[] = [];
  waits.wait(stream, (why) => woken.push(why));
  t.equal(waits.isFull, false);
  waits.wait(stream, (why) => woken.push(why));
  t.equal(waits.isFull, true);
  waits.end();
  t.same(woken, ['ended', 'ended']);
  t.equal(waits.hasEnded, true);
  waits.wait(stream, (why) => woken.push(why));
  t.same(woken, ['ended', 'ended', 'ended']);
});

t.test('a long-poll whose client has gone is no longer waited with', async (t) => {
  const { stream, listeners } = fakeStream();
  const polls = new Waits({ timeoutMs: 60_000, max: 10 });
  const quiet = { ...stream, tail: 0, closed: false, state: 'live', touch() {} } as Stream;
  let leave = () => {};
  const answered = answerRead({
    stream: quiet,
    operation: { kind: 'read', from: 0, live: 'long-poll', cursor: undefined, isResumed: true },
    fields: {},
    onGone: (run) => {
      leave = run;
    },
    polls,
  } as Partial<Reading> as Reading);
  t.equal(polls.size, 1);
  leave();
  t.equal(polls.size, 0);
  t.match(await answered, { status: 204 });
  await turn();
  t.equal(listeners(), 0);
});
