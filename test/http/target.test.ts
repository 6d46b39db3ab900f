import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import t from 'tap';
import {
  cutAuthority,
  decodedTarget,
  encodePath,
  isDevious,
  isNormal,
  normalForm,
  normalise,
  normalTarget,
  parseTarget,
  referenceTo,
} from '../../src/http/target.ts';

t.test('a target names a path, decoded once and normalised', (t) => {
  const cases: ReadonlyArray<
    readonly [target: string, path: string, slash: boolean, query?: string, raw?: string]
  > = [
    ['/', '/', true],
    ['/a', '/a', false],
    ['/a/', '/a', true],
    ['/a/b.html', '/a/b.html', false],
    // Query: cut at the first '?', never decoded, never looked into
    ['/a?x=1', '/a', false, '?x=1', '/a'],
    ['/a?x=/../b', '/a', false, '?x=/../b', '/a'],
    ['/a?x=1?y', '/a', false, '?x=1?y', '/a'],
    ['/a?%zz%00%2f\\', '/a', false, '?%zz%00%2f\\', '/a'],
    ['/a/?', '/a', true, '', '/a/'],
    // Percent-encoding
    ['/%61', '/a', false],
    ['/a%20b', '/a b', false],
    ['/a+b', '/a+b', false],
    ['/%C3%BC', '/ü', false],
    ['/%c3%bc', '/ü', false],
    ['/%F0%9F%98%80', '/😀', false],
    ['/u%CC%88', '/u\u0308', false],
    ['/%EF%BF%BD', '/\ufffd', false],
    ['/100%25', '/100%', false],
    ['/%2541', '/%41', false],
    ['/%252f', '/%2f', false],
    ['/%252e%252e/x', '/%2e%2e/x', false],
    ['/%23%3F%25%26%3C%3E%22%27', '/#?%&<>"\'', false],
    ['/%0A', '/\n', false],
    ['/%20', '/ ', false],
    ['/a"<>`{|}^b', '/a"<>`{|}^b', false],
    // Dot segments, RFC 3986 §5.2.4
    ['/.', '/', true],
    ['/./', '/', true],
    ['/a/.', '/a', true],
    ['/a/./b', '/a/b', false],
    ['/a/..', '/', true],
    ['/a/../', '/', true],
    ['/a/../b', '/b', false],
    ['/a/b/../../c', '/c', false],
    ['/a/b/c/./../../g', '/a/g', false],
    ['/a/%2e%2e/b', '/b', false],
    ['/a/.%2E/b', '/b', false],
    ['/a/%2e/b', '/a/b', false],
    ['/...', '/...', false],
    ['/a/...', '/a/...', false],
    ['/..a', '/..a', false],
    ['/a..', '/a..', false],
    ['/.a', '/.a', false],
    ['/a.', '/a.', false],
    // Empty segments
    ['//', '/', true],
    ['//a', '/a', false],
    ['//evil.example/x', '/evil.example/x', false],
    ['/a//b///c', '/a/b/c', false],
    ['/a//', '/a', true],
    ['/a//../b', '/b', false],
    // Absolute-form, RFC 9112 §3.2.2
    ['http://host', '/', true, '', '/'],
    ['http://host/', '/', true, '', '/'],
    ['http://host?q', '/', true, '?q', '/'],
    ['http://host:8080/a/b?q', '/a/b', false, '?q', '/a/b'],
    ['https://host/a', '/a', false, '', '/a'],
    ['HTTP://HOST/a', '/a', false, '', '/a'],
    ['http://[::1]:80/a', '/a', false, '', '/a'],
    ['http://host//x', '/x', false, '', '//x'],
    ['http://host/a?u=http://b/', '/a', false, '?u=http://b/', '/a'],
    // A path that only looks like one
    ['/http://host/a', '/http:/host/a', false],
  ];
  for (const [target, path, slash, query = '', raw = target] of cases) {
    t.same(parseTarget(target), { kind: 'path', raw, path, slash, query }, target);
  }
  t.end();
});

