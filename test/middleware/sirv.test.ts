// sirv's contract, by its own name: what its users see, and what is said to those who mix it with serve-static's.
import t, { type Test } from 'tap';
import { mixedContracts } from '../../src/middleware/contracts.ts';
import { type SirvOptions, sirv } from '../../src/middleware/sirv.ts';
import { request } from '../support/client.ts';
import { listen } from '../support/listen.ts';
import { makeTree } from '../support/tree.ts';

const mtime = new Date('2024-01-02T03:04:05Z');
const root = makeTree(t, {
  'index.html': { text: '<p>home', mtime },
  'about.html': { text: '<p>about', mtime },
  'old.htm': { text: '<p>old', mtime },
  'dir/index.html': { text: '<p>dir', mtime },
  'app.js': { text: 'let a;', mtime },
  'app.js.gz': { text: 'gzipped', mtime },
  'a [b] ü.txt': { text: 'odd', mtime },
  '.hidden': { text: 'hidden', mtime },
  '_app/immutable/start.B0aLrJdK.js': { text: 'start', mtime },
  '_app/version.json': { text: '{}', mtime },
});

async function start(t: Test, options: SirvOptions) {
  const serve = sirv(root, options);
  t.teardown(serve.close);
  return listen(t, (req, res) =>
    serve(req, res, (error) => {
      res.statusCode = error ? 500 : 404;
      res.end(error ? String(error) : 'next');
    }),
  );
}

interface Row {
  readonly options?: SirvOptions;
  readonly target: string;
  readonly status: number;
  readonly body?: string;
  readonly has?: Readonly<Record<string, string | RegExp | undefined>>;
}

const cacheControl = (options: SirvOptions, value: string | undefined): Row => ({
  ...{ options, target: '/app.js', status: 200, has: { 'cache-control': value } },
});

const ROWS: Readonly<Record<string, Row>> = {
  'a page without its extension': { target: '/about', status: 200, body: '<p>about' },
  'the other extension': { target: '/old', status: 200, body: '<p>old' },
  'a page with its extension': { target: '/about.html', status: 200, body: '<p>about' },
  'a directory without its slash': { target: '/dir', status: 200, body: '<p>dir' },
  'a directory with its slash': { target: '/dir/', status: 200, body: '<p>dir' },
  'no ETag unless asked for': { target: '/', status: 200, has: { etag: undefined } },
  'etag, which is strong here': {
    ...{ options: { etag: true }, target: '/', status: 200, has: { etag: /^"/ } },
  },
  'dotfiles are hidden': { target: '/.hidden', status: 404, body: 'next' },
  'dotfiles: true': { options: { dotfiles: true }, target: '/.hidden', status: 200 },
  'gzip is an option': { options: { gzip: true }, target: '/app.js', status: 200 },
  'no Cache-Control unless maxAge is given': cacheControl({}, undefined),
  'maxAge is in seconds': cacheControl({ maxAge: 31536000 }, 'public, max-age=31536000'),
  'maxAge: 0 must be revalidated': cacheControl(
    { maxAge: 0 },
    'public, max-age=0, must-revalidate',
  ),
  immutable: cacheControl({ maxAge: 9, immutable: true }, 'public, max-age=9, immutable'),
  'immutable alone says nothing': cacheControl({ immutable: true }, undefined),
  dev: cacheControl({ dev: true, maxAge: 9 }, 'no-store'),
  'dev with ETags': cacheControl({ dev: true, etag: true }, 'no-cache'),
  'single: a page for misses': {
    ...{ options: { single: true }, target: '/some/where', status: 200, body: '<p>home' },
  },
  'extensions: others, for directories too': {
    ...{ options: { extensions: ['htm'] }, target: '/dir/', status: 404, body: 'next' },
  },
  'extensions: none': { options: { extensions: [] }, target: '/about', status: 404 },
};

for (const [title, { options = {}, target, status, body, has = {} }] of Object.entries(ROWS)) {
  t.test(title, async (t) => {
    const answer = await request(await start(t, options), target);
    t.equal(answer.status, status);
    if (body !== undefined) t.equal(answer.body.toString(), body);
    for (const [name, value] of Object.entries(has)) {
      if (value instanceof RegExp) t.match(answer.field(name), value, name);
      else t.equal(answer.field(name), value, name);
    }
  });
}

t.test("setHeaders gets the request's path, decoded, whatever file answers", async (t) => {
  const seen: string[] = [];
  const address = await start(t, {
    single: true,
    ignores: false,
    gzip: true,
    setHeaders: (_res, path, stat) => void seen.push(`${path} ${stat.size}`),
  });
  const rows: ReadonlyArray<readonly [target: string, seen: string]> = [
    ['/app.js?v=1', '/app.js 6'],
    ['/about', '/about 8'],
    ['/', '/ 7'],
    ['/dir', '/dir 6'],
    ['/a%20%5Bb%5D%20%C3%BC.txt', '/a [b] ü.txt 3'],
    ['/some/where', '/some/where 7'],
  ];
  for (const [target] of rows) await request(address, target);
  t.strictSame(
    seen,
    rows.map(([, each]) => each),
  );
});

t.test("SvelteKit's adapter-node keeps its chunks immutable", async (t) => {
  const address = await start(t, {
    etag: true,
    gzip: true,
    brotli: true,
    setHeaders(res, pathname) {
      if (pathname.startsWith('/_app/immutable/') && res.statusCode === 200) {
        res.setHeader('cache-control', 'public,max-age=31536000,immutable');
      }
    },
  });
  const chunk = await request(address, '/_app/immutable/start.B0aLrJdK.js');
  t.equal(chunk.field('cache-control'), 'public,max-age=31536000,immutable');
  const version = await request(address, '/_app/version.json');
  t.equal(version.status, 200);
  t.equal(version.field('cache-control'), undefined);
});

t.test('wrong options are errors that say what is allowed', async (t) => {
  t.throws(() => sirv(root, { maxAge: '1d' as never }), {
    message: 'option maxAge: "1d" is not allowed; expected seconds',
  });
  t.throws(() => sirv(root, { brotil: true } as never), /did you mean brotli/);
  t.throws(() => sirv(`${root}/none`), { code: 'ENOENT' });
});

t.test("sirv's names beside what has another meaning here are told of once", async (t) => {
  const setHeaders = () => {};
  const silent = [{}, { setHeaders }, { gzip: true }, { maxAge: 1 }, { gzip: true, maxAge: 0 }];
  for (const options of [...silent, { precompressed: 'gzip', setHeaders }] as const) {
    t.equal(mixedContracts(options), undefined, Object.keys(options).join());
  }
  t.match(
    mixedContracts({ gzip: true, brotli: true, setHeaders }),
    /gzip, brotli: setHeaders gets/,
  );
  t.match(mixedContracts({ single: true, maxAge: 60 }), /single: maxAge is in milliseconds/);
  t.match(
    mixedContracts({ dev: false, maxAge: 60, setHeaders }),
    /setHeaders gets .* and maxAge is in .*{ sirv } from 'zcserve'/,
  );
});
