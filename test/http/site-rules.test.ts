// Rules that a site carries, on every carrier: followed, never served, and followed anew when they change.
import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { OptionsInput } from '../../src/options/options.ts';
import { type Answer, type Connection, connect, requestBytes } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import { type Carrier, onEveryCarrier, type Serve } from './carriers.ts';

/** Each request looks: what the next answer is is no matter of time. */
const EACH: OptionsInput = { revalidate: 0, watch: false };

const HEADERS = `/*
  X-All: 1
/
  X-Home: 1
/docs/*
  X-Docs: 1
  ! X-All
/*.css
  X-Style: 1
/bad
  ETag: "no"
`;

const REDIRECTS = `/old /new 302
/kept /new
/taken /new 307!
/store id=:id /blog/:id
/style.css theme=:t /docs/a.css 200!
/app/* /index.html 200
/clean /docs 200
/lost/* /gone.html 404
/away /gone.html 410!
/in /secret/a.txt 200
/rules /_headers 200
/proxy https://example.org/ 200
`;

const TREE = {
  _headers: HEADERS,
  '_headers.gz': 'x',
  _redirects: REDIRECTS,
  'index.html': 'home',
  kept: 'kept',
  taken: 'taken',
  LICENSE: 'licence',
  'style.css': 'style',
  'docs/index.html': 'docs',
  'docs/a.css': 'a',
  'docs/LICENSE': 'licence of docs',
  'docs/_headers': 'no rules here',
  'gone.html': 'gone',
  'secret/a.txt': 'secret',
  users: 'u:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=',
};

t.setTimeout(60_000);

onEveryCarrier(t, async (t, serve, carrier) => {
  await t.test('they are followed', (t) => followed(t, serve, carrier));
  await t.test('they are never served', (t) => unserved(t, serve));
  await t.test('without the option they are files', (t) => files(t, serve));
  await t.test('the next request goes by what they say now', (t) => renewed(t, serve));
  await t.test('a watcher sees it at once', (t) => watched(t, serve));
  await t.test('a root that is replaced brings its own', (t) => replaced(t, serve));
  await t.test('each host has its own', (t) => hosted(t, serve));
  await t.test('a query asks for a download', (t) => downloaded(t, serve));
});

type Ask = (target: string, fields?: Readonly<Record<string, string>>) => Promise<Answer>;

async function asking(t: Test, serve: Serve, options: OptionsInput): Promise<Ask> {
  const { address } = await serve(options);
  const connection: Connection = await connect(address);
  t.teardown(() => connection.close());
  return async (target, fields = {}) => {
    await connection.send(
      requestBytes(target, { fields: { connection: 'keep-alive', ...fields } }),
    );
    return connection.read();
  };
}

/** As one line: status, Location, the fields of the rules, and what short content there is. */
function told(answer: Answer): string {
  const { status, body } = answer;
  const own = ['x-all', 'x-home', 'x-docs', 'x-style', 'x-release'].filter(
    (name) => answer.field(name) !== undefined,
  );
  const text = body.length < 20 ? body.toString() : '';
  return [status, answer.field('location'), ...own, text].filter(Boolean).join(' ');
}

/** Planned, then opened, kept and prepared: all by the same rules. */
async function thrice(t: Test, ask: Ask, target: string, wanted: string): Promise<void> {
  for (let turn = 0; turn < 3; turn++) t.equal(told(await ask(target)), wanted, target);
}

async function followed(t: Test, serve: Serve, carrier: Carrier): Promise<void> {
  const root = makeTree(t, TREE);
  const ask = await asking(t, serve, { root, listing: true });
  const cases: ReadonlyArray<readonly [target: string, wanted: string]> = [
    ['/', '200 x-all x-home home'],
    ['/docs/', '200 x-docs docs'],
    ['/docs/a.css', '200 x-docs x-style a'],
    ['/style.css', '200 x-all x-style style'],
    ['/LICENSE', '200 x-all licence'],
    ['/old', '302 /new'],
    ['/old?a=b', '302 /new?a=b'],
    ['/kept', '200 x-all kept'],
    ['/taken', '307 /new'],
    ['/store', '404'],
    ['/store?id=7&x=y', '301 /blog/7?x=y'],
    ['/style.css?theme=dark', '200 x-docs x-style a'],
    ['/style.css?v=1', '200 x-all x-style style'],
    ['/app/route', '200 x-all x-home home'],
    ['/clean', '200 x-docs docs'],
    ['/lost/a', '404 x-all gone'],
    ['/away', '410 x-all gone'],
    ['/rules', '404'],
    ['/proxy', '404'],
    ['/store', '404'],
    ['/style.css', '200 x-all x-style style'],
  ];
  for (const [target, wanted] of cases) await thrice(t, ask, target, wanted);
  // Where nothing was, a file comes: it stands before the route that was taken until now.
  const fresh = await asking(t, serve, { root, ...EACH });
  await thrice(t, fresh, '/app/late', '200 x-all x-home home');
  writeFileSync(join(makeDirectory(root, 'app'), 'late'), 'late');
  await thrice(t, fresh, '/app/late', '200 x-all late');

  // Each line that is not followed is named at the start.
  const { host } = await serve({ root });
  const named = [
    /_headers:11: "ETag" is the server's own/,
    /_redirects:12: 200 from another server/,
  ];
  await until(async () => named.every((line) => host.lines.some((said) => line.test(said))));

  const users = join(makeTree(t, { users: TREE.users }), 'users');
  const guarded = await asking(t, serve, { root, auth: { '/secret': users } });
  t.equal((await guarded('/secret/a.txt')).status, 401);
  await thrice(t, guarded, '/in', '404');
  if (carrier.name === 'native') await thrice(t, ask, '/in', '200 x-all secret');
}