t.test('what cannot name a file is refused', (t) => {
  const cases: ReadonlyArray<readonly [target: string, why: string]> = [
    ['', 'empty'],
    ['a', 'no slash'],
    ['?q', 'query alone'],
    ['**', 'not asterisk-form'],
    ['*?q', 'asterisk with a query'],
    ['host:443', 'authority-form'],
    ['http://', 'no authority'],
    ['http:///a', 'empty authority'],
    ['http:/a', 'one slash'],
    ['ftp://host/a', 'another scheme'],
    ['file:///etc/passwd', 'another scheme'],
    ['/..', 'above the root'],
    ['/../', 'above the root'],
    ['/../a', 'above the root'],
    ['/a/../..', 'above the root'],
    ['/a/../../b', 'above the root'],
    ['/%2e%2e/etc/passwd', 'above the root, encoded'],
    ['/%2E./a', 'above the root, half encoded'],
    ['/./..', 'above the root, after a dot'],
    ['//..', 'above the root, after an empty segment'],
    ['http://host/../a', 'above the root, absolute-form'],
    ['/%', 'truncated escape'],
    ['/%4', 'truncated escape'],
    ['/%zz', 'no hex digits'],
    ['/%u0041', 'no hex digits'],
    ['/a%', 'truncated escape at the end'],
    ['/%00', 'NUL'],
    ['/a%00.html', 'NUL'],
    ['/\\', 'backslash'],
    ['/\\evil.example/../dir', 'backslash (an open redirect in serve-static)'],
    ['/..\\..\\etc', 'backslashes'],
    ['/..%2f..%2fetc', 'above the root, by encoded slashes'],
    ['/a%2f%00', 'NUL behind an encoded slash'],
    ['/a%2f%ff', 'not UTF-8 behind an encoded slash'],
    ['/%80', 'not UTF-8: lone continuation byte'],
    ['/%C3', 'not UTF-8: truncated'],
    ['/%C3%28', 'not UTF-8: bad continuation'],
    ['/%C0%AF', 'not UTF-8: overlong slash'],
    ['/%C0%AE%C0%AE/', 'not UTF-8: overlong dots'],
    ['/%E0%80%AF', 'not UTF-8: overlong slash, 3 bytes'],
    ['/%ED%A0%80', 'not UTF-8: surrogate'],
    ['/%F4%90%80%80', 'not UTF-8: above U+10FFFF'],
    ['/%FF', 'not UTF-8'],
    ['/ü', 'raw byte above ASCII'],
    ['/a b', 'raw space'],
    ['/a\nb', 'raw control character'],
    ['/a\u0000', 'raw NUL'],
    ['/a\u007f', 'raw DEL'],
    ['/a#b', 'fragment'],
    ['/a?b#c', 'fragment after the query'],
    ['/a?b\r\nX: y', 'line break in the query'],
  ];
  for (const [target, why] of cases) {
    t.same(parseTarget(target), { kind: 'bad-path' }, `${JSON.stringify(target)}: ${why}`);
  }
  t.end();
});

t.test('a slash or a backslash within a segment: legal, and no file', (t) => {
  for (const raw of ['/%2f', '/%2F', '/a%2f..%2fb', '/%5c', '/%5C..', '/files/a%2Fb.txt']) {
    t.same(parseTarget(raw), { kind: 'no-file', raw }, raw);
    t.same(parseTarget(`http://a${raw}?q`), { kind: 'no-file', raw }, `${raw}, absolute`);
  }
  t.end();
});

t.test('asterisk-form is its own kind', (t) => {
  t.same(parseTarget('*'), { kind: 'asterisk' });
  t.end();
});

t.test('a target is too long above 8192 bytes, whatever they are', (t) => {
  const kind = (target: string) => parseTarget(target).kind;
  t.equal(
    kind(`/${'a'.repeat(8191)}`),
    'path',
    'longer than a file can be called: no file, no more',
  );
  t.equal(kind(`/${'a'.repeat(8192)}`), 'too-long');
  t.equal(kind(`/a?${'b'.repeat(8189)}`), 'path');
  t.equal(kind(`/a?${'b'.repeat(8190)}`), 'too-long');
  t.equal(kind(`/${'%C3%BC'.repeat(1365)}`), 'path');
  t.equal(kind(`/${'%C3%BC'.repeat(1366)}`), 'too-long', 'bytes are counted as they came');
  t.end();
});

t.test('normalise leaves no dot or empty segment and does not leave the root', (t) => {
  t.equal(normalise('/a/./b/../c//d/'), '/a/c/d');
  t.equal(normalise('a'), '/a');
  t.equal(normalise(''), '/');
  t.equal(normalise('/..'), undefined);
  t.equal(normalise('/a/../../a'), undefined, 'not even to come back');
  t.end();
});

