// Other options for a server that runs: who is connected loses nothing, and what cannot be used changes nothing.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import type { OptionsInput } from '../../src/options/options.ts';
import { createServer, type Server } from '../../src/server/server.ts';
import { loadUws } from '../../src/transport/uws/library.ts';
import { until } from '../faults/process.ts';
import { type Address, connect, request, requestBytes } from '../support/client.ts';
import { startServer } from '../support/server.ts';
import { steadyClients } from '../support/steady.ts';
import { TLS_OPTIONS } from '../support/tls.ts';
import { makeTree, pattern } from '../support/tree.ts';

const LARGE = 2 ** 24;
const one = makeTree(t, { 'a.txt': 'one', 'large.bin': { size: LARGE } });
const two = makeTree(t, { 'a.txt': 'two' });

const { addon } = loadNative();
const skip = addon === undefined && 'no addon';
const NAMES = ['native', 'http1'] as const;
type Name = (typeof NAMES)[number];

const portIn = (url: string | undefined) => Number(new URL(url ?? '').port);
const textAt = async (address: Address) => (await request(address, '/a.txt')).body.toString();
const descriptors = () => readdirSync('/proc/self/fd').length;

function onEach(
  title: string,
  run: (t: Test, serve: (options?: OptionsInput) => Promise<Server>, name: Name) => Promise<void>,
): void {
  for (const name of NAMES) {
    t.test(`${name}: ${title}`, { skip }, (t) => {
      const common = { root: one, transport: name, logLevel: 'silent' } as const;
      return run(t, (options) => startServer(t, { ...common, ...options }), name);
    });
  }
}

/** As `serve` has them. */
const like = (server: Server, name: Name, options: OptionsInput): OptionsInput => ({
  ...{ root: one, transport: name, logLevel: 'silent', grace: 0, port: server.port },
  ...options,
});

onEach('clients that keep their connections notice nothing of twenty', async (t, serve, name) => {
  const server = await serve({
    ...TLS_OPTIONS,
    port: undefined,
    listen: ['127.0.0.1:0,plain', '127.0.0.1:0,tls'],
  });
  const [plain, secure] = server.urls.map(portIn);
  const listen = ['127.0.0.1:0,plain', '127.0.0.1:0,tls'];
  const addresses: Address[] = [
    { port: plain ?? 0 },
    { port: secure ?? 0, tls: true },
    ...(name === 'native' ? [{ port: secure ?? 0, tls: true, http2: true }] : []),
  ];
  const isRight = (answer: string) => answer === '200 one' || answer === '200 two';
  const flocks = addresses.map((address) => steadyClients(address, 22, '/a.txt', isRight));
  for (let round = 0; round < 20; round++) {
    await Promise.all(flocks.map((flock) => flock.more(2)));
    const root = round % 2 === 0 ? two : one;
    await server.reload(like(server, name, { ...TLS_OPTIONS, listen, root, port: undefined }));
    t.equal(await textAt({ port: plain ?? 0 }), round % 2 === 0 ? 'two' : 'one', `${round}`);
  }
  for (const flock of flocks) await flock.stop();
  for (const [i, { failures }] of flocks.entries()) t.same(failures, [], `${i}: none failed`);
  const answered = 20 + flocks.reduce((sum, flock) => sum + flock.answered, 0);
  await until(() => server.stats().byStrategy !== undefined && countOf(server) >= answered);
  t.equal(countOf(server), answered, 'all were counted');
  await until(() => server.stats().connections === 0);
  t.ok(answered > 20 * addresses.length * 22 * 2);
});

function countOf(server: Server): number {
  const rows = Object.values(server.stats().byStatus).flatMap((row) => Object.values(row));
  return rows.reduce((sum, count) => sum + count, 0);
}

onEach('what is on its way arrives whole, as it was begun', async (t, serve, name) => {
  const server = await serve();
  const client = await connect({ port: server.port });
  await client.send(requestBytes('/large.bin', { fields: { connection: 'keep-alive' } }));
  client.pause();
  await until(() => server.stats().connections === 1);
  await server.reload(like(server, name, { root: two }));
  t.equal(await textAt({ port: server.port }), 'two');
  client.resume();
  t.ok((await client.read()).body.equals(pattern(LARGE)));
  client.close();
  await until(() => server.stats().connections === 0);
});

