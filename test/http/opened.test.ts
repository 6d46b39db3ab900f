// Files that the engine opens by itself: what it knows of a directory follows the tree, like everything else.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { until } from '../faults/process.ts';
import { type Answer, request, type SentFields } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import { type Carrier, type Origin, onEveryCarrier } from './carriers.ts';

const FILES = 40;
const isEngine = ({ transport }: Carrier) => transport === 'native';
const nameOf = (i: number) => `d/f${i}.txt`;

const bigNames = Array.from({ length: 100 }, (_, i) => `d/big${i}.txt`);
const big = 'x'.repeat(4000);

function treeOf(): Readonly<Record<string, string>> {
  const names = Array.from({ length: FILES }, (_, i) => nameOf(i));
  const small = names.map((name) => [name, `${name}\n`.repeat(20)]);
  return Object.fromEntries([...small, ...bigNames.map((name) => [name, big])]);
}

/** The names of a directory are known once its last change is so old: all trees are made, and grow old, together. */
const SETTLED_MS = 3100;
const trees = Array.from({ length: 11 * 4 }, () => makeTree(t, treeOf()));
const settled = Date.now() + SETTLED_MS;

/** A server that knows the names of `d`: what is absent there is prepared, what is there is opened. */
async function start(
  t: Test,
  serve: (options: object) => Promise<Origin>,
  freshness: object = { watch: false, revalidate: 20 },
): Promise<{
  origin: Origin;
  root: string;
  ask: (path: string, fields?: SentFields) => Promise<Answer>;
}> {
  while (Date.now() < settled) await new Promise((resolve) => setTimeout(resolve, 50));
  const root = trees.pop() ?? makeTree(t, treeOf());
  const origin = await serve({ root, ...freshness });
  const ask = (path: string, fields: SentFields = {}) => request(origin.address, path, { fields });
  await learn(origin, ask);
  return { origin, root, ask };
}

/** Until nothing that is absent from `d` is planned any more. */
async function learn({ stats }: Origin, ask: (path: string) => Promise<Answer>): Promise<void> {
  let asked = 0;
  let name = 0;
  // The file by which the directory is found.
  await ask(`/${nameOf(FILES - 1)}`);
  await until(async () => {
    const before = await stats();
    for (const end = asked + 8; asked < end; asked++)
      await ask(`/d/absent-${process.hrtime.bigint()}-${name++}.txt`);
    return (await stats()).hot - before.hot === 8;
  });
}

t.test('a file that nobody has asked for is opened', async (t) => {
  onEveryCarrier(
    t,
    async (t, serve) => {
      const { origin, root, ask } = await start(t, serve);
      const before = await origin.stats();
      for (let i = 0; i < 10; i++) {
        const { status, body } = await ask(`/${nameOf(i)}`);
        t.equal(status, 200);
        t.ok(body.equals(readFileSync(join(root, nameOf(i)))), `${nameOf(i)}: its bytes`);
      }
      const after = await origin.stats();
      t.equal(after.opened - before.opened, 10, 'each was opened by the engine');
      t.equal(after.planned, before.planned, 'none was planned');
      t.equal(after.kept, before.kept, 'none is kept');
      t.equal(after.files.files, before.files.files, 'nor by JavaScript');
    },
    isEngine,
  );
});

