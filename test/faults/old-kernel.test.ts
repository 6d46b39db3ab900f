// Where the kernel cannot confine an open (before Linux 5.6), the same links are followed and refused as elsewhere; what is in the
// page cache is told too.
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import t from 'tap';
import { dropFromPageCache } from '../../bench/page-cache.ts';
import { CARRIERS, missing, startOrigin } from '../http/carriers.ts';
import { checkCases } from '../http/cases.ts';
import { claimsExcept } from '../http/claims.ts';
import { startHost } from '../http/host.ts';
import { request } from '../support/client.ts';
import { runCommand } from '../support/command.ts';
import { makeTree } from '../support/tree.ts';
import { until } from './process.ts';
import { buildShim } from './shim.ts';

const [native] = CARRIERS;
if (native === undefined) throw new Error('no carrier');
const shim = buildShim(t, 'old-kernel.c');
const skip = missing(native) ?? (shim.library === undefined ? shim.reason : false);

t.test('links without openat2', { skip }, async (t) => {
  const outside = makeTree(t, { 'secret.txt': 'secret', 'dir/in.txt': 'secret' });
  const root = makeTree(t, {
    'file.txt': 'file',
    'dir/in.txt': 'in dir',
    'relative.txt': { link: 'file.txt' },
    'relative-dir': { link: 'dir' },
    out: { link: join(outside, 'secret.txt') },
    'out-dir': { link: join(outside, 'dir') },
    loop: { link: 'loop' },
  });
  symlinkSync(join(root, 'file.txt'), join(root, 'absolute.txt'));
  symlinkSync(`../${basename(root)}/file.txt`, join(root, 'around.txt'));
  const host = startHost(t, { addon: true, env: { LD_PRELOAD: shim.library ?? '' } });
  const claims = claimsExcept([]);
  await checkCases(t, await startOrigin(native, host, { root, listing: true }), claims, [
    ...['/file.txt', '/relative.txt', '/absolute.txt', '/around.txt'].map((target) => ({
      title: target,
      target,
      status: 200,
      body: 'file',
    })),
    { title: 'below a link', target: '/relative-dir/in.txt', status: 200, body: 'in dir' },
    ...['/out', '/out-dir', '/out-dir/in.txt', '/loop'].map((target) => ({
      title: target,
      target,
      status: 403,
    })),
    { title: 'nothing', target: '/none.txt', status: 404 },
  ]);
  const none = await startOrigin(native, host, { root, symlinks: 'none' });
  await checkCases(t, none, claims, [
    { title: 'none: a file', target: '/dir/in.txt', status: 200 },
    { title: 'none: a link', target: '/relative.txt', status: 403 },
  ]);
  claims.settle(t);

  await t.test('what the engine answers by itself follows the link that is moved', async (t) => {
    const work = makeTree(t, { 'b.txt': 'new' });
    mkdirSync(join(work, 'a'));
    writeFileSync(join(work, 'a/x.txt'), 'old');
    const point = (to: string) => {
      symlinkSync(to, join(work, 'next'));
      renameSync(join(work, 'next'), join(work, 'link.txt'));
    };
    point('a/x.txt');
    const { address } = await startOrigin(native, host, { root: work, revalidate: 0 });
    const see = async () => (await request(address, '/link.txt')).body.toString();
    for (let i = 0; i < 5; i++) t.equal(await see(), 'old');
    point(join(work, 'b.txt'));
    await until(async () => (await see()) === 'new');
    point(join(outside, 'secret.txt'));
    await until(async () => (await request(address, '/link.txt')).status === 403);
  });
});

t.test('what is in the page cache, without cachestat', { skip }, async (t) => {
  const root = makeTree(t, { cold: { size: 2 ** 20 }, warm: { size: 2 ** 20 } });
  for (const name of ['cold', 'warm']) {
    const fd = openSync(join(root, name), 'r+');
    fsyncSync(fd);
    closeSync(fd);
    await dropFromPageCache(join(root, name));
  }
  readFileSync(join(root, 'warm'));
  const env = { LD_PRELOAD: shim.library ?? '' };
  const tells = async () => {
    const { stdout } = await runCommand(['doctor', root], { env });
    return / page cache +(.*?);/.exec(stdout)?.[1];
  };
  const before = await tells();
  if (before?.startsWith('2 ')) return t.comment('a file system that keeps pages');
  t.equal(before, '1 of 2 files, 1.0 MiB of 2.0 MiB');
  readFileSync(join(root, 'cold'));
  t.equal(await tells(), '2 of 2 files, 2.0 MiB of 2.0 MiB');
});