onEach(
  'a connection gets one answer more, which says that it is the last',
  async (t, serve, name) => {
    const server = await serve();
    const client = await connect({ port: server.port });
    const keep = requestBytes('/a.txt', { fields: { connection: 'keep-alive' } });
    await client.send(keep);
    t.equal((await client.read()).field('connection')?.toLowerCase() === 'close', false);
    await server.reload(like(server, name, { root: two }));
    await client.send(keep);
    const { body, field } = await client.read();
    t.equal(body.toString(), 'one', 'from where it was before');
    t.equal(field('connection')?.toLowerCase(), 'close');
    t.equal((await client.rest()).length, 0);
  },
);

onEach('listeners come and go, and those that stay keep their sockets', async (t, serve, name) => {
  const folder = makeTree(t);
  const [stays, goes, comes] = ['stays', 'goes', 'comes'].map((each) => join(folder, each));
  const server = await serve({ port: undefined, listen: [`unix:${stays}`, `unix:${goes}`] });
  const before = statSync(stays ?? '').ino;
  const listen = [`unix:${stays},mode=0600`, `unix:${comes}`, '127.0.0.1:0'];
  await server.reload(like(server, name, { listen, port: undefined, root: two }));
  t.same(statSync(stays ?? '').ino, before);
  t.equal(statSync(stays ?? '').mode & 0o777, 0o600, 'whose mode is as it was said');
  t.notOk(existsSync(goes ?? ''), 'the file of one that goes is removed');
  for (const path of [stays, comes]) t.equal(await textAt({ port: 0, path: path ?? '' }), 'two');
  t.equal(await textAt({ port: server.port }), 'two');
  t.same(server.urls.length, 3);
  await server.close();
  t.notOk(existsSync(stays ?? '') || existsSync(comes ?? ''));
});

onEach('what cannot be used changes nothing, and leaves nothing behind', async (t, serve, name) => {
  const other = await serve();
  const log = join(makeTree(t), 'access.log');
  const server = await serve({ listen: ['127.0.0.1:0'], port: undefined });
  const port = server.port;
  const wrong: ReadonlyArray<readonly [OptionsInput, RegExp]> = [
    [{ threads: 0 }, /option threads/],
    [{ root: join(one, 'none') }, /cannot serve .*none: no such directory/],
    [
      { root: two, listen: ['127.0.0.1:0', `127.0.0.1:${other.port}`] },
      /cannot listen on .*in use/,
    ],
    [{ root: two, tlsCert: join(one, 'a.txt') }, /tlsCert/],
    [{ root: two, accessLog: join(one, 'none/log') }, /accessLog: cannot write/],
    [{ root: two, accessLog: log, admin: `127.0.0.1:${other.port}` }, /admin: cannot listen/],
    [{ root: two, hosts: { 'a.example': { root: join(one, 'none') } } }, /cannot serve/],
  ];
  const client = await connect({ port });
  const keep = requestBytes('/a.txt', { fields: { connection: 'keep-alive' } });
  await client.send(keep);
  await client.read();
  let open = 0;
  // What is opened once for all is there after the first round.
  for (let round = 0; round < 4; round++) {
    for (const [options, message] of wrong) {
      const bad = { listen: ['127.0.0.1:0'], ...options, port: undefined };
      await t.rejects(server.reload(like(server, name, bad)), message);
      t.equal(await textAt({ port }), 'one');
      await client.send(keep);
      const { body, field } = await client.read();
      t.equal(body.toString(), 'one', 'also for those who are here');
      t.not(field('connection')?.toLowerCase(), 'close');
    }
    if (round === 0) open = descriptors();
  }
  await until(() => descriptors() <= open);
});