t.test('the second use of a small file keeps a copy, which answers without looking', async (t) => {
  onEveryCarrier(
    t,
    async (t, serve) => {
      const { origin, root, ask } = await start(t, serve, { watch: false, revalidate: 60_000 });
      const path = `/${nameOf(0)}`;
      const bytes = readFileSync(join(root, nameOf(0)));
      const first = await ask(path);
      const before = await origin.stats();
      const second = await ask(path);
      const after = await origin.stats();
      t.same([after.kept - before.kept, after.copied - before.copied], [1, bytes.length]);
      const told = ({ lines }: Answer) => lines.filter(([name]) => name.toLowerCase() !== 'date');
      t.same(told(second), told(first), 'the same head');
      const etag = first.field('etag') ?? '';
      const modified = first.field('last-modified') ?? '';
      const cases: ReadonlyArray<readonly [title: string, fields: SentFields, status: number]> = [
        ['plain', {}, 200],
        ['its ETag', { 'if-none-match': etag }, 304],
        ['its ETag, weak', { 'if-none-match': `W/${etag}` }, 304],
        ['another ETag', { 'if-none-match': '"x"' }, 200],
        ['its date', { 'if-modified-since': modified }, 304],
        ['an earlier date', { 'if-modified-since': 'Sat, 01 Jan 2000 00:00:00 GMT' }, 200],
        ['a query', {}, 200],
      ];
      for (const [title, fields, status] of cases) {
        const answer = await ask(title === 'a query' ? `${path}?v=1` : path, fields);
        t.equal(answer.status, status, title);
        if (status === 200) t.ok(answer.body.equals(bytes), `${title}: its bytes`);
        t.equal(answer.field('etag'), etag, `${title}: its tag`);
      }
      t.equal((await origin.stats()).hot - after.hot, cases.length, 'none was opened or planned');
      // A body is counted when its last byte has left, which a client may see first.
      await until(async () => (await origin.stats()).byStrategy['mmap:hot']?.responses === 5);
      t.pass('from memory');
    },
    isEngine,
  );
});

t.test('a copy that one thread has made serves all threads', async (t) => {
  onEveryCarrier(
    t,
    async (t, serve) => {
      const unlooked = { watch: false, revalidate: 60_000, threads: 4 };
      const { origin, ask } = await start(t, serve, unlooked);
      const path = `/${nameOf(0)}`;
      await until(async () => (await ask(path)) && (await origin.stats()).kept > 0);
      // By now the others have heard of it, or hear of it before they hear of these clients.
      const before = await origin.stats();
      const clients = 40;
      for (let i = 0; i < clients; i++) t.equal((await ask(path)).status, 200);
      const after = await origin.stats();
      t.equal(after.hot - before.hot, clients);
      t.equal(after.kept, before.kept, 'no other thread has copied it');
    },
    isEngine,
  );
});

t.test('a kept file that changes is another one within the time that is allowed', async (t) => {
  onEveryCarrier(
    t,
    async (t, serve) => {
      const { origin, root, ask } = await start(t, serve);
      const path = `/${nameOf(0)}`;
      await until(async () => (await ask(path)) && (await origin.stats()).kept > 0);
      writeFileSync(join(root, nameOf(0)), 'new');
      await until(async () => (await ask(path)).body.toString() === 'new');
      t.pass('written in place');
      await until(async () => (await ask(path)) && (await origin.stats()).copied === 3);
      t.pass('and its new version is kept');
      writeFileSync(join(root, 'd/next'), 'by rename');
      renameSync(join(root, 'd/next'), join(root, nameOf(0)));
      await until(async () => (await ask(path)).body.toString() === 'by rename');
      t.pass('replaced');
      writeFileSync(join(root, `${nameOf(0)}.gz`), gzipSync('by rename'));
      const gzip = { 'accept-encoding': 'gzip' };
      await until(async () => (await ask(path, gzip)).field('content-encoding') === 'gzip');
      t.equal((await ask(path)).field('vary')?.toLowerCase(), 'accept-encoding', 'another form');
      rmSync(join(root, nameOf(0)));
      await until(async () => (await ask(path)).status === 404);
      t.pass('gone');
    },
    isEngine,
  );
});

t.test('a watched file that is kept is seen to change at once', async (t) => {
  onEveryCarrier(
    t,
    async (t, serve) => {
      const watched = { watch: true, revalidate: 3_600_000 };
      const { origin, root, ask } = await start(t, serve, watched);
      const path = `/${nameOf(0)}`;
      await until(async () => (await ask(path)) && (await origin.stats()).kept > 0);
      writeFileSync(join(root, nameOf(0)), 'new');
      await until(async () => (await ask(path)).body.toString() === 'new');
      t.pass('long before it would be looked at');
    },
    isEngine,
  );
});

