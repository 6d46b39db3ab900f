// Entity-tags: strong, one for each version and coding; from content in the background, once per version.
import { chmodSync, linkSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { statEtag, tagSource } from '../../src/files/etag.ts';
import { makeTree } from '../support/tree.ts';
import { fileOf, makeSite, until, WAYS } from './fixture.ts';

t.test('from the stat', async (t) => {
  const version = '801-2f-400-17e0a1b2c3d4e5f6-17e0a1b2c3d4e5f7';
  const tag = statEtag(version, 'identity');
  t.match(tag, /^"[\da-f]+-[A-Za-z\d+/]{27}"$/, 'strong, in the etag package’s form');
  t.equal(
    statEtag('801-2f-400-17e0a1b2c3d4e5f6-17e0a1b2c3d4ffff', 'identity'),
    tag,
    'ctime is no content',
  );
  const others = [
    statEtag('802-2f-400-17e0a1b2c3d4e5f6-17e0a1b2c3d4e5f7', 'identity'),
    statEtag('801-30-400-17e0a1b2c3d4e5f6-17e0a1b2c3d4e5f7', 'identity'),
    statEtag('801-2f-401-17e0a1b2c3d4e5f6-17e0a1b2c3d4e5f7', 'identity'),
    statEtag('801-2f-400-17e0a1b2c3d4e5f7-17e0a1b2c3d4e5f7', 'identity'),
    statEtag(version, 'br'),
    statEtag(version, 'gzip'),
    statEtag(version, 'zstd'),
  ];
  t.equal(
    new Set([tag, ...others]).size,
    8,
    'device, inode, size, time and coding each tell apart',
  );
});

t.test(
  'auto: a time with a fraction names a version, one in whole seconds is backed by the content',
  async (t) => {
    const whole = (1_700_000_000n * 1_000_000_000n).toString(16);
    const fraction = (1_700_000_000n * 1_000_000_000n + 1n).toString(16);
    const before1970 = BigInt.asUintN(64, -1_500_000_000n).toString(16);
    const tag = (version: string, size = 1024) => tagSource('auto', version, size, 'identity');
    t.same(
      tag(`801-2f-400-${fraction}-9`),
      { kind: 'known', tag: `"400-${fraction}"` },
      'nothing but what Content-Length and Last-Modified tell, no inode',
    );
    t.same(
      tagSource('auto', `801-2f-400-${fraction}-9`, 1024, 'br'),
      { kind: 'known', tag: `"400-${fraction}-br"` },
      'a coding',
    );
    t.same(tag(`801-2f-400-${fraction}-9`), tag(`902-30-400-${fraction}-a`), 'a copy elsewhere');
    t.strictNotSame(
      tag(`801-2f-400-${fraction}-9`),
      tag(`801-2f-401-${fraction}-9`),
      'another size',
    );
    t.strictNotSame(
      tagSource('auto', `801-2f-400-${fraction}-9`, 1024, 'br'),
      tag(`801-2f-400-${fraction}-9`),
      'another coding',
    );
    t.same(tag(`801-2f-400-${whole}-9`), { kind: 'hash', first: true });
    t.same(tag(`801-2f-400-0-9`), { kind: 'hash', first: true });
    t.match(tag(`801-2f-400-${before1970}-9`), { kind: 'known' });
    const large = 1024 * 1024 + 1;
    t.match(tag(`801-2f-100001-${whole}-9`, large), { kind: 'known' });
    t.strictNotSame(
      tag(`801-2f-100001-${whole}-9`, large),
      tag(`801-2f-100001-${whole}-a`, large),
      'a large one by its ctime',
    );
    t.same(tag(`801-2f-100000-${whole}-9`, large - 1), { kind: 'hash', first: true });
    t.same(tagSource('content', `801-2f-400-${fraction}-9`, 1024, 'br'), {
      kind: 'hash',
      first: false,
    });
    t.same(tagSource('off', `801-2f-400-${fraction}-9`, 1024, 'br'), {
      kind: 'known',
      tag: undefined,
    });
  },
);

for (const [way, addon] of WAYS) {
  t.test(way, async (t) => {
    t.test('stat: moves with the bytes, not with the mode', async (t) => {
      const site = makeSite(t, { f: 'one' }, { addon, policy: { revalidateMs: 0 } });
      const tag = async () => fileOf(await site.find('/f')).etag;
      const first = await tag();
      chmodSync(join(site.path, 'f'), 0o600);
      t.equal(await tag(), first);
      writeFileSync(join(site.path, 'f'), 'two');
      utimesSync(join(site.path, 'f'), new Date(0), new Date(0));
      t.not(await tag(), first, 'the same size');
    });

    t.test('off: none', async (t) => {
      const site = makeSite(t, { f: 'x' }, { addon, policy: { etag: 'off' } });
      t.equal(fileOf(await site.find('/f')).etag, undefined);
    });

    t.test('content: none before it is known, then the same wherever the bytes are', async (t) => {
      const tree = {
        'a.txt': 'same',
        'b.txt': 'same',
        'c.txt': 'else',
        'big.bin': { size: 600_001 },
      };
      const site = makeSite(t, tree, { addon, policy: { etag: 'content' } });
      const a = fileOf(await site.find('/a.txt'));
      t.equal(a.etag, undefined, 'never before the first byte');
      await until(() => a.etag !== undefined);
      t.match(a.etag, /^"[\w-]{22}"$/);
      t.same(a.fields.slice(0, 2), ['ETag', a.etag], 'the fields have it too');
      t.same(site.forgotten, ['a.txt'], 'answers prepared without it go');
      const [b, c, big] = await Promise.all(
        ['/b.txt', '/c.txt', '/big.bin'].map(async (target) => fileOf(await site.find(target))),
      );
      await until(() => [b, c, big].every((file) => file?.etag !== undefined));
      t.equal(b?.etag, a.etag);
      t.not(c?.etag, a.etag);
      t.not(big?.etag, a.etag);
    });

    t.test('content: one inode linked as two codings has two tags', async (t) => {
      const site = makeSite(t, { f: 'the same bytes' }, { addon, policy: { etag: 'content' } });
      linkSync(join(site.path, 'f'), join(site.path, 'f.br'));
      const found = await site.find('/f');
      if (found.kind !== 'file') throw new Error(found.kind);
      const { identity, variants } = found.resource;
      await until(() => [identity, ...variants].every((each) => each.etag !== undefined));
      t.equal(variants.length, 1);
      t.not(variants[0]?.etag, identity.etag, 'RFC 9110 §8.8.3.3');
    });

    t.test(
      'auto: bytes put in place of others with their size and time have another tag',
      async (t) => {
        const mtime = new Date('2024-01-01T00:00:00Z');
        const tree = { f: { text: 'one', mtime } };
        const site = makeSite(t, tree, { addon, policy: { etag: 'auto', revalidateMs: 0 } });
        const first = fileOf(await site.find('/f'));
        writeFileSync(join(site.path, 'f'), 'two');
        utimesSync(join(site.path, 'f'), mtime, mtime);
        const second = fileOf(await site.find('/f'));
        t.ok(first.etag && second.etag);
        t.not(second.etag, first.etag);
      },
    );

    t.test('content: a version is hashed once, a new one again', async (t) => {
      const root = makeTree(t, { f: 'one' });
      const site = makeSite(t, root, { addon, policy: { etag: 'content', revalidateMs: 0 } });
      const first = fileOf(await site.find('/f'));
      await until(() => first.etag !== undefined);
      site.table.drop('f');
      t.equal(
        fileOf(await site.find('/f')).etag,
        first.etag,
        'known at once when it is opened again',
      );
      writeFileSync(join(root, 'g'), 'two');
      renameSync(join(root, 'g'), join(root, 'f'));
      const second = fileOf(await site.find('/f'));
      t.equal(second.etag, undefined);
      await until(() => second.etag !== undefined);
      t.not(second.etag, first.etag);
    });

    t.test('content: of a file that changes before it is hashed, no tag', async (t) => {
      const site = makeSite(t, { f: 'one', g: 'x' }, { addon, policy: { etag: 'content' } });
      const f = fileOf(await site.find('/f'));
      writeFileSync(join(site.path, 'f'), 'changed');
      // One file is hashed after the other: g's tag tells that f's turn is over.
      const g = fileOf(await site.find('/g'));
      await until(() => g.etag !== undefined);
      t.equal(f.etag, undefined);
    });
  });
}