onEach('options that are the same disturb nobody', async (t, serve, name) => {
  const server = await serve({ listen: ['127.0.0.1:0'], port: undefined });
  const client = await connect({ port: server.port });
  const keep = requestBytes('/a.txt', { fields: { connection: 'keep-alive' } });
  for (let i = 0; i < 3; i++) {
    await client.send(keep);
    t.not((await client.read()).field('connection')?.toLowerCase(), 'close');
    await server.reload(like(server, name, { listen: ['127.0.0.1:0'], port: undefined }));
    await server.reload();
  }
});

onEach('the access log goes on in its file, or in another one', async (t, serve, name) => {
  const folder = makeTree(t);
  const [first, second] = [join(folder, 'first.log'), join(folder, 'second.log')];
  const linesOf = (file: string) => readFileSync(file, 'utf8').trimEnd().split('\n');
  const listen = ['127.0.0.1:0'];
  const common = { listen, port: undefined, accessFormat: '%m one' };
  const server = await serve({ ...common, accessLog: first });
  const { port } = server;
  await textAt({ port });
  await server.reload(like(server, name, { ...common, accessLog: first, accessFormat: '%m two' }));
  await textAt({ port });
  await server.reload(like(server, name, { ...common, accessLog: second }));
  await textAt({ port });
  await until(() => server.stats().accessLog?.written === 1);
  t.same(linesOf(first), ['GET one', 'GET two']);
  t.same(linesOf(second), ['GET one']);
  await server.reload(like(server, name, { ...common, accessLog: undefined }));
  await textAt({ port });
  t.equal(server.stats().accessLog, undefined);
  t.equal(linesOf(second).length, 1);
});

onEach('the admin listener tells of all together, and moves', async (t, serve, name) => {
  const listen = ['127.0.0.1:0'];
  const common = { listen, port: undefined };
  const server = await serve({ ...common, admin: '127.0.0.1:0' });
  const { port, admin } = server;
  await textAt({ port });
  await server.reload(
    like(server, name, { ...common, admin: '127.0.0.1:0', maxConnections: 77, root: two }),
  );
  t.equal(server.admin, admin, 'at the same address it stays');
  await textAt({ port });
  const told = async (url: string | undefined) =>
    JSON.parse((await request({ port: portIn(url) }, '/stats')).body.toString());
  t.match(await told(admin), { limits: { connections: 77 }, byStatus: { 'http/1.1': { 200: 2 } } });
  await server.reload(like(server, name, { ...common, admin: '[::1]:0' }));
  t.not(server.admin, admin);
  await t.rejects(request({ port: portIn(admin) }, '/healthz'), 'nobody is at the old one');
  await server.reload(like(server, name, common));
  t.equal(server.admin, undefined);
});

onEach('what the server says of itself is as of its last reload', async (t, serve, name) => {
  const server = await serve({ listen: ['127.0.0.1:0'], port: undefined });
  t.match(server.url, /^http:/);
  t.same(server.tlsVersions, []);
  const { port } = server;
  const secure = { ...TLS_OPTIONS, listen: ['127.0.0.1:0'], port: undefined };
  await server.reload(like(server, name, secure));
  t.equal(server.port, port);
  t.match(server.url, /^https:/);
  t.same(server.tlsVersions, ['1.2', '1.3']);
  t.equal(await textAt({ port, tls: true }), 'one');
});

onEach('a redirect beside it keeps its own port, or goes', async (t, serve, name) => {
  const secure = { ...TLS_OPTIONS, httpsRedirect: 0 };
  const server = await serve({ ...secure, port: 0 });
  const { port, redirectPort = 0 } = server;
  for (const root of [two, one]) {
    await server.reload(like(server, name, { ...secure, port: 0, root }));
    t.same([server.port, server.redirectPort], [port, redirectPort]);
    t.equal(await textAt({ port, tls: true }), root === two ? 'two' : 'one');
    const { status, field } = await request({ port: redirectPort }, '/a.txt');
    t.same([status, field('location')], [308, `https://localhost:${port}/a.txt`]);
  }
  await server.reload(like(server, name, TLS_OPTIONS));
  t.equal(server.redirectPort, undefined);
  await t.rejects(request({ port: redirectPort }, '/a.txt'));
});