t.test('what is kept fits into the memory cache, and is given back', async (t) => {
  onEveryCarrier(
    t,
    async (t, serve) => {
      const { origin, ask } = await start(t, serve, {
        watch: false,
        cacheSize: 65_536,
        mmapMax: 4096,
      });
      const path = (i: number) => `/${nameOf(i % FILES)}`;
      for (let i = 0; i < 10 * FILES; i++) t.equal((await ask(path(i))).status, 200);
      t.ok((await origin.stats()).kept > 1, 'some are kept');
      const before = (await origin.stats()).copied;
      for (let i = 0; i < 400; i++) {
        const { body } = await ask(`/${bigNames[i % 100]}`);
        if (body.toString() !== big) t.fail('a wrong byte');
        const { copied } = await origin.stats();
        if (copied > 65_536 * (3 / 4)) t.fail(`${copied} bytes are kept`);
      }
      t.ok((await origin.stats()).copied > before, 'newcomers have taken the place of others');
    },
    isEngine,
  );
});

t.test('clients that miss at the same time ask JavaScript no more than one does', async (t) => {
  onEveryCarrier(
    t,
    async (t, serve) => {
      const { origin, ask } = await start(t, serve);
      const before = await origin.stats();
      for (let round = 0; round < 30; round++) {
        const names = Array.from({ length: 16 }, (_, i) => `/d/none-${round}-${i}.txt`);
        for (const { status } of await Promise.all(names.map((name) => ask(name)))) {
          if (status !== 404) t.fail(`status ${status}`);
        }
      }
      const after = await origin.stats();
      t.ok(after.planned - before.planned < 30, `${after.planned - before.planned} planned`);
    },
    isEngine,
  );
});

t.test('what is missing is answered by the nearest page, wherever one comes', async (t) => {
  onEveryCarrier(
    t,
    async (t, serve) => {
      const { origin, root, ask } = await start(t, serve);
      const directories = Array.from({ length: 30 }, (_, i) => `/d/many/${i}`);
      for (const directory of directories) mkdirSync(join(root, directory), { recursive: true });
      await until(async () => {
        const before = (await origin.stats()).planned;
        for (const one of directories) await ask(`${one}/none-${Math.random()}.txt`);
        return (await origin.stats()).planned === before;
      });
      t.pass('none of many directories asks JavaScript');
      const pageOf = async (directory: string) =>
        (await ask(`${directory}/none.txt`)).body.toString();
      const sees = (directory: string, page: string) =>
        until(async () => (await pageOf(directory)) === page);
      writeFileSync(join(root, 'd/many/404.html'), 'many');
      for (const one of directories) await sees(one, 'many');
      writeFileSync(join(root, 'd/many/7/404.html'), 'seven');
      await sees('/d/many/7', 'seven');
      t.equal(await pageOf('/d/many/8'), 'many', 'and nowhere else');
      writeFileSync(join(root, 'd/404.html'), 'above');
      await sees('/d/none', 'above');
      t.equal(await pageOf('/d/many/8'), 'many', 'not below a nearer one');
      rmSync(join(root, 'd/many/404.html'));
      for (const one of directories) await sees(one, one.endsWith('/7') ? 'seven' : 'above');
      rmSync(join(root, 'd/many/7/404.html'));
      await sees('/d/many/7', 'above');
    },
    // Each change takes three seconds until names are read again.
    ({ name }) => name === 'native',
  );
});

t.test('conditions of a cache are judged', async (t) => {
  onEveryCarrier(
    t,
    async (t, serve) => {
      const { origin, ask } = await start(t, serve);
      const { etag, modified } = await ask(`/${nameOf(0)}`).then(({ field }) => ({
        etag: field('etag') ?? '',
        modified: field('last-modified') ?? '',
      }));
      const planned = (await origin.stats()).planned;
      let i = 1;
      const status = async (fields: SentFields) => (await ask(`/${nameOf(i++)}`, fields)).status;
      t.equal(await status({ 'if-modified-since': modified }), 304);
      t.equal(await status({ 'if-modified-since': 'Sat, 01 Jan 2000 00:00:00 GMT' }), 200);
      t.equal(await status({ 'if-modified-since': 'Sat, 01 Jan 2101 00:00:00 GMT' }), 304);
      t.equal(await status({ 'if-none-match': '"x"' }), 200);
      t.equal(
        await status({ 'if-none-match': '"x"', 'if-modified-since': modified }),
        200,
        'the tag counts',
      );
      t.not(etag, '');
      t.equal((await origin.stats()).planned, planned, 'all without JavaScript');
      t.equal(await status({ 'if-none-match': '*' }), 304);
      t.equal(await status({ 'if-modified-since': 'Saturday, 01-Jan-00 00:00:00 GMT' }), 200);
      t.equal(await status({ range: 'bytes=0-1' }), 206);
      t.equal((await origin.stats()).planned, planned + 3, 'these were planned');
    },
    isEngine,
  );
});

