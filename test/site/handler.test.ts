// The pipeline: from a request head to an answer, whatever the client sends and whatever breaks.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import type { FilesPolicy } from '../../src/files/policy.ts';
import type { PlanPolicy } from '../../src/plan/policy.ts';
import type { RequestFields } from '../../src/plan/request.ts';
import { compileRules } from '../../src/rules/fields.ts';
import { compileMediaTypes } from '../../src/rules/media-types.ts';
import { compileRedirects, compileRewrites } from '../../src/rules/redirects.ts';
import type { Answer } from '../../src/site/answer.ts';
import { createSite, type Site, type SiteOptions } from '../../src/site/site.ts';
import { addon, collect, POLICY, turn } from '../files/fixture.ts';
import { NO_RULES } from '../support/rules.ts';
import { makeTree, type Node, type Teardown } from '../support/tree.ts';

const PLAN: PlanPolicy = {
  limits: {
    forced: 'auto',
    mmapMax: 65536,
    sendfileMin: 65536,
  },
  maxRanges: 16,
  acceptRanges: 'bytes',
  serverTiming: false,
  cors: [],
  digest: false,
  common: [],
};

const REACH = addon === undefined ? 'none' : 'engine';

interface Subject extends Site {
  readonly path: string;
  readonly lines: string[];
  ask(target: string, fields?: RequestFields, method?: string): Promise<Answer>;
}

function makeSite(
  t: Teardown,
  tree: Readonly<Record<string, Node>>,
  files: Partial<FilesPolicy> = {},
  options: Partial<SiteOptions> = {},
): Subject {
  const path = makeTree(t, tree);
  const lines: string[] = [];
  const site = createSite({
    files: { ...POLICY, root: path, ...files },
    plan: PLAN,
    compileWith: () => compileRules(NO_RULES),
    redirects: compileRedirects([]),
    rewrites: compileRewrites([]),
    mediaTypes: compileMediaTypes({}),
    tellsApart: () => false,
    goesByDirectory: false,
    auth: {},
    live: undefined,
    earlyHints: false,
    downloads: false,
    archives: undefined,
    routed: false,
    addon,
    log: collect(lines),
    ...options,
  });
  t.teardown(() => site.close());
  const ask = async (target: string, fields: RequestFields = {}, method = 'GET') =>
    site.handler({ method, target, fields }, REACH);
  return { ...site, path, lines, ask };
}

function field(answer: Answer, name: string): string | undefined {
  const at = answer.fields.findIndex((text, i) => i % 2 === 0 && text.toLowerCase() === name);
  return at === -1 ? undefined : answer.fields[at + 1];
}

function pathOf({ body }: Answer): string | undefined {
  return 'file' in body ? body.file.path : undefined;
}

t.test('statuses by what the target names', async (t) => {
  const site = makeSite(t, {
    'a.txt': 'a',
    'd/index.html': 'd',
    '.hidden': 'h',
    fifo: { fifo: true },
  });
  const cases: ReadonlyArray<readonly [method: string, target: string, status: number]> = [
    ['GET', '/a.txt', 200],
    ['HEAD', '/a.txt', 200],
    ['GET', 'http://example.com/a.txt', 200],
    ['GET', '/d', 301],
    ['GET', '/d/', 200],
    ['GET', '/nowhere', 404],
    ['GET', '/.hidden', 404],
    ['GET', '/fifo', 403],
    ['GET', '/%', 400],
    ['GET', '/%00', 400],
    ['GET', '/../a.txt', 400],
    ['GET', 'a.txt', 400],
    ['GET', '*', 400],
    ['OPTIONS', '*', 204],
    ['OPTIONS', '/a.txt', 204],
    ['GET', `/${'x'.repeat(9000)}`, 414],
    ['POST', '/a.txt', 405],
    ['TRACE', '/a.txt', 405],
    ['BREW', '/nowhere', 405],
  ];
  for (const [method, target, status] of cases) {
    const name = target.length > 40 ? `${target.slice(0, 8)}… (${target.length})` : target;
    t.equal((await site.ask(target, {}, method)).status, status, `${method} ${name}`);
  }
});

