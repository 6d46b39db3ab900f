// Hashes of contents: of what the version is of and of nothing else, once per version, for tag and digest alike.
import { createHash } from 'node:crypto';
import { linkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ContentHashes, HASHED_FIRST, hashPieces } from '../../src/files/content-hashes.ts';
import { contentEtag } from '../../src/files/etag.ts';
import { openRoot } from '../../src/files/open.ts';
import { changeMsOf } from '../../src/files/root.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { fileOf, makeSite, until, WAYS } from './fixture.ts';

const hashOf = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('base64');

for (const [way, addon] of WAYS) {
  t.test(way, async (t) => {
    async function open(tree: Parameters<typeof makeTree>[1], path: string) {
      const folder = makeTree(t, tree);
      const root = openRoot(folder, 'inside', addon);
      t.teardown(() => root.close());
      const [found] = await root.open([path]);
      if (found?.type !== 'file') throw new Error(`${path}: ${found?.type}`);
      t.teardown(() => found.file.close());
      return { found, at: join(folder, path) };
    }

    t.test('a hash is known by version, whoever has it open', async (t) => {
      const bytes = pattern(70_001);
      const { found } = await open({ f: bytes }, 'f');
      const hashes = new ContentHashes();
      t.equal(hashes.get(found.version), undefined);
      await Promise.all(Array.from({ length: 9 }, () => hashes.learn(found)));
      t.equal(hashes.get(found.version), hashOf(bytes));
    });

    t.test(
      'what changed just now is looked at when its version tells it from the next',
      async (t) => {
        const { found } = await open({ f: 'one' }, 'f');
        const hashes = new ContentHashes();
        await hashes.learn(found);
        t.ok(Date.now() - changeMsOf(found.version) >= 20, 'the tick of any kernel is over');
        t.equal(hashes.get(found.version), hashOf('one'));
      },
    );

    t.test('of what has changed since it was opened there is none', async (t) => {
      const { found, at } = await open({ f: 'one' }, 'f');
      writeFileSync(at, 'two');
      const hashes = new ContentHashes();
      t.notOk(hashes.learnNow(found));
      await hashes.learn(found);
      t.equal(hashes.get(found.version), undefined);
      writeFileSync(at, '');
      t.equal(
        await hashPieces(found, [{ start: 0, end: 3 }]),
        undefined,
        'nor where it is shorter',
      );
    });

    t.test('pieces are hashed in order, texts and spans', async (t) => {
      const bytes = pattern(600_000);
      const { found } = await open({ f: bytes }, 'f');
      const span = { start: 3, end: 599_000 };
      const whole = Buffer.concat([Buffer.from('a\xe9\r\n', 'latin1'), bytes.subarray(3, 599_000)]);
      t.equal(await hashPieces(found, ['a\xe9\r\n', span]), hashOf(whole));
      t.equal(await hashPieces(found, []), hashOf(''));
    });

    t.test('a small file has its digest from the first answer on', async (t) => {
      const tree = { 'a.txt': 'the same', 'b.txt': 'else', 'edge.bin': { size: HASHED_FIRST } };
      const site = makeSite(t, tree, { addon, policy: { digest: true } });
      for (const [name, bytes] of [
        ['a.txt', 'the same'],
        ['b.txt', 'else'],
        ['edge.bin', pattern(HASHED_FIRST)],
      ] as const) {
        const file = fileOf(await site.find(`/${name}`));
        t.same(file.digestFields, ['Repr-Digest', hashOf(bytes)], name);
      }
    });

    t.test('a large one has it once it is known, and then no answer is without', async (t) => {
      const size = HASHED_FIRST + 1;
      const site = makeSite(t, { f: { size } }, { addon, policy: { digest: true } });
      const file = fileOf(await site.find('/f'));
      t.same(file.digestFields, []);
      await until(() => file.digestFields.length > 0);
      t.same(file.digestFields, ['Repr-Digest', hashOf(pattern(size))]);
      t.same(site.forgotten, ['f'], 'answers prepared without it go');
    });

    t.test('tag and digest are of one hash, also of one inode as two codings', async (t) => {
      const policy = { digest: true, etag: 'content' } as const;
      const site = makeSite(t, { f: 'the same bytes' }, { addon, policy });
      linkSync(join(site.path, 'f'), join(site.path, 'f.br'));
      const found = await site.find('/f');
      if (found.kind !== 'file') throw new Error(found.kind);
      const hash = hashOf('the same bytes');
      const { identity, variants } = found.resource;
      const [coded] = variants;
      t.same([identity.etag, coded?.etag], [contentEtag(hash), contentEtag(hash, 'br')]);
      t.same([identity.digestFields[1], coded?.digestFields[1]], [hash, hash]);
    });

    t.test('without the option nothing is hashed', async (t) => {
      const site = makeSite(t, { f: 'x' }, { addon, policy: { etag: 'content' } });
      const file = fileOf(await site.find('/f'));
      await until(() => file.etag !== undefined);
      t.same(file.digestFields, []);
    });
  });
}