t.test(
  'what comes, goes or becomes something else is seen within the time that is allowed',
  async (t) => {
    onEveryCarrier(
      t,
      async (t, serve) => {
        const { root, ask } = await start(t, serve);
        const sees = (path: string, wanted: (answer: Answer) => boolean, fields: SentFields = {}) =>
          until(async () => wanted(await ask(path, fields)));

        t.equal((await ask('/d/late.txt')).status, 404);
        writeFileSync(join(root, 'd/late.txt'), 'late');
        await sees(
          '/d/late.txt',
          ({ status, body }) => status === 200 && body.toString() === 'late',
        );
        t.pass('a file where none was');

        rmSync(join(root, nameOf(1)));
        t.equal((await ask(`/${nameOf(1)}`)).status, 404, 'a file that is gone, at once');

        writeFileSync(join(root, nameOf(2)), 'written anew');
        t.equal((await ask(`/${nameOf(2)}`)).body.toString(), 'written anew', 'new bytes, at once');

        writeFileSync(join(root, `${nameOf(3)}.gz`), gzipSync(readFileSync(join(root, nameOf(3)))));
        const gzip = { 'accept-encoding': 'gzip' };
        await sees(`/${nameOf(3)}`, ({ field }) => field('content-encoding') === 'gzip', gzip);
        t.pass('another form of a file');

        rmSync(join(root, nameOf(4)));
        execFileSync('mkfifo', [join(root, nameOf(4))]);
        await sees(`/${nameOf(4)}`, ({ status }) => status === 403);
        t.pass('a pipe in the place of a file is not served');

        rmSync(join(root, nameOf(5)));
        mkdirSync(join(root, nameOf(5)));
        await sees(`/${nameOf(5)}`, ({ status }) => status !== 200);
        t.pass('nor is a directory');

        writeFileSync(join(root, 'd/404.html'), 'not here');
        await sees(
          '/d/other.txt',
          ({ status, body }) => status === 404 && body.toString() === 'not here',
        );
        t.pass('a page for what is missing');
      },
      isEngine,
    );
  },
);

t.test('where the tree is watched, what comes is there at once', async (t) => {
  onEveryCarrier(
    t,
    async (t, serve) => {
      const { root, ask } = await start(t, serve, { watch: true, revalidate: '1h' });
      // The directory of a file that is kept is watched.
      for (let i = 0; i < 3; i++) await ask(`/${nameOf(0)}`);
      t.equal((await ask('/d/late.txt')).status, 404);
      writeFileSync(join(root, 'd/late.txt'), 'late');
      await until(async () => (await ask('/d/late.txt')).status === 200);
      writeFileSync(join(root, `${nameOf(3)}.gz`), gzipSync(readFileSync(join(root, nameOf(3)))));
      const gzip = { 'accept-encoding': 'gzip' };
      await until(
        async () => (await ask(`/${nameOf(3)}`, gzip)).field('content-encoding') === 'gzip',
      );
      t.pass('a file where none was, and another form of one');
    },
    isEngine,
  );
});

t.test('another directory in the place of one that is known', async (t) => {
  onEveryCarrier(
    t,
    async (t, serve) => {
      const { root, ask } = await start(t, serve);
      mkdirSync(join(root, 'next'));
      writeFileSync(join(root, 'next/new.txt'), 'new');
      renameSync(join(root, 'd'), join(root, 'old'));
      renameSync(join(root, 'next'), join(root, 'd'));
      t.equal((await ask(`/${nameOf(7)}`)).status, 404, 'its files are gone at once');
      await until(async () => (await ask('/d/new.txt')).body.toString() === 'new');
      t.pass('those of the new one are there');
    },
    isEngine,
  );
});
