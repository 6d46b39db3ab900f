// A site is deployed over and over while clients ask: every body is wholly one release's, and none is refused.
import { renameSync, rmSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { onEveryCarrier, type Serve } from '../http/carriers.ts';
import { connect, request, requestBytes } from '../support/client.ts';
import { makeTree, pattern, plant } from '../support/tree.ts';
import { isLong, times } from './effort.ts';
import { isOneVersion } from './storm.ts';

const CLIENTS = 64;
const KIB = 1024;
/** Cached in memory, read, and sent by sendfile; one has a variant. */
const FILES = [
  { name: 'a.bin', size: 3 * KIB },
  { name: 'b.bin', size: 20 * KIB },
  { name: 'c.bin', size: 200 * KIB },
  { name: 'd.bin', size: 40 * KIB, variant: 10 * KIB },
];
const MISS = 2 * KIB;

interface Sum {
  whole: number;
  readonly wrong: string[];
}

t.setTimeout(times(300_000, 3_600_000));

onEveryCarrier(t, async (t, serve, carrier) => {
  await t.test('looked at by each request', (t) =>
    deploy(t, serve, { revalidate: 0, watch: false }),
  );
  if (isLong || carrier.name === 'native' || carrier.name === 'http1 alone') {
    await t.test('watched', (t) => deploy(t, serve, { revalidate: '1s', watch: true }));
    await t.test('not watched', (t) => deploy(t, serve, { revalidate: '20ms', watch: false }));
  }
});

async function deploy(
  t: Test,
  serve: Serve,
  options: { readonly revalidate: number | string; readonly watch: boolean },
): Promise<void> {
  const place = makeTree(t);
  const publish = (number: number) => {
    const release = `releases/${number}`;
    const put = (name: string, size: number) =>
      plant(join(place, release, name), pattern(size, number));
    for (const { name, size, variant } of FILES) {
      put(name, size);
      if (variant === undefined) continue;
      put(`${name}.br`, variant);
      // Never older than what it stands for.
      utimesSync(join(place, release, name), 1e9, 1e9);
    }
    put('404.html', MISS);
    symlinkSync(release, join(place, 'next'));
    renameSync(join(place, 'next'), join(place, 'current'));
    // The release before is removed while it may still be asked for.
    rmSync(join(place, `releases/${number - 1}`), { recursive: true, force: true });
  };
  publish(1);
  const { address } = await serve({
    root: join(place, 'current'),
    logLevel: 'silent',
    ...options,
  });
  const swaps = times(25, 1000);
  const sum: Sum = { whole: 0, wrong: [] };
  let over = false;
  const ask = async (client: number) => {
    const connection = await connect(address);
    for (let i = client; !over; i++) {
      const file = FILES[i % (FILES.length + 1)];
      const name = file?.name ?? `missing-${i % 7}`;
      const coded = file?.variant !== undefined && i % 2 === 0;
      const fields = { connection: 'keep-alive', ...(coded ? { 'accept-encoding': 'br' } : {}) };
      await connection.send(requestBytes(`/${name}`, { fields }));
      const { status, body } = await connection.read();
      // Of a release that is being removed, the variant may be gone first.
      const sizes = file === undefined ? [MISS] : coded ? [file.variant, file.size] : [file.size];
      const isWhole = sizes.includes(body.length) && isOneVersion(body);
      const isRight = status === (file ? 200 : 404) && isWhole;
      if (isRight) sum.whole++;
      else sum.wrong.push(`/${name}: ${status}, ${body.length} bytes of ${sizes}`);
    }
    connection.close();
  };
  const clients = Array.from({ length: CLIENTS }, (_, client) => ask(client));
  const asked = Promise.all(clients).catch((error: Error) => sum.wrong.push(error.message));
  for (let number = 2; number <= swaps + 1; number++) {
    const before = sum.whole;
    publish(number);
    // Some answers between any two releases.
    while (sum.whole < before + CLIENTS / 2 && sum.wrong.length === 0) await setTimeout(1);
  }
  over = true;
  await asked;
  t.comment(`${swaps} releases, ${sum.whole} whole answers`);
  t.strictSame(sum.wrong.slice(0, 10), [], 'every answer is complete and one release');
  for (const { name, size } of FILES) {
    const last = pattern(size, swaps + 1);
    // Within `revalidate`; that it never comes is the test's time-out.
    while (!(await request(address, `/${name}`)).body.equals(last)) await setTimeout(5);
  }
}
