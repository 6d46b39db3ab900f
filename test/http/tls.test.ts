// TLS as clients see it, by the engine and by node:https: versions, names, keys, tickets, reload, and clients that do wrong.
import { once } from 'node:events';
import { copyFileSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { join } from 'node:path';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import type { OptionsInput } from '../../src/options/options.ts';
import { createServer, type Server } from '../../src/server/server.ts';
import { connect, request, requestBytes } from '../support/client.ts';
import { makeTree, pattern } from '../support/tree.ts';

const { addon, ...why } = loadNative();
const file = (name: string) =>
  fileURLToPath(new URL(`../support/tls/${name}.pem`, import.meta.url));
const EC = { tlsCert: file('cert'), tlsKey: file('key') };
const ALL = {
  tlsCert: [file('cert'), file('rsa'), file('names')],
  tlsKey: [file('key'), file('rsa-key'), file('names-key')],
};

type Serve = (options?: OptionsInput) => Promise<Server>;

/** On each transport that speaks TLS here. */
function onEach(title: string, run: (t: Test, serve: Serve, engine: boolean) => Promise<void>) {
  t.test(title, async (t) => {
    for (const transport of ['native', 'http1'] as const) {
      const engine = transport === 'native';
      const skip = engine && addon === undefined ? JSON.stringify(why) : false;
      t.test(transport, { skip }, async (t) => {
        const root = makeTree(t, { 'a.txt': 'hello', 'large.bin': { size: 8 * 2 ** 20 } });
        await run(
          t,
          async (options = {}) => {
            const all = {
              root,
              transport,
              port: 0,
              logLevel: 'silent',
              ...EC,
              ...options,
            } as const;
            const server = await createServer(all);
            t.teardown(() => server.close());
            return server;
          },
          engine,
        );
      });
    }
  });
}

/** A client after its handshake; rejects where there is none. */
async function shake({ port }: Server, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  await once(socket, 'secureConnect');
  return socket;
}

const refused = (server: Server, options: ConnectionOptions) =>
  shake(server, options).then(
    (socket) => {
      socket.destroy();
      return false;
    },
    () => true,
  );

/** What the server tells of its certificate to a client like this. */
async function certificateFor(server: Server, options: ConnectionOptions) {
  const socket = await shake(server, options);
  const { subject, bits, asn1Curve } = socket.getPeerCertificate();
  socket.destroy();
  return { name: subject.CN, kind: asn1Curve === undefined ? `rsa ${bits}` : 'ec' };
}

/** The answer to one request on the socket, which is closed then. */
async function answerOn(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk)).on('error', () => {});
  await closed(socket);
  return Buffer.concat(chunks).toString('latin1');
}

const GET = requestBytes('/a.txt');

onEach('Server-Timing says the version and the protocol of each client', async (t, serve) => {
  const server = await serve({ serverTiming: true });
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    for (const minor of [0, 1]) {
      const socket = await shake(server, { minVersion: version, maxVersion: version });
      socket.write(`GET /a.txt HTTP/1.${minor}\r\nHost: a\r\nConnection: close\r\n\r\n`);
      t.match(await answerOn(socket), `proto;desc="http/1.${minor}", tls;desc="${version}"\r\n`);
    }
  }
});

