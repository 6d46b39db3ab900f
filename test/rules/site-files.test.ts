// _headers and _redirects: what both hosts publish as examples, what is refused and where, and files that mean no good.
import * as fc from 'fast-check';
import t from 'tap';
import { compileRules } from '../../src/rules/fields.ts';
import { MAX_BLOCKS, parseHeaders } from '../../src/rules/header-lines.ts';
import { MAX_LINES } from '../../src/rules/lines.ts';
import { MAX_EXACT, MAX_PATTERNS, parseRedirects } from '../../src/rules/redirect-lines.ts';
import { circlesOf, compileRoutes } from '../../src/rules/routes.ts';
import { NO_RULES } from '../support/rules.ts';

/** As one line: what a request gets where there is no file, and where there is one. */
function routed(text: string, target: string): string {
  const { rules, flaws } = parseRedirects(text);
  t.same(flaws, [], text);
  const [path = '', query] = target.split('?');
  const { first, forced } =
    compileRoutes(rules).of(path, query === undefined ? '' : `?${query}`) ?? {};
  const told = [first, forced].map((route) => {
    if (route === undefined) return '-';
    return route.kind === 'redirect'
      ? `${route.status} ${route.location}`
      : `${route.status} ${route.path}${route.slash ? '/' : ''}`;
  });
  return told[1] === '-' ? (told[0] ?? '') : told.join(' | ');
}

t.test('what both hosts document of _redirects', (t) => {
  const cases: Array<[rules: string, target: string, answer: string]> = [
    // Netlify
    ['/home              /', '/home', '301 /'],
    ['/blog/my-post.php  /blog/my-post # a comment', '/blog/my-post.php', '301 /blog/my-post'],
    ['/cuties https://www.petsofnetlify.com', '/cuties', '301 https://www.petsofnetlify.com'],
    [
      '/authors/c%C3%A9line /authors/about-c%C3%A9line',
      '/authors/céline',
      '301 /authors/about-c%C3%A9line',
    ],
    ['/my-redirect / 302', '/my-redirect', '302 /'],
    ['/pass-through /index.html 200', '/pass-through', '200 /index.html'],
    ['/ecommerce /store-closed 404', '/ecommerce', '404 /store-closed'],
    ['/news/* /blog/:splat', '/news/2004/01/10/my-story', '301 /blog/2004/01/10/my-story'],
    [
      '/news/:month/:date/:year/:slug /blog/:year/:month/:date/:slug',
      '/news/02/12/2004/s',
      '301 /blog/2004/02/12/s',
    ],
    ['/store id=:id /blog/:id 301', '/store?id=my-post', '301 /blog/my-post'],
    ['/store id=:id /blog/:id 301', '/store', '-'],
    [
      '/path/* a=:v1 b=:v2 /both/:v1/:v2/:splat\n/path/* /else/:splat',
      '/path/p?a=1&b=2',
      '301 /both/1/2/p',
    ],
    [
      '/path/* a=:v1 b=:v2 /both/:v1/:v2/:splat\n/path/* /else/:splat',
      '/path/p?a=1',
      '301 /else/p?a=1',
    ],
    ['/a x=1 /one\n/a x=2 /two', '/a?x=2&y=3', '301 /two?y=3'],
    ['/* /index.html 200', '/anything', '200 /index.html'],
    [
      '/best-pets/dogs /best-pets/cats.html 200!',
      '/best-pets/dogs',
      '200 /best-pets/cats.html | 200 /best-pets/cats.html',
    ],
    ['/en/* /en/404.html 404', '/en/x', '404 /en/404.html'],
    ['/gone /gone.html 410', '/gone', '410 /gone.html'],
    [
      '/blog/title-with-typo/ /blog/typo-free-title',
      '/blog/title-with-typo',
      '301 /blog/typo-free-title',
    ],
    ['/a /b?x=1', '/a?y=2', '301 /b?x=1&y=2'],
    // Cloudflare Pages
    ['/home302 / 302', '/home302', '302 /'],
    ['/querystrings /?query=string 301', '/querystrings', '301 /?query=string'],
    ['/twitch https://twitch.tv', '/twitch', '301 https://twitch.tv'],
    ['/notrailing/ /nottrailing 301', '/notrailing', '301 /nottrailing'],
    ['/page /page2/#fragment 301', '/page', '301 /page2/#fragment'],
    ['/blog/* https://blog.my.domain/:splat', '/blog/a/b', '301 https://blog.my.domain/a/b'],
    [
      '/products/:code/:name /products?code=:code&name=:name',
      '/products/1/x',
      '301 /products?code=1&name=x',
    ],
    ['/movies/:title /media/:title', '/movies/a', '301 /media/a'],
    ['/perm /x 308', '/perm', '308 /x'],
    ['/blog/* /news/:splat 200', '/blog/a', '200 /news/a'],
  ];
  for (const [rules, target, answer] of cases)
    t.equal(routed(rules, target), answer, `${rules} ${target}`);
  t.end();
});

