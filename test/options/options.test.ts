import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { gatherOptions } from '../../src/command/config.ts';
import { CLIENT_GROUPS } from '../../src/options/clients.ts';
import { COMPRESS_GROUPS } from '../../src/options/compress.ts';
import {
  COMMAND_OPTIONS,
  GROUPS,
  OPTIONS,
  type OptionsInput,
  resolveOptions,
} from '../../src/options/options.ts';
import { flagOf, isWritable, OptionError, variableOf } from '../../src/options/table.ts';
import { optionsTable } from '../support/options-table.ts';
import { makeTree } from '../support/tree.ts';

const PAGES = { 'options.md': GROUPS, 'compress.md': COMPRESS_GROUPS, 'log.md': CLIENT_GROUPS };

/** Resolves what types would refuse. */
const resolveAny = (input: Readonly<Record<string, unknown>>) =>
  resolveOptions(input as OptionsInput);

t.test('every default is a value that its own kind allows', async (t) => {
  for (const [name, row] of Object.entries(COMMAND_OPTIONS)) {
    if (row.default === undefined) continue;
    t.same(row.kind.parse(row.default), row.default, name);
  }
});

t.test('a default as help shows it reads back as itself', async (t) => {
  for (const [name, row] of Object.entries(COMMAND_OPTIONS)) {
    if (row.default === undefined || !isWritable(row)) continue;
    const shown = row.kind.show(row.default as never);
    const written = row.kind.shape === '' ? String(shown === 'on') : shown;
    t.same(row.kind.parse(written), row.default, `${name}: ${shown}`);
  }
});

t.test('every option is in one group, and the groups hold nothing else', async (t) => {
  const grouped = Object.values(GROUPS).flatMap((rows) => Object.keys(rows));
  t.same(grouped.toSorted(), Object.keys(COMMAND_OPTIONS).toSorted());
});

t.test('flags and variables follow from names', async (t) => {
  t.equal(flagOf('mmapMinUses'), '--mmap-min-uses');
  t.equal(variableOf('mmapMinUses'), 'ZCSERVE_MMAP_MIN_USES');
  t.equal(flagOf('root'), '--root');
});

const ALLOWED: ReadonlyArray<
  readonly [name: keyof typeof OPTIONS, input: unknown, value: unknown]
> = [
  ['mmapMax', 65536, 65536],
  ['mmapMax', '65536', 65536],
  ['mmapMax', '64k', 65536],
  ['mmapMax', '64K', 65536],
  ['mmapMax', '0.5m', 524288],
  ['cacheSize', '1g', 2 ** 30],
  ['cacheSize', 0, 0],
  ['sendTimeout', '10s', 10_000],
  ['sendTimeout', '500ms', 500],
  ['sendTimeout', '1.5s', 1500],
  ['sendTimeout', '2m', 120_000],
  ['sendTimeout', '1h', 3_600_000],
  ['sendTimeout', 250, 250],
  ['sendTimeout', '250', 250],
  ['port', 0, 0],
  ['port', '65535', 65535],
  ['threads', 'auto', 'auto'],
  ['threads', '4', 4],
  ['listing', true, true],
  ['listing', 'false', false],
  ['listing', '1', true],
  ['transport', 'http1', 'http1'],
  ['index', 'a.html, b.html', ['a.html', 'b.html']],
  ['index', ['a.html'], ['a.html']],
  ['index', 'none', []],
  ['index', [], []],
  ['precompressed', 'gzip,br', ['gzip', 'br']],
  ['cors', '*', ['*']],
  ['cacheControl', 'no-cache', 'no-cache'],
  ['cacheControl', { '*.css': 'max-age=60' }, { '*.css': 'max-age=60' }],
  ['headers', { '**': { 'X-A': 'b', 'X-C': null } }, { '**': { 'X-A': 'b', 'X-C': null } }],
  ['redirects', [{ from: '/a', to: '/b', status: 302 }], [{ from: '/a', to: '/b', status: 302 }]],
  ['port', undefined, 8080],
  ['maxRequestsPerAddress', '10/s', { requests: 10, periodMs: 1000, burst: 10 }],
  ['maxRequestsPerAddress', '30/m,5', { requests: 30, periodMs: 60_000, burst: 5 }],
  ['auth', '/intern=users', { '/intern': 'users' }],
  ['auth', { '/intern': 'users' }, { '/intern': 'users' }],
  ['admin', 9090, { host: '127.0.0.1', port: 9090 }],
  ['admin', '[::1]:0', { host: '::1', port: 0 }],
  ['listen', ':80,unix:/run/a', [':80', 'unix:/run/a']],
  ['allow', '10.0.0.0/8,::1', ['10.0.0.0/8', '::1']],
  ['accessLog', '-', '-'],
  ['accessFormat', '%h %>s', '%h %>s'],
];