function makeDirectory(root: string, name: string): string {
  const path = join(root, name);
  const made = makeTree(t, { x: '' });
  renameSync(made, path);
  return path;
}

async function unserved(t: Test, serve: Serve): Promise<void> {
  const root = makeTree(t, { ...TREE, _redirects: '', 'x_headers.txt': 'none of them' });
  const ask = await asking(t, serve, { root, listing: true, index: [], cleanUrls: true });
  // Files of the same directory and extension are known to the engine by then.
  for (let turn = 0; turn < 6; turn++) await ask('/LICENSE');
  const targets = [
    '/_headers',
    '/_headers/',
    '/_redirects',
    '/_headers.gz',
    '/%5fheaders',
    '/_HEADERS',
  ];
  for (const target of [
    ...targets,
    '/./_headers',
    '/docs/../_headers',
    '/_headers?x',
    '/_redirect%C5%BF',
  ]) {
    for (let turn = 0; turn < 3; turn++) {
      const { status } = await ask(target, { 'accept-encoding': 'gzip' });
      t.not(status, 200, target);
    }
  }
  t.equal((await ask('/docs/_headers')).body.toString(), 'no rules here', 'only those of the root');
  const { body } = await ask('/', { accept: 'application/json' });
  const page = body.toString();
  t.match(page, /LICENSE/);
  t.match(page, /x_headers\.txt/);
  t.notMatch(page.replaceAll('x_headers', ''), /_headers|_redirects/);
}

async function files(t: Test, serve: Serve): Promise<void> {
  const ask = await asking(t, serve, { root: makeTree(t, TREE), siteRules: false });
  t.equal((await ask('/_headers')).body.toString(), HEADERS);
  t.equal(told(await ask('/taken')), '200 taken');
}

async function renewed(t: Test, serve: Serve): Promise<void> {
  const root = makeTree(t, { 'a.txt': 'a', 'b.txt': 'b' });
  const ask = await asking(t, serve, { root, ...EACH });
  const write = (name: string, text: string) => writeFileSync(join(root, name), text);
  await thrice(t, ask, '/a.txt', '200 a');
  await thrice(t, ask, '/c.txt', '404');
  write('_headers', '/*\n  X-All: 1\n');
  await thrice(t, ask, '/a.txt', '200 x-all a');
  write('_redirects', '/c.txt /a.txt 200\n/b.txt /a.txt 302!\n');
  await thrice(t, ask, '/c.txt', '200 x-all a');
  await thrice(t, ask, '/b.txt', '302 /a.txt');
  write('new', '/a.txt\n  X-Docs: 1\n');
  renameSync(join(root, 'new'), join(root, '_headers'));
  await thrice(t, ask, '/a.txt', '200 x-docs a');
  await thrice(t, ask, '/c.txt', '200 x-docs a');
  write('_redirects', 'x'.repeat(2 ** 20 + 1));
  await thrice(t, ask, '/c.txt', '404');
  rmSync(join(root, '_redirects'));
  rmSync(join(root, '_headers'));
  await thrice(t, ask, '/a.txt', '200 a');
  await thrice(t, ask, '/b.txt', '200 b');
}

async function watched(t: Test, serve: Serve): Promise<void> {
  const root = makeTree(t, { _headers: '/*\n  X-All: 1\n', 'a.txt': 'a' });
  const ask = await asking(t, serve, { root, revalidate: '1h' });
  await thrice(t, ask, '/a.txt', '200 x-all a');
  writeFileSync(join(root, '_headers'), '/*\n  X-Docs: 1\n');
  await until(async () => told(await ask('/a.txt')) === '200 x-docs a');
  rmSync(join(root, '_headers'));
  await until(async () => told(await ask('/a.txt')) === '200 a');
  t.pass('seen');
}