t.test('the first rule that matches wins; one that is forced, where there is a file', (t) => {
  const rules = '/a/* /x\n/a/b /y 301!\n/a/* /z 302!';
  t.equal(routed(rules, '/a/b'), '301 /x | 301 /y');
  t.equal(routed(rules, '/a/c'), '301 /x | 302 /z');
  t.equal(routed('/a /one\n/a /two', '/a'), '301 /one');
  t.equal(routed('/a id=:id /x\n/a /y', '/a'), '301 /y');
  t.end();
});

t.test('nothing in a request leads elsewhere than a rule says', (t) => {
  t.equal(routed('/r/* /:splat', '/r//evil.example'.replace('//', '/')), '301 /evil.example');
  t.equal(routed('/s u=:u /in/:u 200', '/s?u=../../etc'), '-');
  t.equal(routed('/s u=:u /in/:u 200', '/s?u=..%2Fx'), '200 /x');
  t.equal(routed('/s u=:u /in/:u 200', '/s?u=%00'), '-');
  t.equal(routed('/s u=:u /in/:u', '/s?u=%0d%0aSet-Cookie:a'), '301 /in/%0D%0ASet-Cookie%3Aa');
  t.end();
});

const flawsOf = (text: string) =>
  parseRedirects(text).flaws.map(({ line, reason }) => `${line}: ${reason}`);

t.test('every line of _redirects that is not followed is named', (t) => {
  const cases: Array<[line: string, reason: RegExp]> = [
    ['/a', /from and to are expected/],
    ['a /b', /decoded path from the root/],
    ['/a b', /from and to are expected/],
    ['/a /b 418', /status 418 is not supported: 200, 301/],
    ['/a /b 30x', /a status is expected/],
    ['/a /b 302 Country=us', /condition Country=us is not supported/],
    ['/a /b Language=en', /condition Language=en/],
    ['/admin/* 200! Role=admin', /from and to are expected/],
    ['/a /b 200! Role=admin', /condition Role=admin/],
    ['http://blog.example/* /b', /one host is not supported/],
    ['/api/* https://api.example/:splat 200', /200 from another server is not supported/],
    ['/f /.netlify/functions/f 200', /no functions/],
    ['/a //evil.example', /one slash/],
    ['/blog/remove-my-slashes/ /blog/remove-my-slashes 301!', /leads to itself/],
    ['/trailing /trailing/#x 301', /leads to itself/],
    ['/a/* /a/:splat', /leads to itself/],
    ['/*/*/x /b', /one "\*"/],
    ['/a /b/:c', /:c does not occur/],
    ['/a /b/:splat', /:splat does not occur/],
    ['/a x=:splat y=:y z /b/:y', /a parameter is expected/],
    ['/:a a=:a /b/:a', /each :name is allowed once/],
    ['/%zz /b', /percent-encoded/],
    ['/a /%zz 200', /percent-encoded/],
    [`/${'a'.repeat(2000)} /b`, /longer than 2000/],
    [`/* /${':splat/'.repeat(17)}`, /more than 16 places/],
  ];
  for (const [line, reason] of cases) {
    const [flaw = '', ...more] = flawsOf(`# a comment\n\n/good /x\n${line}\n/fine /y`);
    t.match(flaw, new RegExp(`^4: .*${reason.source}`), line.slice(0, 60));
    t.same(more, []);
  }
  t.end();
});

