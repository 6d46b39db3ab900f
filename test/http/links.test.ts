// Symbolic links on every carrier: where they end decides, not how they are written, and whoever is refused is told.
import { renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import t, { type Test } from 'tap';
import { until } from '../faults/process.ts';
import { request } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import { onEveryCarrierAndProxy, type Serve } from './carriers.ts';
import { type Case, checkCases } from './cases.ts';
import { claimsExcept } from './claims.ts';

const outside = makeTree(t, { 'secret.txt': 'secret', 'dir/secret.txt': 'secret' });

/** A tree with links to itself by absolute paths and around, and links out of it. */
function makeLinks(): string {
  const root = makeTree(t, {
    'file.txt': 'file',
    'dir/in.txt': 'in dir',
    'dir/index.html': 'index',
    'packed.txt': 'packed',
    out: { link: join(outside, 'secret.txt') },
    'out-dir': { link: join(outside, 'dir') },
    'packed.txt.br': { link: join(outside, 'secret.txt') },
  });
  symlinkSync(join(root, 'file.txt'), join(root, 'absolute.txt'));
  symlinkSync(join(root, 'dir'), join(root, 'absolute-dir'));
  symlinkSync(`../${basename(root)}/file.txt`, join(root, 'around.txt'));
  symlinkSync(join(root, 'absolute-dir/in.txt'), join(root, 'twice.txt'));
  symlinkSync(join(root, 'nowhere'), join(root, 'dangling.txt'));
  symlinkSync(root, join(root, 'whole'));
  return root;
}

const claims = claimsExcept([]);
const root = makeLinks();
/** The root itself by a link: its real path is what absolute links name. */
const alias = join(makeTree(t), 'current');
symlinkSync(root, alias);

const served = (target: string, body: string): Case => ({
  title: target,
  target,
  status: 200,
  body,
});
const INSIDE: readonly Case[] = [
  served('/absolute.txt', 'file'),
  served('/around.txt', 'file'),
  served('/twice.txt', 'in dir'),
  served('/absolute-dir/in.txt', 'in dir'),
  served('/absolute-dir/', 'index'),
  served('/whole/whole/file.txt', 'file'),
  served('/packed.txt', 'packed'),
  { title: 'a link to nowhere', target: '/dangling.txt', status: 404 },
  { title: 'a link out of the root', target: '/out', status: 403 },
  { title: 'what is below one', target: '/out-dir/secret.txt', status: 403 },
];

onEveryCarrierAndProxy(t, async (t, serve) => {
  const plain = await serve({ root, listing: true });
  const { lines } = plain.host;
  const from = lines.length;
  await checkCases(t, plain, claims, INSIDE);
  await checkCases(t, await serve({ root: alias }), claims, INSIDE);
  const listing = await request(plain.address, '/', { fields: { accept: 'application/json' } });
  const names = [...listing.body.toString().matchAll(/"name":\s*"([^"]+)"/g)].map(([, one]) => one);
  t.ok(names.includes('absolute.txt') && names.includes('around.txt'), 'listed');
  t.notOk(names.includes('out') || names.includes('out-dir'), 'as a request would get them');

  await request(plain.address, '/out-dir/another.txt');
  for (const link of ['out', 'out-dir', 'packed.txt.br']) {
    const line = `${link} leads out of the root (symlinks: inside): not served`;
    await until(async () => lines.slice(from).some((each) => each.endsWith(line)));
  }
  const below = lines.slice(from).filter((each) => each.includes('out-dir/'));
  t.same(below, [], 'by its own name, whatever is asked for below it');
  const none = await serve({ root, symlinks: 'none' });
  await checkCases(t, none, claims, [
    { title: 'symlinks none: an absolute link', target: '/absolute.txt', status: 403 },
  ]);
  await checkMoved(t, serve);
});

/** What the engine answers by itself rests on where the link led. */
async function checkMoved(t: Test, serve: Serve): Promise<void> {
  for (const revalidate of [0, '5ms']) {
    const work = makeTree(t, { 'a.txt': 'old', 'b.txt': 'new, and longer' });
    const point = (to: string) => {
      symlinkSync(to, join(work, 'next'));
      renameSync(join(work, 'next'), join(work, 'link.txt'));
    };
    point(join(work, 'a.txt'));
    const { address } = await serve({ root: work, revalidate, watch: false });
    const see = async () => (await request(address, '/link.txt')).body.toString();
    const seen = (wanted: string) => until(async () => (await see()) === wanted);
    for (let i = 0; i < 5; i++) t.equal(await see(), 'old');
    point(join(work, 'b.txt'));
    if (revalidate === 0) t.equal(await see(), 'new, and longer', 'another file at once');
    await seen('new, and longer');
    writeFileSync(join(work, 'b.txt'), 'newer');
    await seen('newer');
    point(join(outside, 'secret.txt'));
    if (revalidate === 0) t.not(await see(), 'newer', 'a link that is moved out is seen');
    for (let body = 'newer'; body === 'newer'; ) {
      body = await see();
      t.not(body, 'secret');
    }
  }
}

claims.settle(t);
