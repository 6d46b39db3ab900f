// Who may write to streams: by a token, by the realm's password, or from this machine alone.
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import bcryptjs from 'bcryptjs';
import t from 'tap';
import { parseTokens } from '../../src/auth/token-file.ts';
import { resolveOptions } from '../../src/options/options.ts';
import { streamsOf } from '../../src/site/policies.ts';
import { until } from '../faults/process.ts';
import { makeTree } from '../support/tree.ts';
import { onEveryCarrier, serve, TEXT } from './carriers.ts';

const folder = makeTree(t, {});
/** As editors write it: never half a file. */
const write = (name: string, text: string) => {
  const path = join(folder, name);
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
  return path;
};
const users = write('users', `ann:${bcryptjs.hashSync('secret', 4)}\n`);
const ann = { authorization: `Basic ${Buffer.from('ann:secret').toString('base64')}` };

onEveryCarrier(t, async (t, carrier) => {
  await t.test('by a token of the file, as it is now', async (t) => {
    const tokens = write('tokens', '# of the builders\nfirst-token\n\nsecond+token/==\n');
    const { ask } = await serve(t, carrier, { writeTokenFile: tokens });
    const put = (fields: Readonly<Record<string, string>>) =>
      ask('PUT', '/logs/a', { fields: { ...TEXT, ...fields } });
    const refused = await put({});
    t.equal(refused.status, 401);
    t.equal(refused.field('www-authenticate'), 'Bearer');
    for (const authorization of [
      ...[
        'Bearer',
        'Bearer ',
        'Bearer first-toke',
        'Bearer first-tokens',
        'Bearer x',
        'first-token',
      ],
      ...['Basic first-token', 'Bearer first-token second', ann.authorization, 'Bearer #', ''],
    ]) {
      t.equal((await put({ authorization })).status, 401, authorization);
    }
    t.equal((await put({ authorization: 'Bearer first-token' })).status, 201);
    t.equal((await put({ authorization: 'bearer  second+token/==' })).status, 200);
    for (const method of ['POST', 'DELETE']) {
      t.equal((await ask(method, '/logs/a', { fields: TEXT, body: 'x' })).status, 401, method);
    }
    t.equal((await ask('GET', '/logs/a')).status, 200, 'everybody reads');
    write('tokens', 'third-token\n');
    await until(async () => (await put({ authorization: 'Bearer third-token' })).status === 200);
    t.equal((await put({ authorization: 'Bearer first-token' })).status, 401);
    write('tokens', '');
    t.equal((await put({ authorization: 'Bearer third-token' })).status, 200, 'none is no answer');
  });

  await t.test('by the password of their realm', async (t) => {
    const { ask } = await serve(t, carrier, { auth: { '/logs/': users } });
    t.equal((await ask('PUT', '/logs/a', { fields: TEXT })).status, 401);
    t.equal((await ask('PUT', '/logs/a', { fields: { ...TEXT, ...ann } })).status, 201);
    t.equal((await ask('GET', '/logs/a')).status, 401);
    const read = await ask('GET', '/logs/a?offset=-1', { fields: ann });
    t.equal(read.status, 200);
    t.match(read.field('cache-control'), /^private/);
    t.equal((await ask('GET', '/logs/a?offset=-1&live=long-poll')).status, 401);
    // Another page of the browser that knows the password.
    const foreign = { ...TEXT, ...ann, origin: 'https://evil.example' };
    t.equal((await ask('POST', '/logs/a', { fields: foreign, body: 'x' })).status, 403);
    const own = { ...TEXT, ...ann, origin: 'https://localhost' };
    t.equal((await ask('POST', '/logs/a', { fields: own, body: 'x' })).status, 204);
  });

  await t.test('with a token others write than read', async (t) => {
    const tokens = write('tokens', 'a-token\n');
    const { ask } = await serve(t, carrier, { auth: { '/logs/': users }, writeTokenFile: tokens });
    const bearer = { authorization: 'Bearer a-token' };
    t.equal((await ask('PUT', '/logs/a', { fields: { ...TEXT, ...bearer } })).status, 201);
    t.equal((await ask('PUT', '/logs/a', { fields: { ...TEXT, ...ann } })).status, 401);
    t.equal((await ask('GET', '/logs/a', { fields: ann })).status, 200);
    t.equal((await ask('GET', '/logs/a', { fields: bearer })).status, 401);
  });

  await t.test('from this machine, and by no page of another origin', async (t) => {
    const { ask } = await serve(t, carrier);
    const put = (fields: Readonly<Record<string, string>>) =>
      ask('PUT', '/logs/a', { fields: { ...TEXT, ...fields } });
    t.equal((await put({})).status, 201);
    t.equal((await put({ host: '127.0.0.1:8080' })).status, 200);
    t.equal((await put({ host: 'localhost:8080', origin: 'http://localhost:8080' })).status, 200);
    const cases: ReadonlyArray<Readonly<Record<string, string>>> = [
      { host: 'evil.example' },
      { host: 'evil.example', origin: 'http://evil.example' },
      { 'x-forwarded-for': '192.0.2.1' },
      { forwarded: 'for=192.0.2.1' },
      { via: '1.1 proxy' },
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { origin: 'http://localhost:3000' },
    ];
    for (const fields of cases) t.equal((await put(fields)).status, 403, JSON.stringify(fields));
    t.equal((await ask('GET', '/logs/a', { fields: { host: 'evil.example' } })).status, 200);
  });

  await t.test('pages of origins that may read may write', async (t) => {
    const own = 'https://app.example';
    const listed = await serve(t, carrier, { cors: [own] });
    const put = (origin: string) => listed.ask('PUT', '/logs/a', { fields: { ...TEXT, origin } });
    const answer = await put(own);
    t.equal(answer.status, 201);
    t.equal(answer.field('access-control-allow-origin'), own);
    t.equal((await put('https://other.example')).status, 403);
    const preflight = await listed.ask('OPTIONS', '/logs/a', {
      fields: { origin: own, 'access-control-request-method': 'POST' },
    });
    t.equal(preflight.status, 204);
    t.match(preflight.field('access-control-allow-methods'), /PUT, POST, DELETE/);
    for (const name of ['authorization', 'content-type', 'producer-id', 'if-none-match']) {
      t.match(preflight.field('access-control-allow-headers'), new RegExp(`\\b${name}\\b`));
    }
    // Any page may read; of those that may write, the ones that come from this machine too.
    const any = await serve(t, carrier, { cors: ['*'] });
    const near = { ...TEXT, origin: 'http://localhost:3000' };
    t.equal((await any.ask('PUT', '/logs/a', { fields: near })).status, 201);
    const far = { ...TEXT, origin: 'http://evil.example' };
    t.equal((await any.ask('PUT', '/logs/a', { fields: far })).status, 403);
  });
});