t.test('from the engine to node:http and back', { skip }, async (t) => {
  const listen = ['127.0.0.1:0'];
  const server = await startServer(t, { root: one, listen, port: undefined, threads: 2 });
  const { port } = server;
  const flock = steadyClients({ port }, 8, '/a.txt', (answer) => answer === '200 one');
  for (const transport of ['http1', 'native', 'http1', 'auto'] as const) {
    await flock.more(2);
    await server.reload(like(server, 'native', { transport, listen, port: undefined, threads: 3 }));
    t.equal(server.transport, transport === 'auto' ? 'native' : transport);
    t.equal(server.port, port);
  }
  await flock.more(2);
  await flock.stop();
  t.same(flock.failures, []);
});

t.test('one that is closed reloads nothing, and one at a time is done', { skip }, async (t) => {
  const server = await startServer(t, { root: one });
  const many = ['two', 'one', 'two'].map((root) =>
    server.reload({ root: root === 'one' ? one : two, port: 0, logLevel: 'silent', grace: 0 }),
  );
  await Promise.all(many);
  t.equal(await textAt({ port: server.port }), 'two');
  const open = server.reload({ root: one, port: 0, logLevel: 'silent', grace: 0 });
  const refused = t.rejects(open, /has been closed/);
  await server.close();
  await refused;
  await t.rejects(server.reload(), /has been closed/);
});

const { library } = await loadUws();
const noUws = library === undefined && 'uWebSockets.js is not installed';

t.test('uws: its connections go on, under other options', { skip: noUws }, async (t) => {
  const folder = makeTree(t);
  const [stays, goes, comes] = ['stays', 'goes', 'comes'].map((each) => join(folder, each));
  const common = { transport: 'uws', logLevel: 'silent', grace: 1000 } as const;
  const listen = ['127.0.0.1:0', `unix:${stays}`];
  const first = { ...common, root: one, listen: [...listen, `unix:${goes}`] };
  const server = await createServer(first);
  t.teardown(() => server.close());
  const { port } = server;
  const isRight = (answer: string) => answer === '200 one' || answer === '200 two';
  const flock = steadyClients({ port }, 16, '/a.txt', isRight);
  const client = await connect({ port });
  const keep = requestBytes('/a.txt', { fields: { connection: 'keep-alive' } });
  for (let round = 0; round < 20; round++) {
    await flock.more(2);
    const root = round % 2 === 0 ? two : one;
    await server.reload({ ...common, root, listen: [...listen, `unix:${comes}`] });
    await client.send(keep);
    const { body, field } = await client.read();
    t.equal(body.toString(), root === two ? 'two' : 'one', 'on the same connection');
    t.not(field('connection')?.toLowerCase(), 'close');
    for (const path of [stays, comes])
      t.equal(await textAt({ port: 0, path: path ?? '' }), `${body}`);
    t.notOk(existsSync(goes ?? ''));
    // Of what cannot be used nobody is answered.
    const wrong = { ...common, root, listen: [...listen, `127.0.0.1:${port}`] };
    await t.rejects(server.reload(wrong), /in use/);
  }
  await flock.stop();
  t.same(flock.failures, []);
  client.close();
  await until(() => server.stats().connections === 0);
  t.equal(countOf(server), flock.answered + 60);
  await server.close();
  t.notOk(existsSync(stays ?? '') || existsSync(comes ?? ''));
});

t.test('uws: what it cannot change, it refuses', { skip: noUws }, async (t) => {
  const common = { root: one, listen: ['127.0.0.1:0'], logLevel: 'silent' } as const;
  const server = await createServer({ ...common, transport: 'uws' });
  t.teardown(() => server.close());
  const needs = /transport: other options need a restart: uWebSockets\.js keeps its/;
  await t.rejects(server.reload(common), needs);
  await t.rejects(server.reload({ ...common, transport: 'uws', ...TLS_OPTIONS }), needs);
  const other = await createServer(common);
  t.teardown(() => other.close());
  await t.rejects(other.reload({ ...common, transport: 'uws' }), needs);
  for (const { port } of [server, other]) t.equal(await textAt({ port }), 'one');
});