onEach('versions: 1.2 and 1.3, or 1.3 alone; nothing older', async (t, serve) => {
  const only = (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') =>
    ({ minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' }) as const;
  const both = await serve();
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = await shake(both, only(version));
    t.equal(socket.getProtocol(), version);
    t.match(socket.getCipher().name, /^(TLS_|ECDHE-)/, 'forward secrecy');
    socket.destroy();
  }
  t.ok(await refused(both, only('TLSv1.1')));
  const newest = await serve({ tlsMin: '1.3' });
  t.ok(await refused(newest, only('TLSv1.2')));
  t.notOk(await refused(newest, only('TLSv1.3')));
  const one = await serve({ tlsCiphers: 'TLS_AES_128_GCM_SHA256' });
  t.ok(await refused(one, only('TLSv1.2')), 'a cipher of 1.3 alone');
  t.notOk(await refused(one, only('TLSv1.3')));
});

onEach(
  'the certificate of the name that the client asks for, and of a key that it can use',
  async (t, serve) => {
    const server = await serve(ALL);
    const cases: ReadonlyArray<readonly [ConnectionOptions, string, string]> = [
      [{}, 'localhost', 'ec'],
      [{ servername: 'a.example' }, 'a.example', 'ec'],
      [{ servername: 'A.Example' }, 'a.example', 'ec'],
      [{ servername: 'x.b.example' }, 'a.example', 'ec'],
      [{ servername: 'y.x.b.example' }, 'localhost', 'ec'],
      [{ servername: 'b.example' }, 'localhost', 'ec'],
      [{ servername: 'nobody.example' }, 'localhost', 'ec'],
      [{ sigalgs: 'rsa_pss_rsae_sha256' }, 'localhost', 'rsa 2048'],
      [{ sigalgs: 'ecdsa_secp256r1_sha256' }, 'localhost', 'ec'],
      [{ sigalgs: 'RSA+SHA256', maxVersion: 'TLSv1.2' }, 'localhost', 'rsa 2048'],
    ];
    for (const [options, name, kind] of cases) {
      t.same(await certificateFor(server, options), { name, kind }, JSON.stringify(options));
    }
  },
);

onEach(
  'protocols by ALPN: the best in common, none is the end, no ALPN is HTTP/1.1',
  async (t, serve, engine) => {
    const [both, one] = [await serve(), await serve({ http2: false })];
    const chosen = async (server: Server, ALPNProtocols?: string[]) => {
      const socket = await shake(server, ALPNProtocols && { ALPNProtocols });
      socket.destroy();
      return socket.alpnProtocol;
    };
    t.equal(await chosen(both, ['http/1.1']), 'http/1.1');
    t.equal(await chosen(both), false);
    t.equal(await chosen(both, ['http/1.1', 'h2']), engine ? 'h2' : 'http/1.1', 'our preference');
    t.equal(await chosen(one, ['h2', 'http/1.1']), 'http/1.1');
    t.ok(await refused(both, { ALPNProtocols: ['spdy/3'] }), 'no_application_protocol');
    t.ok(await refused(one, { ALPNProtocols: ['h2'] }));
  },
);

onEach('sessions are resumed, on whichever thread the client comes back', async (t, serve) => {
  const server = await serve({ threads: 3 });
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    let session: Buffer | undefined;
    let reused = 0;
    for (let i = 0; i < 30; i++) {
      const socket = await shake(server, { maxVersion, ...(session && { session }) });
      if (socket.isSessionReused()) reused++;
      // A ticket of TLS 1.3 follows the handshake, one of 1.2 is part of it.
      if (maxVersion === 'TLSv1.2') session = socket.getSession();
      socket.on('session', (next) => {
        session = next;
      });
      socket.write(GET);
      t.match(await answerOn(socket), /^HTTP\/1\.1 200 .*hello$/s);
    }
    t.equal(reused, 29, maxVersion);
  }
  t.match(server.stats(), { handshakes: 60, tls12: 30, resumed: 58 }, 'and counted');
});

onEach(
  'reload: new clients get the new certificate, those that are here notice nothing',
  async (t, serve) => {
    const folder = makeTree(t, {});
    const [tlsCert, tlsKey] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    const use = (cert: string, key: string) => {
      copyFileSync(file(cert), tlsCert);
      copyFileSync(file(key), tlsKey);
    };
    use('cert', 'key');
    const server = await serve({ tlsCert, tlsKey });
    const old = await connect({ port: server.port, tls: true });
    use('rsa', 'rsa-key');
    t.same(await certificateFor(server, {}), { name: 'localhost', kind: 'ec' }, 'not by itself');
    await server.reload();
    t.same(await certificateFor(server, {}), { name: 'localhost', kind: 'rsa 2048' });
    await old.send(GET);
    t.equal((await old.read()).body.toString(), 'hello', 'on the connection from before');
    writeFileSync(tlsKey, 'junk');
    await t.rejects(server.reload(), /tlsKey: .*key\.pem: holds no private key/);
    t.same(await certificateFor(server, {}), { name: 'localhost', kind: 'rsa 2048' }, 'as it was');
  },
);

onEach('a large body arrives whole, however slowly it is read', async (t, serve) => {
  const server = await serve();
  const { socket, ...client } = await connect({ port: server.port, tls: true });
  await client.send(requestBytes('/large.bin'));
  // Long enough for every buffer on the way to be full.
  socket.pause();
  await request({ port: server.port, tls: true }, '/a.txt');
  socket.resume();
  t.ok((await client.read()).body.equals(pattern(8 * 2 ** 20)));
});

onEach('records of one byte, and the end of input before the answer', async (t, serve) => {
  const socket = await shake(await serve());
  socket.setNoDelay(true);
  for (const byte of GET) socket.write(Uint8Array.of(byte));
  socket.end();
  t.match(await answerOn(socket), /^HTTP\/1\.1 200 .*hello$/s);
});

const skip = addon === undefined && 'no engine';
t.test('over HTTP/2, a name of no certificate that it was shown is 421', { skip }, async (t) => {
  const root = makeTree(t, { 'a.txt': 'hello' });
  const server = await createServer({ root, port: 0, logLevel: 'silent', ...ALL });
  t.teardown(() => server.close());
  const cases: ReadonlyArray<readonly [servername: string, authority: string, status: number]> = [
    ['a.example', 'a.example', 200],
    ['a.example', `A.Example:${server.port}`, 200],
    ['a.example', 'x.b.example', 200],
    ['a.example', 'localhost', 421],
    ['x.b.example', 'y.x.b.example', 421],
    ['nobody.example', 'nobody.example', 200],
    ['', 'any.example', 200],
  ];
  for (const [servername, authority, status] of cases) {
    const session = connectHttp2(`https://127.0.0.1:${server.port}`, {
      ...{ rejectUnauthorized: false, servername },
    });
    const stream = session.request({ ':path': '/a.txt', ':authority': authority });
    const [fields] = (await once(stream, 'response')) as [{ readonly ':status': number }];
    t.equal(fields[':status'], status, `${servername} ${authority}`);
    session.destroy();
  }
  t.match(server.stats(), { handshakes: cases.length, http2: cases.length, tls12: 0 });
});

onEach('renegotiation is refused', async (t, serve) => {
  // Who is refused may hear nothing more, and is let go.
  const server = await serve({ headerTimeout: '500ms', sendTimeout: '500ms' });
  const socket = await shake(server, { maxVersion: 'TLSv1.2' });
  socket.on('error', () => {});
  const error = await new Promise((resolve) => {
    socket.renegotiate({}, resolve);
    socket.once('close', () => resolve(new Error('closed')));
  });
  t.type(error, Error);
  socket.destroy();
});

onEach('a staple goes to who asks for it', async (t, serve) => {
  // An OCSPResponse with the status unauthorized and nothing else (RFC 6960 §4.2.1).
  const staple = Buffer.from([0x30, 0x03, 0x0a, 0x01, 0x06]);
  const folder = makeTree(t, { 'staple.der': staple });
  const server = await serve({ tlsStaple: join(folder, 'staple.der') });
  const socket = connectTls({
    ...{ port: server.port, host: '127.0.0.1', rejectUnauthorized: false, requestOCSP: true },
  });
  const [response] = (await once(socket, 'OCSPResponse')) as [Buffer | null];
  t.same(response, staple);
  socket.destroy();
  t.notOk(await refused(server, {}), 'who does not ask');
});

onEach(
  'plain HTTP where TLS is due is told so by the engine, and served by nobody',
  async (t, serve, engine) => {
    const { port } = await serve();
    const socket = connectTcp(port, '127.0.0.1');
    socket.write(GET);
    const answer = await answerOn(socket);
    if (engine) t.match(answer, /^HTTP\/1\.1 400 .*This port speaks HTTPS/s);
    else t.notMatch(answer, /200/);
  },
);

onEach('a client that begins and does not end its handshake is let go', async (t, serve) => {
  const server = await serve({ headerTimeout: '200ms' });
  const hello = await recordHello();
  for (const bytes of [Buffer.alloc(0), hello.subarray(0, 3), hello.subarray(0, -1), hello]) {
    const socket = connectTcp(server.port, '127.0.0.1').on('error', () => {});
    socket.write(bytes);
    socket.resume();
    await closed(socket);
    t.pass(`after ${bytes.length} bytes`);
  }
});

onEach('a handshake may break off at any byte', async (t, serve) => {
  const server = await serve();
  const hello = await recordHello();
  for (let length = 0; length <= hello.length; length++) {
    const socket = connectTcp(server.port, '127.0.0.1').on('error', () => {});
    if (length % 2 === 0) socket.end(hello.subarray(0, length));
    else socket.write(hello.subarray(0, length), () => socket.resetAndDestroy());
    socket.resume();
    await closed(socket);
  }
  for (const junk of [
    Buffer.alloc(70_000, 0x16),
    Buffer.from('\x16\x03\x01\x40\x01'),
    Buffer.alloc(5),
  ]) {
    const socket = connectTcp(server.port, '127.0.0.1').on('error', () => {});
    socket.end(junk);
    socket.resume();
    await closed(socket);
  }
  t.equal((await request({ port: server.port, tls: true }, '/a.txt')).body.toString(), 'hello');
  await until(() => server.stats().connections === 0);
  t.equal(server.stats().connections, 0);
});

onEach('one client too many is told so, after its handshake', async (t, serve, engine) => {
  const server = await serve({ maxConnections: 1 });
  const first = await shake(server);
  if (engine) t.equal((await request({ port: server.port, tls: true }, '/a.txt')).status, 503);
  else t.ok(await refused(server, {}));
  first.destroy();
});

onEach('Strict-Transport-Security is sent on request, and with errors too', async (t, serve) => {
  const server = await serve({ hsts: 'max-age=60' });
  for (const path of ['/a.txt', '/none']) {
    const answer = await request({ port: server.port, tls: true }, path);
    t.equal(answer.field('strict-transport-security'), 'max-age=60', path);
  }
});

onEach('the plain listener beside it redirects, and nothing else', async (t, serve) => {
  const server = await serve({ httpsRedirect: 0 });
  const port = server.redirectPort ?? 0;
  const cases: ReadonlyArray<
    readonly [target: string, host: string, location: string | undefined]
  > = [
    ['/a.txt?b', 'name.example', `https://name.example:${server.port}/a.txt?b`],
    ['/', 'name.example:80', `https://name.example:${server.port}/`],
    ['/x', '[::1]:8080', `https://[::1]:${server.port}/x`],
    ['http://other.example:80/y', 'other.example:80', `https://other.example:${server.port}/y`],
    ['HTTP://name.example?q', 'name.example', `https://name.example:${server.port}/?q`],
    ['https://name.example/z', 'name.example', `https://name.example:${server.port}/z`],
    ['*', 'name.example', undefined],
    ['//evil.example/', 'name.example', `https://name.example:${server.port}//evil.example/`],
    ['/', 'a b', undefined],
    ['/', 'user@name.example', undefined],
  ];
  for (const [target, host, location] of cases) {
    const answer = await request({ port }, target, { fields: { host } });
    t.equal(answer.status, location === undefined ? 400 : 308, `${target} ${host}`);
    t.equal(answer.field('location'), location);
    t.equal(answer.field('strict-transport-security'), undefined, 'RFC 6797 §7.2');
  }
  await server.close();
  await t.rejects(request({ port }, '/'));
});

/** However it ends. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
}

/** The first bytes of a client. */
async function recordHello(): Promise<Buffer> {
  const { createServer: listen } = await import('node:net');
  const listener = listen().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as { port: number };
  const client = connectTls({ port, host: '127.0.0.1', servername: 'localhost' }).on(
    'error',
    () => {},
  );
  const [peer] = (await once(listener, 'connection')) as [Socket];
  const [hello] = (await once(peer, 'data')) as [Buffer];
  client.destroy();
  peer.destroy();
  listener.close();
  return hello;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(setImmediate);
}
