// Encoding beside a server: in turn, for a share of a processor, and to an end.
import { brotliDecompressSync } from 'node:zlib';
import t from 'tap';
import { createBackground } from '../../src/encode/background.ts';

// Its rests keep no process alive.
const alive = setInterval(() => {}, 60_000);
t.teardown(() => clearInterval(alive));

const text = Buffer.from('one line as another\n'.repeat(2000));

t.test('each has its form, in the order in which they were asked for', async (t) => {
  const background = createBackground(100);
  t.teardown(() => background.close());
  const order: number[] = [];
  const made = [0, 1, 2].map((at) =>
    background.encode('br', text).then((bytes) => {
      order.push(at);
      return brotliDecompressSync(bytes).equals(text);
    }),
  );
  t.same(await Promise.all(made), [true, true, true]);
  t.same(order, [0, 1, 2]);
});

t.test('one that is closed encodes nothing more, and says so', async (t) => {
  const background = createBackground(100);
  const pending = background.encode('gzip', text);
  background.close();
  await t.rejects(pending);
  await t.rejects(background.encode('gzip', text));
});

t.test('what cannot be encoded does not keep the next from it', async (t) => {
  const background = createBackground(100);
  t.teardown(() => background.close());
  await t.rejects(background.encode('nothing' as 'br', text));
  t.ok((await background.encode('gzip', text)).length > 0);
});