t.test('every path has one normal form', (t) => {
  const spellings: Readonly<Record<string, readonly string[]>> = {
    '/': ['/', '//', '/.', '/./', '/a/..', '/%2e', 'http://a', 'http://a/'],
    '/a': ['/a', '//a', '/./a', '/b/../a', '/%61', '/b/%2e%2E/a', 'http://a/a'],
    '/a/': ['/a/', '/a//', '/a/.', '/a/b/..', '/%61/'],
    '/A~z-0_9.x': ['/A~z-0_9.x', '/%41%7Ez%2D%30%5f9%2ex'],
    "/!$&'()*+,;=:@": ["/!$&'()*+,;=:@", '/%21%24%26%27%28%29%2a%2b%2c%3b%3d%3a%40'],
    '/%C3%BC': ['/%C3%BC', '/%c3%bc', '/%C3%bc'],
    '/%20%25%23%3F': ['/%20%25%23%3F', '/%20%25%23%3f'],
    '/%22%3C%3E%5B%5D%5E%60%7B%7C%7D': ['/"<>[]^`{|}', '/%22%3c%3e%5b%5d%5e%60%7b%7c%7d'],
    '/%2541': ['/%2541'],
    '/...': ['/...', '/%2e%2E.'],
  };
  for (const [normal, others] of Object.entries(spellings)) {
    for (const target of others) {
      const parsed = parseTarget(target);
      t.equal(parsed.kind === 'path' && normalForm(parsed), normal, target);
      t.equal(normalTarget(`${target}?%61//`), `${normal}?%61//`, 'the query stays');
    }
  }
  t.equal(normalTarget('*'), '*');
  t.equal(normalTarget('/a/../..'), '/a/../..', 'no path, no form');
  t.end();
});

t.test('devious is what no encoder and no browser writes', (t) => {
  const devious = ['//', '/a//b', '/./a', '/a/..', '/a/../b', '/.', '/%2e/a', '/a/.%2E/b'];
  devious.push('/%61', '/%5A', '/%39', '/%2d', '/%5f', '/a%2ejs', 'http://a/b');
  const plain = ['/', '/a', '/a/', '/...', '/..a', '/.a', '/a.', '/a?//../%61', '/a?/./', '*'];
  plain.push('/%40', '/%c3%bc', '/%7E', '/%20', '/[a]', '/%25', '/%2541', '/%28a%29');
  for (const target of devious) t.ok(isDevious(target), target);
  for (const target of plain) t.notOk(isDevious(target), target);
  t.end();
});

t.test('a target for routers that decode: what they cannot tell apart is one', (t) => {
  const rows: ReadonlyArray<readonly [target: string, decoded: string]> = [
    ['/%73tatic/%61.js?%61', '/static/a.js?%61'],
    ['/a/%2e%2E/b', '/a/../b'],
    ['/%c3%bc', '/%C3%BC'],
    ['/[a]{b}', '/%5Ba%5D%7Bb%7D'],
    ["/%21%27%28%29%2a%7e'", "/!'()*~'"],
    ['/%40%2c%2f%3f%23', '/%40%2C%2F%3F%23'],
    ['/%2541%25', '/%2541%25'],
    ['/%zz%4', '/%zz%4'],
    ['http://a:8/%73?q=http://b/', '/s?q=http://b/'],
    ['http://a;b/%73', 'http://a;b/s'],
  ];
  for (const [target, decoded] of rows) t.equal(decodedTarget(target), decoded, target);
  t.end();
});

t.test('an authority is cut off where every reader ends it', (t) => {
  const cut = {
    'http://a': '/',
    'http://a?q': '/?q',
    'HTTPS://a.b-c:80/x': '/x',
    'http://[::1]/x': '/x',
  };
  for (const [target, local] of Object.entries(cut)) t.equal(cutAuthority(target), local, target);
  const whole = ['/a', '//a/b', '*', 'http:///a', 'http://u@a/', 'http://a;b/c', 'http://a#b/c'];
  whole.push('http://a\\b/c', 'http://a%20/c', 'http://a:b/c', 'ftp://a/b');
  for (const target of whole) t.equal(cutAuthority(target), target, target);
  t.end();
});

