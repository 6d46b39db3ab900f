// Digests on every carrier: each is the hash of the very bytes, for every coding, range and way; what a listing tells of files.
import { createHash } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { until } from '../faults/process.ts';
import { type Answer, connect, request, requestBytes, type SentFields } from '../support/client.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { onEveryCarrierAndProxy, type Serve } from './carriers.ts';
import { readMultipart } from './multipart.ts';

const text = 'body { color: black }\n'.repeat(400);
const br = brotliCompressSync(text);
const gzip = gzipSync(text);
const OLD = new Date('2001-01-01T00:00:00Z');
/** Hashed before the first answer, and too large for that. */
const small = pattern(90_000);
const large = pattern(1_500_000);
const page = '<p>nothing here';

const NODES = {
  'style.css': { text, mtime: OLD },
  'style.css.br': br,
  'style.css.gz': gzip,
  'small.bin': small,
  'large.bin': large,
  'empty.txt': '',
  '404.html': page,
  'list/a.txt': 'a',
  'list/b & c.txt': 'b',
  'list/page.css.gz': gzip,
  'list/moved.txt': 'moved',
  'list/.hidden': 'x',
  'list/deeper/x': 'x',
  'list/secret.txt': 'a secret',
};

const base64 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('base64');
const digestOf = (bytes: Uint8Array | string) => `sha-256=:${base64(bytes)}:`;

const BR = { 'accept-encoding': 'br' };
const WANTED = { 'want-content-digest': 'sha-256=1' };
const TWO = { range: 'bytes=0-99,500-599' };

interface Row {
  readonly target: string;
  readonly method?: string;
  readonly fields?: SentFields;
  readonly status: number;
  /** Undefined: it has none. */
  readonly of: Uint8Array | string | undefined;
}

const ROWS: readonly Row[] = [
  { target: '/style.css', status: 200, of: text },
  { target: '/style.css', fields: BR, status: 200, of: br },
  { target: '/style.css', fields: { 'accept-encoding': 'gzip' }, status: 200, of: gzip },
  { target: '/style.css', fields: BR, method: 'HEAD', status: 200, of: br },
  { target: '/style.css', fields: { ...BR, range: 'bytes=5-20' }, status: 206, of: br },
  { target: '/style.css.gz', status: 200, of: gzip },
  { target: '/small.bin', status: 200, of: small },
  { target: '/small.bin', method: 'HEAD', status: 200, of: small },
  { target: '/small.bin', fields: { range: 'bytes=5-' }, status: 206, of: small },
  { target: '/small.bin', fields: TWO, status: 206, of: small },
  { target: '/small.bin', fields: { range: 'bytes=90000-' }, status: 416, of: undefined },
  { target: '/small.bin', fields: { 'want-repr-digest': 'sha-256=0' }, status: 200, of: undefined },
  { target: '/small.bin', fields: { 'want-repr-digest': 'sha-256=' }, status: 200, of: small },
  { target: '/large.bin', status: 200, of: large },
  { target: '/large.bin', fields: { range: 'bytes=-70000' }, status: 206, of: large },
  { target: '/empty.txt', status: 200, of: '' },
  { target: '/none', status: 404, of: page },
  ...(['GET', 'HEAD'] as const).map((method) => ({
    ...{ method, target: '/style.css', fields: { ...BR, 'if-none-match': '*' } },
    ...{ status: 304, of: undefined },
  })),
];

/** Several times on one connection: planned, from memory, repeated by the engine. */
const TIMES = 4;

onEveryCarrierAndProxy(t, async (t, serve, carrier) => {
  const root = makeTree(t, NODES);
  const origin = await serve({ root, digest: 'sha-256', listing: true, revalidate: 0 });

  async function ask(target: string, fields: SentFields = {}, method = 'GET'): Promise<Answer[]> {
    const connection = await connect(origin.address);
    try {
      const answers: Answer[] = [];
      for (let i = 0; i < TIMES; i++) {
        const sent = { connection: 'keep-alive', ...fields };
        await connection.send(requestBytes(target, { method, fields: sent }));
        answers.push(await connection.read(method));
      }
      return answers;
    } finally {
      connection.close();
    }
  }

  t.test('Repr-Digest is of the whole representation, whatever is sent of it', async (t) => {
    const first = await request(origin.address, '/large.bin');
    t.equal(first.field('repr-digest'), undefined, 'of a large file not before it is known');
    await until(async () => {
      return (await request(origin.address, '/large.bin')).field('repr-digest') !== undefined;
    });
    for (const { target, fields, method, status, of } of ROWS) {
      for (const answer of await ask(target, fields, method)) {
        const title = `${method ?? 'GET'} ${target} ${JSON.stringify(fields ?? {})}`;
        t.equal(answer.status, status, title);
        t.equal(answer.field('repr-digest'), of === undefined ? undefined : digestOf(of), title);
        t.equal(answer.field('content-digest'), undefined, title);
        if (status === 200 && of !== undefined && method !== 'HEAD') {
          t.equal(digestOf(answer.body), digestOf(of), 'and that was sent');
        }
      }
    }
  });

  t.test('Content-Digest is of the very bytes, for who wants it', async (t) => {
    for (const [target, fields] of [
      ['/style.css', {}],
      ['/style.css', BR],
      ['/small.bin', { range: 'bytes=5-104' }],
      ['/small.bin', { ...TWO, 'want-repr-digest': 'sha-256=0' }],
      ['/empty.txt', {}],
      ['/none', {}],
      ['/list/', {}],
      ['/large.bin', {}],
    ] as const) {
      for (const answer of await ask(target, { ...fields, ...WANTED })) {
        t.equal(answer.field('content-digest'), digestOf(answer.body), target);
      }
    }
    for (const [title, target, fields, method] of [
      ['the hot answer of others is not that of who wants it', '/style.css', {}, 'GET'],
      ['a HEAD has no content', '/small.bin', WANTED, 'HEAD'],
      ['more than is hashed for one', '/large.bin', { ...WANTED, range: 'bytes=1-' }, 'GET'],
      ['a 304', '/small.bin', { ...WANTED, 'if-none-match': '*' }, 'GET'],
    ] as const) {
      for (const answer of await ask(target, fields, method)) {
        t.equal(answer.field('content-digest'), undefined, title);
      }
    }
    const [parts] = await ask('/small.bin', { ...TWO, ...WANTED });
    t.equal(parts && readMultipart(parts).length, 2, 'delimiters are content too');
  });

  t.test('what takes the place of a file has its own, with the first byte', async (t) => {
    const file = join(root, 'changes.txt');
    const digests = new Set<string | undefined>();
    for (let version = 0; version < 6; version++) {
      writeFileSync(`${file}.new`, `version ${String(version).padStart(3, '0')}`);
      renameSync(`${file}.new`, file);
      const [one, two] = await Promise.all([ask('/changes.txt'), ask('/changes.txt')]);
      for (const answer of [...one, ...two]) {
        if (answer.field('repr-digest') !== digestOf(answer.body)) t.fail(`version ${version}`);
        digests.add(answer.field('repr-digest'));
      }
    }
    t.equal(digests.size, 6);
  });

  t.test('listings', (t) => listings(t, origin.address, ask));
  if (carrier.name === 'native') await repeated(t, serve, root);
});