/** A test that waits for what never comes ends by its timeout. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await setTimeout(5);
}

async function replaced(t: Test, serve: Serve): Promise<void> {
  const releases = ['A', 'B'].map((name) =>
    makeTree(t, {
      _headers: `/*\n  X-Release: ${name}\n`,
      _redirects: `/now /${name}.txt 200\n`,
      'a.txt': name,
      [`${name}.txt`]: name,
    }),
  );
  const folder = makeTree(t);
  const root = join(folder, 'current');
  const point = (i: number) => {
    symlinkSync(releases[i] ?? '', join(folder, 'next'));
    renameSync(join(folder, 'next'), root);
  };
  point(0);
  const ask = await asking(t, serve, { root, ...EACH });
  for (let turn = 0; turn < 6; turn++) {
    const name = 'AB'[turn % 2] ?? '';
    point(turn % 2);
    for (const target of ['/a.txt', '/now', '/a.txt', '/now']) {
      const answer = await ask(target);
      t.same([answer.field('x-release'), answer.body.toString()], [name, name], target);
    }
  }
  // Nor is an answer of both, whenever the one takes the place of the other.
  let done = false;
  const swapping = (async () => {
    for (let turn = 0; turn < 40; turn++) {
      point(turn % 2);
      await setTimeout(1);
    }
    done = true;
  })();
  const mixed = new Set<string>();
  while (!done) {
    const answer = await ask(Math.random() < 0.5 ? '/a.txt' : '/now');
    const [release, body] = [answer.field('x-release'), answer.body.toString()];
    // Whoever is overtaken ten times is told to wait.
    if (answer.status !== 503 && release !== body) mixed.add(`${answer.status} ${release} ${body}`);
  }
  await swapping;
  t.same([...mixed], []);
}

async function hosted(t: Test, serve: Serve): Promise<void> {
  const site = (name: string) =>
    makeTree(t, { _headers: `/*\n  X-Release: ${name}\n`, 'a.txt': name });
  const [first, second] = [site('first'), site('second')];
  const ask = await asking(t, serve, {
    root: first,
    ...EACH,
    hosts: { 'two.example': { root: second }, 'off.example': { root: second, siteRules: false } },
  });
  const of = async (host: string) => (await ask('/a.txt', { host })).field('x-release');
  for (let turn = 0; turn < 3; turn++) {
    t.equal(await of('two.example'), 'second');
    t.equal(await of('one.example'), 'first');
    t.equal(await of('off.example'), undefined);
  }
  writeFileSync(join(second, '_headers'), '/*\n  X-Release: changed\n');
  for (let turn = 0; turn < 3; turn++) {
    t.equal(await of('two.example'), 'changed');
    t.equal(await of('one.example'), 'first');
  }
}

async function downloaded(t: Test, serve: Serve): Promise<void> {
  const root = makeTree(t, { 'a b.txt': 'text', 'ü.txt': 'umlaut', 'page.html': 'page' });
  const headers = { '*.html': { 'Content-Disposition': 'inline' } };
  const ask = await asking(t, serve, { root, headers, download: true });
  const cases: ReadonlyArray<readonly [target: string, wanted: string | undefined]> = [
    ['/a%20b.txt', undefined],
    ['/a%20b.txt?download', 'attachment; filename="a b.txt"'],
    ['/a%20b.txt?v=1', undefined],
    ['/a%20b.txt?v=1&download=', 'attachment; filename="a b.txt"'],
    ['/a%20b.txt?download=c.txt&v=1', 'attachment; filename="c.txt"'],
    ['/a%20b.txt?download=..%2F..%2Fd.TXT', 'attachment; filename="d.TXT"'],
    ['/a%20b.txt?download=setup.exe', 'attachment; filename="a b.txt"'],
    ['/a%20b.txt?download=a%0d%0ab.txt', 'attachment; filename="a b.txt"'],
    ['/a%20b.txt?download=%zz.txt', 'attachment; filename="a b.txt"'],
    ['/a%20b.txt?downloads', undefined],
    ['/%C3%BC.txt?download', `attachment; filename="_.txt"; filename*=UTF-8''%C3%BC.txt`],
    ['/page.html', 'inline'],
    ['/page.html?download', 'attachment; filename="page.html"'],
    ['/none.txt?download', undefined],
  ];
  // What is repeated for the path is not for the query, nor the other way round.
  for (let turn = 0; turn < 3; turn++) {
    for (const [target, wanted] of cases) {
      const disposition = (await ask(target)).field('content-disposition');
      t.equal(disposition, wanted, target);
    }
  }
  const partial = await ask('/a%20b.txt?download', { range: 'bytes=1-2' });
  t.match([partial.status, partial.field('content-disposition')], [206, /^attachment/]);
  const off = await asking(t, serve, { root });
  t.equal((await off('/a%20b.txt?download')).field('content-disposition'), undefined);
}