function headed(
  text: string,
  path: string,
  fields: readonly string[] = [],
): Record<string, string> {
  const rules = compileRules({
    ...NO_RULES,
    carried: {
      blocks: parseHeaders(text).blocks,
      pathsOf: (one) => [`/${one}`],
      isTyped: () => false,
      isGuarded: (one) => one.startsWith('private/'),
    },
  });
  const applied = rules.apply(path, fields);
  return Object.fromEntries(
    applied.flatMap((name, i) => (i % 2 ? [] : [[name, applied[i + 1] ?? '']])),
  );
}

t.test('what both hosts document of _headers', (t) => {
  const netlify = `# a path:
/templates/index.html
  # headers for that path:
  X-Frame-Options: DENY
# another path:
/templates/index2.html
  X-Frame-Options: SAMEORIGIN
/multi/*
  cache-control: max-age=0
  cache-control: no-cache
  cache-control: no-store
/placed/:file
\tX-Placed: 1
`;
  t.same(headed(netlify, 'templates/index.html'), { 'X-Frame-Options': 'DENY' });
  t.same(headed(netlify, 'templates/index2.html'), { 'X-Frame-Options': 'SAMEORIGIN' });
  t.same(headed(netlify, 'multi/a'), { 'cache-control': 'max-age=0, no-cache, no-store' });
  t.same(headed(netlify, 'placed/a'), { 'X-Placed': '1' });
  t.same(headed(netlify, 'placed/a/b'), {});

  const cloudflare = `/secure/page
  X-Frame-Options: DENY
  X-Content-Type-Options: nosniff
  Referrer-Policy: no-referrer
/static/*
  Access-Control-Allow-Origin: *
  X-Robots-Tag: nosnippet
/*
  Content-Security-Policy: default-src 'self';
/*.jpg
  ! Content-Security-Policy
/movies/:title
  x-movie-name: a
`;
  t.same(headed(cloudflare, 'secure/page'), {
    'X-Frame-Options': 'DENY',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Content-Security-Policy': "default-src 'self';",
  });
  t.same(headed(cloudflare, 'static/a.jpg'), {
    'Access-Control-Allow-Origin': '*',
    'X-Robots-Tag': 'nosnippet',
  });
  t.end();
});

t.test('of several paths the last counts; what the operator has decided stays', (t) => {
  const text =
    '/*\n  Cache-Control: max-age=0\n  X-A: 1\n/a/*\n  cache-control: max-age=9\n  Content-Type: text/x\n';
  t.same(headed(text, 'a/b'), {
    'cache-control': 'max-age=9',
    'X-A': '1',
    'Content-Type': 'text/x',
  });
  const decided = ['Cache-Control', 'no-store', 'Content-Type', 'text/y'];
  t.same(headed(text, 'a/b', decided), {
    'Cache-Control': 'no-store',
    'Content-Type': 'text/x',
    'X-A': '1',
  });
  t.end();
});

t.test('what is not for everybody is for no cache because the site says so', (t) => {
  const text = '/*\n  Cache-Control: public, max-age=9\n  CDN-Cache-Control: max-age=9\n  X-A: 1\n';
  t.same(headed(text, 'private/a'), { 'X-A': '1' });
  t.end();
});