t.test('somebody says who may write where others may connect', async (t) => {
  const tokens = write('tokens', 'x\n');
  const root = makeTree(t, {});
  const of = (options: object) => () =>
    streamsOf(resolveOptions({ root, streams: '/logs', ...options }));
  const unsaid = /option streams: who is not on this machine may connect/;
  t.doesNotThrow(of({}));
  t.doesNotThrow(of({ listen: 'unix:/run/x.sock' }));
  t.doesNotThrow(of({ host: '0.0.0.0', writeTokenFile: tokens }));
  t.doesNotThrow(of({ host: '0.0.0.0', auth: { '/logs': users } }));
  t.doesNotThrow(of({ host: '0.0.0.0', auth: { '/': users } }));
  t.throws(of({ host: '0.0.0.0' }), unsaid);
  t.throws(of({ listen: '127.0.0.1:1,[::]:2' }), unsaid);
  t.throws(of({ listen: 'unix:/run/x.sock,proxy', proxyFrom: ['unix:'] }), /proxy|machine/);
  t.throws(of({ listen: 'fd:3' }), unsaid);
  t.throws(of({ host: '0.0.0.0', auth: { '/logs/private': users } }), unsaid, 'a part of it');
  t.throws(of({ writeTokenFile: join(root, 'tokens') }), /would be served itself/);
});

t.test('a token is what Bearer can carry', async (t) => {
  t.same(parseTokens('a\n# b\n\n  c-._~+/==  \r\n'), ['a', 'c-._~+/==']);
  for (const text of ['', '\n', '# a', 'a b', 'a\nü', 'a:b', '=', 'Bearer x']) {
    t.throws(() => parseTokens(text), /token/, JSON.stringify(text));
  }
});