async function listings(
  t: Test,
  address: Parameters<typeof request>[0],
  ask: (target: string, fields?: SentFields) => Promise<Answer[]>,
): Promise<void> {
  const json = { accept: 'application/json' };
  for (const target of ['/list/', '/list/?integrity']) {
    for (const fields of [{}, json]) {
      for (const answer of await ask(target, fields)) {
        t.equal(answer.field('repr-digest'), digestOf(answer.body), `${target} is told of itself`);
      }
    }
  }
  const integrityOf = async (target: string) => {
    const { body } = await request(address, target, { fields: json });
    const { entries } = JSON.parse(body.toString()) as {
      entries: Array<{ name: string; integrity?: string }>;
    };
    return Object.fromEntries(entries.map(({ name, integrity }) => [name, integrity]));
  };
  const plain = await integrityOf('/list/');
  t.equal(Object.values(plain).filter((one) => one !== undefined).length, 0, 'not unasked');
  t.same(await integrityOf('/list/?integrity&sort=size'), {
    deeper: undefined,
    'a.txt': `sha256-${base64('a')}`,
    'b & c.txt': `sha256-${base64('b')}`,
    'moved.txt': `sha256-${base64('moved')}`,
    'secret.txt': `sha256-${base64('a secret')}`,
    // A client decodes it, and has other bytes then.
    'page.css.gz': undefined,
  });
  const [html] = await ask('/list/?integrity');
  t.notMatch(html?.body.toString(), /sha256-/);
}

async function repeated(t: Test, serve: Serve, root: string): Promise<void> {
  t.test('of what a path does not get, a listing tells no hash', async (t) => {
    const { address } = await serve({
      ...{ root, digest: 'sha-256', listing: true },
      redirects: [{ from: '/list/moved.txt', to: '/elsewhere' }],
      auth: {
        '/list/secret': join(makeTree(t, { users: `u:{SHA}${'A'.repeat(27)}=` }), 'users'),
      },
    });
    const { body } = await request(address, '/list/?integrity', {
      fields: { accept: 'application/json' },
    });
    const told = [...body.toString().matchAll(/"name":"([^"]*)"[^\n]*integrity/g)];
    t.same(
      told.map(([, name]) => name),
      ['a.txt', 'b & c.txt'],
    );
  });

  t.test('repeated by the engine, without JavaScript', async (t) => {
    const origin = await serve({ root, digest: 'sha-256' });
    const connection = await connect(origin.address);
    t.teardown(() => connection.close());
    const ask = async (target: string, fields: SentFields) => {
      const sent = { connection: 'keep-alive', ...fields };
      await connection.send(requestBytes(target, { fields: sent }));
      return connection.read();
    };
    const unwanted = { 'want-repr-digest': 'sha-256=0' };
    for (const [target, fields, digest] of [
      ['/small.bin', {}, digestOf(small)],
      ['/small.bin', unwanted, undefined],
      ['/small.bin', { range: 'bytes=1-99' }, digestOf(small)],
      ['/style.css', BR, digestOf(br)],
      ['/none', {}, digestOf(page)],
    ] as const) {
      await until(async () => {
        const { hot } = await origin.stats();
        await ask(target, fields);
        return (await origin.stats()).hot > hot;
      });
      const { hot } = await origin.stats();
      for (let i = 0; i < 3; i++) {
        t.equal((await ask(target, fields)).field('repr-digest'), digest, target);
      }
      t.equal((await origin.stats()).hot, hot + 3, `${target} ${JSON.stringify(fields)}`);
      await ask(target, { ...fields, ...WANTED });
      t.equal((await origin.stats()).hot, hot + 3, 'but for who wants more than that');
    }
  });
}