t.test('allowed values are read', async (t) => {
  for (const [name, input, value] of ALLOWED) {
    t.same(resolveAny({ [name]: input })[name], value, `${name}: ${JSON.stringify(input)}`);
    // The command reads flags, variables and files, and the server reads what comes of it.
    t.same(resolveAny({ [name]: value })[name], value, `${name}: read again`);
  }
});

const REFUSED: ReadonlyArray<readonly [name: keyof typeof OPTIONS, input: unknown]> = [
  ['mmapMax', '64x'],
  ['mmapMax', '64 k'],
  ['mmapMax', '-1'],
  ['mmapMax', -1],
  ['mmapMax', 1.5],
  ['mmapMax', '0.3'],
  ['mmapMax', ''],
  ['mmapMax', Number.NaN],
  ['mmapMax', '1e3'],
  ['mmapMax', '0x10'],
  ['mmapMax', '64constructor'],
  ['mmapMax', '99999g'],
  ['mmapMax', true],
  ['mmapMax', null],
  ['sendTimeout', 0],
  ['sendTimeout', '10 s'],
  ['sendTimeout', '2d'],
  ['port', 65536],
  ['port', '80a'],
  ['port', -1],
  ['threads', 0],
  ['threads', 'many'],
  ['host', ''],
  ['listing', 'yes'],
  ['listing', 1],
  ['transport', 'Native'],
  ['precompressed', ['brotli']],
  ['precompressed', ''],
  ['index', ['']],
  ['cors', [1]],
  ['cacheControl', ''],
  ['cacheControl', { '*.css': 5 }],
  ['headers', { '**': 'x' }],
  ['headers', []],
  ['redirects', [{ from: '/a' }]],
  ['redirects', [{ from: '/a', to: '/b', code: 301 }]],
  ['redirects', { from: '/a', to: '/b' }],
  ['rewrites', [{ from: '/a', to: '/b', status: 301 }]],
];

t.test('a wrong value is refused with its option, itself and what is allowed', async (t) => {
  for (const [name, input] of REFUSED) {
    const shown = JSON.stringify(input) ?? String(input);
    t.throws(
      () => resolveAny({ [name]: input }),
      {
        name: 'OptionError',
        message: `option ${name}: ${shown} is not allowed; expected ${OPTIONS[name].kind.expected}`,
      },
      `${name}: ${shown}`,
    );
  }
});

t.test('an unknown option is refused with the nearest one that exists', async (t) => {
  for (const [wrong, near] of [
    ['mmpaMax', 'mmapMax'],
    ['prt', 'port'],
    ['sendFileMin', 'sendfileMin'],
    ['Etag', 'etag'],
    ['keepaliveTimeout', 'keepAliveTimeout'],
  ] as const) {
    const message = `option ${wrong} is unknown; did you mean ${near}?`;
    t.throws(() => resolveAny({ [wrong]: 1 }), { name: 'OptionError', message }, wrong);
  }
  for (const far of ['dir', 'gzip', 'favouriteColour', 'x', '']) {
    const message = `option ${far} is unknown`;
    t.throws(() => resolveAny({ [far]: 1 }), { name: 'OptionError', message }, far);
  }
  t.throws(() => resolveAny({ constructor: 1 }), OptionError, 'a name of Object.prototype');
  t.throws(() => resolveAny(JSON.parse('{"__proto__": 1}')), OptionError, '__proto__');
});