t.test('a redirect keeps the query', async (t) => {
  const site = makeSite(t, { 'd/index.html': 'd', 'about.html': 'a' }, { cleanUrls: true });
  t.equal(field(await site.ask('/d?a=1&b'), 'location'), './d/?a=1&b');
  t.equal(field(await site.ask('/d'), 'location'), './d/');
  t.equal(field(await site.ask('/about.html?x'), 'location'), './about?x');
});

t.test('no redirect of ours leads to another host', async (t) => {
  const tree = { 'evil.example/index.html': 'x', 'a:b/index.html': 'x', 'd/x': 'x', '@/y/z': 'z' };
  const site = makeSite(t, tree, { cleanUrls: true, listing: true });
  for (const target of [
    '//evil.example',
    '///evil.example',
    '/./evil.example',
    '/d/../evil.example',
    '//evil.example/..//evil.example',
    '/a:b',
    '//@/y',
    '/%2e/evil.example',
    '/evil.example/index.html',
    '//evil.example//index.html',
  ]) {
    const location = field(await site.ask(target), 'location');
    const base = `http://here.example${target}`;
    t.equal(new URL(location ?? '', base).host, 'here.example', `${target} → ${location}`);
    t.match(location, /^\.{1,2}\//);
  }
});

t.test('redirects come first, rewrites after them', async (t) => {
  const site = makeSite(
    t,
    { 'new/index.html': 'new', 'real.txt': 'real', 'new/sub/x': 'x' },
    {},
    {
      redirects: compileRedirects([{ from: '/old/*', to: '/new/*', status: 302 }]),
      rewrites: compileRewrites([
        { from: '/alias', to: '/real.txt' },
        { from: '/old/alias', to: '/real.txt' },
        { from: '/way/:name', to: '/new/:name' },
      ]),
    },
  );
  const redirected = await site.ask('/old/x?q');
  t.equal(redirected.status, 302);
  t.equal(field(redirected, 'location'), '/new/x?q');
  t.equal((await site.ask('/old/alias')).status, 302);
  t.equal(pathOf(await site.ask('/alias?q')), 'real.txt');
  t.equal(
    field(await site.ask('/way/sub?q'), 'location'),
    '/new/sub/?q',
    'the slash is for the path that was looked up',
  );
});

t.test('error pages: 404.html and 50x.html, with the status of the error', async (t) => {
  const tree = { '404.html': 'none', 'a/404.html': 'none in a', '50x.html': 'broken', 'a/x': 'x' };
  const site = makeSite(t, tree);
  const missing = await site.ask('/a/nowhere');
  t.equal(missing.status, 404);
  t.equal(pathOf(missing), 'a/404.html');
  t.equal(field(missing, 'etag'), undefined, 'not its validators');
  t.equal(pathOf(await site.ask('/nowhere')), '404.html');
  t.equal((await site.ask('/404.html')).status, 200, 'by its own name it is a page');
  const conditional = await site.ask('/nowhere', { 'if-none-match': '*', range: 'bytes=0-0' });
  t.equal(conditional.status, 404);

  await site.ask('/50x.html');
  const open = site.root.open;
  for (const [errno, status] of [
    ['EMFILE', 503],
    ['EIO', 500],
  ] as const) {
    site.root.open = async (paths) =>
      paths.some((path) => path.endsWith('.html'))
        ? open(paths)
        : paths.map(() => ({ type: 'error', errno }));
    const failed = await site.ask(`/fails-with-${errno}`);
    t.equal(failed.status, status, errno);
    t.equal(pathOf(failed), '50x.html');
  }
  site.root.open = open;

  const plain = makeSite(t, tree, { errorPages: false });
  t.equal((await plain.ask('/nowhere')).body.kind, 'bytes');
});

t.test('a single-page app answers navigations only', async (t) => {
  const site = makeSite(t, { 'index.html': 'app', 'app.js': 'js' }, { spa: 'index.html' });
  const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
  const cases: ReadonlyArray<readonly [string, RequestFields, number]> = [
    ['/users/7', html, 200],
    ['/users/7', {}, 200],
    ['/users/7', { accept: 'application/json' }, 404],
    ['/users/7', { accept: 'text/html;q=0' }, 404],
    ['/missing.js', { accept: '*/*' }, 404],
    ['/john.doe', html, 200],
    ['/a%2Fb', html, 200],
    ['/a%2Fb.js', { accept: '*/*' }, 400],
    ['/missing.png', { accept: 'image/png' }, 404],
    ['/app.js', html, 200],
  ];
  for (const [target, fields, status] of cases) {
    t.equal((await site.ask(target, fields)).status, status, `${target} ${fields.accept}`);
  }
});

// Without the addon an open file is looked at once more, which has to be waited for.
const skip = addon === undefined && 'no addon';
t.test('a known file is answered in the same turn', { skip }, async (t) => {
  const site = makeSite(t, { 'a.txt': 'a', '404.html': 'n' });
  for (const target of ['/a.txt', '/nowhere']) {
    await site.ask(target);
    t.notOk(site.handler({ method: 'GET', target, fields: {} }, REACH) instanceof Promise, target);
  }
  t.notOk(site.handler({ method: 'GET', target: '/%', fields: {} }, REACH) instanceof Promise);
  const unknown = site.handler({ method: 'POST', target: '/unknown', fields: {} }, REACH);
  t.notOk(unknown instanceof Promise, 'other methods look at no file');
});

t.test('only answers that carry bytes count as uses', async (t) => {
  const site = makeSite(t, { 'a.txt': 'a' });
  const uses = async () => {
    const found = await site.table.lookup('/a.txt', false, false);
    return found.kind === 'file' ? found.resource.identity.uses : -1;
  };
  const etag = field(await site.ask('/a.txt', {}, 'HEAD'), 'etag') ?? '';
  await site.ask('/a.txt', { 'if-none-match': etag });
  await site.ask('/a.txt', { 'if-match': '"x"' });
  t.equal(await uses(), 0);
  await site.ask('/a.txt');
  await site.ask('/a.txt', { range: 'bytes=0-0' });
  t.equal(await uses(), 2);
});

t.test('a large listing is rendered in turns, with every name', async (t) => {
  const site = makeSite(t, {}, { listing: true });
  const names = 10_000;
  for (let i = 0; i < names; i++) writeFileSync(join(site.path, `${i}.txt`), '');
  for (const [accept, pattern] of [
    ['text/html', /<a href="\d+\.txt">/g],
    ['application/json', /"href":"\d+\.txt"/g],
  ] as const) {
    let turns = 0;
    let done = false;
    const answer = site.ask('/', { accept }).finally(() => {
      done = true;
    });
    while (!done) {
      await turn();
      turns++;
    }
    const { body, fields } = await answer;
    if (body.kind !== 'bytes') return t.fail(body.kind);
    const text = new TextDecoder().decode(body.bytes);
    t.equal(text.match(pattern)?.length, names, accept);
    t.equal(field(await answer, 'content-length'), String(body.bytes.length), fields.join());
    t.ok(turns >= 4, `${turns} turns`);
  }
});

t.test('what nobody expected is answered by 500 and said once', async (t) => {
  const site = makeSite(t, { 'a.txt': 'a' });
  site.root.open = () => Promise.reject(new Error('boom'));
  t.equal((await site.ask('/a.txt')).status, 500);
  t.equal((await site.ask('/b.txt')).status, 500);
  t.equal(site.lines.length, 1);
  t.match(site.lines[0], /unexpected: Error: boom/);
  site.table.lookup = () => {
    throw new Error('at once');
  };
  t.equal(
    site.handler({ method: 'GET', target: '/c', fields: {} }, REACH) instanceof Promise,
    false,
  );
});

t.test('any request gets an answer whose length is what it says', async (t) => {
  const site = makeSite(
    t,
    {
      'a.txt': 'abc',
      'a.txt.gz': gzipSync('abc'),
      'd/index.html': 'd',
      'e/x': 'x',
      '404.html': 'n',
    },
    { listing: true, cleanUrls: true, spa: 'd/index.html' },
  );
  const target = fc.oneof(
    fc.string(),
    fc.webPath(),
    fc.constantFrom('/', '/a.txt', '/d', '/d/', '/e/', '*', '/a.txt?x', '//', '/%2e%2e/', '/a%'),
  );
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom('*', '"x"', 'gzip', 'bytes=0-0', 'bytes=-1,0-'),
  );
  const fields = fc.record(
    {
      accept: text,
      'accept-encoding': text,
      range: text,
      'if-range': text,
      'if-match': text,
      'if-none-match': text,
      'if-modified-since': text,
    },
    { requiredKeys: [] },
  );
  const method = fc.constantFrom('GET', 'GET', 'HEAD', 'OPTIONS', 'POST', 'x');
  await fc.assert(
    fc.asyncProperty(method, target, fields, async (method, target, fields) => {
      const answer = await site.ask(target, fields, method);
      if (answer.status < 200 || answer.status > 599) return false;
      const length = Number(field(answer, 'content-length') ?? 0);
      const { body } = answer;
      if (body.kind === 'bytes') return body.bytes.length === length;
      return !('span' in body) || body.span.end - body.span.start === length;
    }),
    { numRuns: 1000 },
  );
  t.same(site.lines, [], 'and nothing unexpected happened');
});