t.test('every line of _headers that is not followed is named, and its block alone suffers', (t) => {
  const text = [
    'X-Lost: 1',
    'https://:project.pages.dev/*',
    '  X-Robots-Tag: noindex',
    '/*/*',
    '  X-Gone: 1',
    '/a',
    '  ETag: "x"',
    '  no colon',
    '  Bad Name: 1',
    '  X-Empty:',
    '  X-Byte: é',
    '  Basic-Auth: user:secret',
    '  Set-Cookie: a=1',
    '  Set-Cookie: b=2',
    '  ! ',
    `  X-Long: ${'a'.repeat(2000)}`,
    '  X-Good: 1',
  ].join('\n');
  const { flaws } = parseHeaders(text);
  t.same(
    flaws.map(({ line }) => line).sort((a, b) => a - b),
    [1, 2, 4, 7, 8, 9, 10, 11, 12, 14, 15, 16],
  );
  t.notMatch(JSON.stringify(flaws), /secret/, 'a password is not told');
  t.same(headed(text, 'a'), { 'Set-Cookie': 'a=1', 'X-Good': '1' });
  t.end();
});

t.test('hostile files come to an end', (t) => {
  const many = Array.from({ length: 100_000 }, (_, i) => `/a${i} /b${i}`).join('\n');
  const parsed = parseRedirects(many);
  t.equal(parsed.rules.length, MAX_EXACT);
  t.equal(parsed.flaws.length, MAX_LINES - MAX_EXACT + 1);
  const [first, ...others] = parsed.flaws;
  t.match(first, { line: MAX_LINES + 1, reason: /nor are those behind it/ });
  t.match(others[0], { line: MAX_EXACT + 1, reason: /more than 10000/ });

  const bombs = Array.from({ length: 10_000 }, (_, i) => `/:a/*${'/x'.repeat(i % 400)} /y`).join(
    '\n',
  );
  const bombed = parseRedirects(bombs).rules;
  t.equal(bombed.length, MAX_PATTERNS);
  compileRoutes(bombed).of(`/${'x/'.repeat(4000)}z`, '');

  const blocks = parseHeaders('/a\n  X: 1\n'.repeat(10_000)).blocks;
  t.equal(blocks.length, MAX_BLOCKS);

  const chain = Array.from({ length: MAX_EXACT }, (_, i) => `/c${i} /c${i + 1} 301!`).join('\n');
  t.same(circlesOf(parseRedirects(`${chain}\n/x/* /c0 301!`).rules), []);
  t.end();
});

t.test('forced redirects that lead in circles are named by a line of the circle', (t) => {
  const circles = (text: string) => circlesOf(parseRedirects(text).rules);
  t.match(circles('/x /a 301!\n/a /b 301!\n/b /a 301!'), [
    { line: 2, reason: 'redirects in circles: /a → /b → /a' },
  ]);
  t.same(circles('/a /b\n/b /a'), [], 'where there is a file, this is the end');
  t.match(circles('/p/:x /q/:x 301!\n/q/:x /p/:x 301!'), [{ line: 1 }]);
  t.end();
});

t.test(
  'property: whatever stands in the files, they are read, and each line is followed or named',
  (t) => {
    const part = fc.constantFrom(
      '/',
      '/a',
      '/:a',
      '/*',
      ':splat',
      ' ',
      '  ',
      '\n',
      '#',
      '301',
      '200!',
      '!',
      'X-A: b',
      'https://h/',
      'a=:b',
      '\0',
      'é',
      '\r\n',
      '%2e%2e',
    );
    const file = fc.array(part, { maxLength: 30 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(file, (text) => {
        const said = text
          .split('\n')
          .filter((line) => line.trim() !== '' && !line.trim().startsWith('#')).length;
        const { rules, flaws } = parseRedirects(text);
        t.equal(rules.length + flaws.length, said, JSON.stringify(text));
        const routes = compileRoutes(rules);
        for (const path of ['/', '/a', '/a/b']) routes.of(path, '?a=1');
        const headers = parseHeaders(text);
        t.ok(headers.blocks.length + headers.flaws.length <= said);
      }),
      { numRuns: 500 },
    );
    t.end();
  },
);
