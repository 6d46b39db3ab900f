// Threads that encode: what they give back decodes to what they were given, and a thread that is lost loses its job only.
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import zlib from 'node:zlib';
import t from 'tap';
import { createEncoders } from '../../src/encode/encoder-pool.ts';
import { dictionaryEncoders, ENCODERS } from '../../src/encode/encoders.ts';
import { encode, encodeBy } from '../support/encoded.ts';
import { pattern } from '../support/tree.ts';

const text = Buffer.from('What is encoded once is not encoded again. '.repeat(500));

t.test('the threads make what the encoders make', async (t) => {
  const encoders = createEncoders(2);
  t.teardown(() => encoders.close());
  const made = await Promise.all(
    ENCODERS.map((coding) => encoders.encode({ coding, bytes: text, effort: 'best' })),
  );
  for (const [i, coding] of ENCODERS.entries()) {
    t.ok(encode(coding, text, 'best').equals(made[i] ?? Buffer.alloc(0)), coding);
  }
  t.ok(zlib.brotliDecompressSync(made[0] ?? '').equals(text));
});

const byDictionary = dictionaryEncoders();
t.test(
  'by a dictionary too',
  { skip: byDictionary.length === 0 && 'this Node takes no dictionaries' },
  async (t) => {
    const encoders = createEncoders(1);
    t.teardown(() => encoders.close());
    const dictionary = { bytes: text, hash: createHash('sha256').update(text).digest() };
    const bytes = Buffer.concat([text, pattern(100)]);
    for (const coding of byDictionary) {
      const made = await encoders.encode({ coding, bytes, dictionary });
      t.ok(encodeBy(dictionary, coding, bytes).equals(made), coding);
    }
  },
);

t.test('one thread takes many jobs, in their order', async (t) => {
  const encoders = createEncoders(1, 10);
  t.teardown(() => encoders.close());
  const order: number[] = [];
  const jobs = [0, 1, 2, 3].map(async (i) => {
    const bytes = pattern(100, i);
    const made = await encoders.encode({ coding: 'gzip', bytes, effort: 'once' });
    t.ok(zlib.gunzipSync(made).equals(bytes));
    order.push(i);
  });
  await Promise.all(jobs);
  t.same(order, [0, 1, 2, 3]);
});

t.test('closed, what runs and what waits is told, and nothing else is taken', async (t) => {
  const encoders = createEncoders(1);
  // Seconds of work.
  const bytes = Buffer.alloc(2 ** 24, text);
  const jobs = [0, 1].map(() => encoders.encode({ coding: 'br', bytes, effort: 'best' }));
  const told = Promise.all(jobs.map((job) => t.rejects(job, /ended|closed/)));
  await encoders.close();
  await told;
  await t.rejects(encoders.encode({ coding: 'br', bytes: text, effort: 'once' }), /closed/);
});

t.test('idle, they keep no process alive', async (t) => {
  const encoders = createEncoders(1);
  await encoders.encode({ coding: 'gzip', bytes: text, effort: 'once' });
  // tap would wait for this process; and so would whoever runs this file alone.
  await sleep(0);
  t.notOk(process.getActiveResourcesInfo().includes('MessagePort'));
});

t.test('a job that cannot be handed over is told, and the next is taken', async (t) => {
  const encoders = createEncoders(1);
  t.teardown(() => encoders.close());
  const bytes = pattern(100);
  const given = new Uint8Array(100);
  structuredClone(given, { transfer: [given.buffer] });
  await t.rejects(encoders.encode({ coding: 'br', bytes: given, effort: 'once' }), /detached/);
  const made = await encoders.encode({ coding: 'br', bytes, effort: 'once' });
  t.ok(zlib.brotliDecompressSync(made).equals(bytes));
});

t.test(
  'what a thread cannot encode is told, and the thread goes on',
  { skip: ENCODERS.includes('zstd') && 'this Node has all of them' },
  async (t) => {
    const encoders = createEncoders(1);
    t.teardown(() => encoders.close());
    await t.rejects(encoders.encode({ coding: 'zstd', bytes: text, effort: 'once' }), /function/);
    await t.resolves(encoders.encode({ coding: 'br', bytes: text, effort: 'once' }));
  },
);