t.test('variants of one file are told apart by their tags', async (t) => {
  const site = makeSite(t, { 'a.js': 'original', 'a.js.br': 'b', 'a.js.gz': gzipSync('original') });
  const tags = new Set<string | undefined>();
  for (const coding of ['identity', 'br', 'gzip']) {
    const answer = await site.ask('/a.js', { 'accept-encoding': `${coding}, identity;q=0.5` });
    t.equal(field(answer, 'content-encoding') ?? 'identity', coding);
    t.equal(field(answer, 'vary'), 'Accept-Encoding');
    t.equal(field(answer, 'content-type'), 'text/javascript; charset=utf-8');
    tags.add(field(answer, 'etag'));
  }
  t.equal(tags.size, 3);
});

t.test(
  'who runs the server is told of listings by the miss of a folder, nobody else',
  async (t) => {
    const tree = {
      'bare/x.txt': 'x',
      'own/in/x.txt': 'x',
      'own/404.html': 'mine',
      'app.html': 'app',
    };
    const pageOf = async (site: Subject, target: string, fields: RequestFields = {}) => {
      const { status, body, memo } = await site.ask(target, { host: 'localhost', ...fields });
      const text = body.kind === 'bytes' ? new TextDecoder().decode(body.bytes) : body.kind;
      return { status, told: text.includes('--listing'), repeated: memo !== undefined };
    };
    const repeated = REACH === 'engine';
    const told = makeSite(t, tree, { advises: true });
    const missing = { status: 404, told: false, repeated };
    t.same(await pageOf(told, '/bare/'), { ...missing, told: true });
    t.same(await pageOf(told, '/'), { ...missing, told: true });
    t.same(await pageOf(told, '/none/'), missing, 'what is not there');
    t.same(await pageOf(told, '/bare/none'), missing, 'a file that is not there');
    t.match(await pageOf(told, '/own/in/'), { status: 404, told: false }, 'a page of its own');
    const untold = makeSite(t, tree);
    t.same(await pageOf(untold, '/bare/'), missing, 'others');
    const app = makeSite(t, tree, { advises: true, spa: 'app.html' });
    t.match(await pageOf(app, '/bare/', { accept: 'text/html' }), { status: 200, told: false });
    t.match(await pageOf(app, '/bare/', { accept: 'image/png' }), { status: 404, told: true });
    const routed = makeSite(t, tree, { advises: true }, { routed: true });
    t.match(await pageOf(routed, '/bare/'), { status: 404, told: false }, 'in another server');
    const off = makeSite(t, tree, { advises: true, errorPages: false });
    t.match(await pageOf(off, '/own/in/'), { status: 404, told: true });
  },
);