t.test('a reference leads from a spelling to the normal form, below any mount point', (t) => {
  const rows: ReadonlyArray<readonly [raw: string, normal: string, reference: string]> = [
    ['/%40', '/@', './@'],
    ['/%40/', '/@/', '../@/'],
    ['/a/%40', '/a/@', './@'],
    ['/%40/a/b', '/@/a/b', '../../@/a/b'],
    ['/%40/a/%2c', '/@/a/,', '../../@/a/,'],
    ['/%3Ab', '/:b', './:b'],
  ];
  for (const [raw, normal, reference] of rows) {
    t.equal(referenceTo(normal, raw), reference);
    t.equal(new URL(reference, `http://a/m${raw}`).pathname, `/m${normal}`);
  }
  t.end();
});

t.test('property: no target leaves a dangerous segment', (t) => {
  const piece = fc.constantFrom(
    ...['/', '.', '..', '%2e', '%2E', '%2f', '%5c', '\\', '%00', '%', '%25', 'a', 'ü', '%C3%BC'],
    ...['%c0%ae', '?', '#', '//', ' ', 'http://h', '%61'],
  );
  const target = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.array(piece).map((pieces) => `/${pieces.join('')}`),
  );
  fc.assert(
    fc.property(target, (text) => {
      const parsed = parseTarget(text);
      if (parsed.kind !== 'path') return true;
      const { path, raw, query } = parsed;
      const segments = path === '/' ? [] : path.slice(1).split('/');
      return (
        path.startsWith('/') &&
        !segments.some((segment) => ['', '.', '..'].includes(segment)) &&
        !/[\0\\]/.test(path) &&
        /^\/[\x21-\x7e]*$/.test(raw) &&
        !raw.includes('?') &&
        /^(?:\?[\x21-\x7e]+)?$/.test(query)
      );
    }),
    { numRuns: 5000 },
  );
  t.end();
});