t.test('options that need each other', async (t) => {
  t.throws(() => resolveOptions({ tlsCert: 'a.pem' }), /^option tlsCert needs option tlsKey too$/);
  t.throws(() => resolveOptions({ tlsKey: 'a.pem' }), /^option tlsKey needs option tlsCert too$/);
  t.throws(() => resolveOptions({ archive: 'all' }), /^option archive needs option listing too$/);
  t.same(resolveOptions({ archive: 'zip,tar', listing: true }).archive, ['zip', 'tar']);
  t.throws(() => resolveOptions({ archive: 'rar', listing: true }), /^option archive/);
  const pair = { tlsCert: 'a', tlsKey: 'b' };
  const wrong: ReadonlyArray<readonly [OptionsInput, RegExp]> = [
    [
      { tlsCert: ['a', 'b'], tlsKey: 'k' },
      /^option tlsKey: 1 for the 2 of option tlsCert; expected one for each, in the same order$/,
    ],
    [
      { ...pair, tlsStaple: ['a', 'b'] },
      /^option tlsStaple: expected one for each of option tlsCert$/,
    ],
    [{ hsts: 'max-age=1' }, /^option hsts needs option tlsCert too$/],
    [{ httpsRedirect: 80 }, /^option httpsRedirect needs option tlsCert too$/],
    [{ tlsPassphraseFile: 'p' }, /^option tlsPassphraseFile needs option tlsCert too$/],
    [
      { ...pair, transport: 'uws', tlsMin: '1.3' },
      /^option tlsMin is not to be had with option transport uws$/,
    ],
    [
      { tlsCert: ['a', 'b'], tlsKey: ['c', 'd'], transport: 'uws' },
      /^option transport uws takes one option tlsCert$/,
    ],
    [
      { ...pair, hsts: 'forever' },
      /^option hsts: "forever" is not allowed; expected such as "max-age=/,
    ],
    [
      { ...pair, tlsCert: [] },
      /^option tlsCert: \[\] is not allowed; expected a path, or several$/,
    ],
  ];
  for (const [input, message] of wrong) t.throws(() => resolveOptions(input), { message });
  t.match(resolveOptions({ ...pair, transport: 'native' }), { tlsCert: ['a'], tlsKey: ['b'] });
});

t.test(
  'flags win over variables, variables over the config file, that over defaults',
  async (t) => {
    const root = makeTree(t, {
      'zc.json': JSON.stringify({
        port: 1,
        host: 'file',
        mmapMax: '1k',
        root: 'site',
        tlsCert: 'c',
        tlsKey: '/k',
      }),
    });
    const config = join(root, 'zc.json');
    const { options } = gatherOptions(
      { config, port: '3' },
      { ZCSERVE_PORT: '2', ZCSERVE_HOST: 'variable', ZCSERVE_GRACE: '' },
    );
    t.match(options, { port: 3, host: 'variable', mmapMax: 1024, grace: 10_000 });
    t.match(options, { root: join(root, 'site'), tlsCert: [join(root, 'c')], tlsKey: ['/k'] });
    t.equal(
      gatherOptions({}, { ZCSERVE_CONFIG: config }).options.port,
      1,
      'the file may be named by a variable',
    );
    t.equal(gatherOptions({}, { ZCSERVE_JSON: 'true' }).json, true);
  },
);

t.test('a mistake is named as it was written', async (t) => {
  const root = makeTree(t, {
    'wrong.json': '{"port": "x"}',
    'unknown.json': '{"prt": 1}',
    'broken.json': '{"port": ',
    'list.json': '[]',
    'nested.json': '{"config": "wrong.json"}',
  });
  const cases: ReadonlyArray<readonly [Record<string, string>, NodeJS.ProcessEnv, RegExp]> = [
    [{ port: 'x' }, {}, /^--port: "x" is not allowed; expected a whole number from 0 to 65535$/],
    [{}, { ZCSERVE_PORT: 'x' }, /^ZCSERVE_PORT: "x" is not allowed/],
    [{ config: join(root, 'wrong.json') }, {}, /wrong\.json: port: "x" is not allowed/],
    [
      { config: join(root, 'unknown.json') },
      {},
      /unknown\.json: prt is unknown; did you mean port\?$/,
    ],
    [{ config: join(root, 'broken.json') }, {}, /broken\.json: .*JSON/],
    [{ config: join(root, 'list.json') }, {}, /list\.json: expected a JSON object/],
    [
      { config: join(root, 'nested.json') },
      {},
      /nested\.json: config: a config file cannot name another/,
    ],
    [{ config: join(root, 'none.json') }, {}, /none\.json: no such config file$/],
  ];
  for (const [flags, env, message] of cases) {
    t.throws(() => gatherOptions(flags, env), { name: 'OptionError', message });
  }
});

t.test('the docs show the options as they are (UPDATE_DOCS=1 writes them)', async (t) => {
  const [start, end] = ['<!-- options:start -->\n', '<!-- options:end -->\n'];
  for (const [name, groups] of Object.entries(PAGES)) {
    const file = fileURLToPath(new URL(`../../docs/${name}`, import.meta.url));
    const page = readFileSync(file, 'utf8');
    t.ok(page.includes(start) && page.includes(end), `${name} has the markers`);
    const from = page.indexOf(start) + start.length;
    const to = page.indexOf(end);
    const written = `${page.slice(0, from)}\n${optionsTable(groups)}\n\n${page.slice(to)}`;
    if (process.env.UPDATE_DOCS === '1') writeFileSync(file, written);
    else t.equal(page, written, name);
  }
});