t.test('property: the short way for plain paths and the long way agree', (t) => {
  const piece = fc.constantFrom(
    ...[
      '/',
      '//',
      '.',
      '..',
      'a',
      'b.c',
      '~',
      '%41',
      '%2e',
      '%2F',
      '%',
      '\\',
      '?',
      '#',
      ' ',
      '\x7f',
      'é',
    ],
  );
  const path = fc.oneof(
    fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join('')}`),
    fc.string().map((text) => `/${text}`),
    fc.nat(9000).map((length) => `/${'a'.repeat(length)}`),
  );
  // Absolute-form takes the long way; its length counts too.
  const authority = 'http://a';
  fc.assert(
    fc.property(path, (text) => {
      if (text.length + authority.length > 8192) return;
      const [short, long] = [text, authority + text].map((each) =>
        JSON.stringify(parseTarget(each)),
      );
      if (short !== long) throw new Error(`${short} is not ${long}`);
    }),
    { numRuns: 3000 },
  );
  t.end();
});

t.test('property: an encoded path comes back as the same path', (t) => {
  const name = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    .filter((text) => !/[/\\\0]/.test(text) && text !== '.' && text !== '..');
  fc.assert(
    fc.property(fc.array(name, { maxLength: 5 }), (names) => {
      const path = `/${names.join('/')}`;
      const encoded = encodePath(path);
      const parsed = parseTarget(encoded);
      return /^\/[\x21-\x7e]*$/.test(encoded) && parsed.kind === 'path' && parsed.path === path;
    }),
  );
  t.equal(encodePath('/a\ud800b'), '/a%EF%BF%BDb', 'a lone surrogate is replaced, not thrown');
  t.end();
});

t.test('the normal forms of a path are those in which links are made', (t) => {
  const yes = [
    ...['/', '/a', '/a/', '/a/b.js', '/.well-known/x', '/..a', '/a..', '/...', '/a.', '/100%25'],
    ...['/a%20b.js', '/a(b).js', '/a+b', '/@scope/x', '/~me/', "/it's!", '/a;v=1,2', '/a&b=c:d'],
    ...['/%C3%BC', '/%E2%82%AC/', '/a%0Ab', '/what%3F', '/%23', '/%5Bslug%5D.js', '/[slug].js'],
    ...[
      '/a%2Bb',
      '/%40scope/x',
      '/a%28b%29',
      '/a|b',
      '/a%7Cb',
      '/a^b',
      '/a%5Eb',
      '/%7Bx%7D',
      '/{x}',
    ],
    ...['/[a]%7Bb%7D', '/[a]b^c%7Bd%7D', '/[a]%5E', '/(%5B%5D)', '/%28%5B%5D%29', '/a(b)%20c'],
  ];
  const no = [
    ...['', 'a', '//', '//a', '/a//b', '/a//', '/.', '/./', '/./a', '/a/./b', '/a/..', '/a/../b'],
    ...['/%61', '/a%2Ejs', '/%2e/a', '/%2E%2E/a', '/%7Eme', '/a%2Db', '/%5F', '/a%2Fb', '/%2f'],
    ...['/%c3%bc', '/a%2bb', '/%', '/%4', '/%zz', '/a%2', '/ü', '/a b', '/a#b', '/a\\b'],
    ...['/a+b%2B', '/[%5D', '/(%29', '/%7B}', '/+%21', '/{%5B', '/a%26b=c'],
  ];
  for (const raw of yes) t.equal(isNormal(raw), true, raw);
  for (const raw of no) t.equal(isNormal(raw), false, raw);
  t.end();
});

t.test('property: what common encoders make of a path is normal, and nothing else is', (t) => {
  const char = fc.oneof(
    fc.constantFrom(...'aZ09-._~!\'()*$&+,:;=@[]|^"<>`{}%?# \n'),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
  );
  const name = fc
    .array(char, { minLength: 1, maxLength: 6 })
    .map((chars) => chars.join('').replace(/[/\\\0]/g, '_'))
    .filter((text) => text !== '.' && text !== '..');
  const paths = fc
    .array(name, { minLength: 1, maxLength: 3 })
    .map((names) => `/${names.join('/')}`);
  const spared = (chars: string) => (path: string) =>
    [...Buffer.from(path)]
      .map((byte) => {
        const one = String.fromCharCode(byte);
        const spares = byte < 128 && (/[\w\-.~/]/.test(one) || chars.includes(one));
        return spares ? one : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
      })
      .join('');
  const classes = ["!'()*", '$&+,:;=@', '[]|', '^', '"<>`{}'];
  const spellings = classes.map((_, n) => spared(classes.slice(0, n).join('')));
  spellings.push(spared(classes.join('')));
  fc.assert(
    fc.property(paths, fc.boolean(), fc.infiniteStream(fc.nat(20)), (path, slash, choices) => {
      const end = slash ? '/' : '';
      const normal = new Set(spellings.map((spell) => spell(path) + end));
      for (const raw of normal) {
        const parsed = parseTarget(raw);
        if (!isNormal(raw) || parsed.kind !== 'path' || parsed.path !== path) throw new Error(raw);
      }
      const browser = new URL(`http://a${spared(classes.join(''))(path)}${end}`).pathname;
      for (const raw of [
        encodePath(path) + end,
        browser,
        encodeURI(path).replace(/[?#]/g, escape) + end,
      ])
        if (!isNormal(raw)) throw new Error(`not normal: ${raw}`);
      // Any other spelling: each byte encoded, or not, by chance.
      const mixed = [...Buffer.from(path)].map((byte) => {
        const one = String.fromCharCode(byte);
        const code = `%${byte.toString(16).padStart(2, '0')}`;
        const choice = choices.next().value;
        if (one === '/') return choice === 0 ? '//' : '/';
        if (/[\x21\x22\x24\x26-\x3e\x40-\x5b\x5d-\x7e]/.test(one) && choice > 4) return one;
        return choice === 1 ? code : code.toUpperCase();
      });
      const raw = mixed.join('') + end;
      if (isNormal(raw) !== normal.has(raw)) throw new Error(`${raw} of ${path}`);
    }),
    { numRuns: 3000 },
  );
  t.end();
});

t.test('a path that is remembered keeps nothing of its query in memory', (t) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const query = 'q'.repeat(8000);
  for (const folder of ['/', '/a/', '//', '/a/../']) {
    const before = used();
    const paths = Array.from({ length: 2000 }, (_, i) => {
      const bytes = Buffer.from(`${folder}file-with-a-long-name-${i}?${query}`);
      const target = parseTarget(bytes.toString('latin1'));
      return target.kind === 'path' ? target.path : '';
    });
    const grown = used() - before;
    t.ok(grown < 2 ** 21, `${grown} bytes for ${paths.length} paths`);
  }
  t.end();
});
