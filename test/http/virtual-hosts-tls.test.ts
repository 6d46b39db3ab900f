// Virtual hosts with certificates of their own: who is shown which by SNI, whose sessions are good for whom, and reload.
import { once } from 'node:events';
import { copyFileSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { join } from 'node:path';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import type { OptionsInput } from '../../src/options/options.ts';
import { createServer, type Server } from '../../src/server/server.ts';
import { TLS_OPTIONS } from '../support/tls.ts';
import { makeTree } from '../support/tree.ts';

const { addon } = loadNative();
const file = (name: string) =>
  fileURLToPath(new URL(`../support/tls/${name}.pem`, import.meta.url));
/** For localhost; for localhost too; for a.example and what is one label below b.example. */
const RSA = { tlsCert: file('rsa'), tlsKey: file('rsa-key') };
const NAMES = { tlsCert: file('names'), tlsKey: file('names-key') };

type Serve = (options?: OptionsInput) => Promise<Server>;

/** On each transport with several certificates here; the hosts a, x.b and c.example, and d.example without one. */
function onEach(title: string, run: (t: Test, serve: Serve, engine: boolean) => Promise<void>) {
  for (const transport of ['native', 'http1'] as const) {
    const engine = transport === 'native';
    const skip = engine && addon === undefined && 'no engine';
    t.test(`${title}: ${transport}`, { skip }, (t) => {
      const root = (name: string) => makeTree(t, { 'who.txt': name });
      const serve: Serve = async (options = {}) => {
        const server = await createServer({
          ...{ root: root('default'), transport, port: 0, logLevel: 'silent', threads: 2 },
          ...TLS_OPTIONS,
          hosts: {
            'a.example': { root: root('a'), ...NAMES },
            'x.b.example': { root: root('b'), ...NAMES },
            '*.c.example': { root: root('c'), ...(engine ? RSA : NAMES) },
            'd.c.example': { root: root('d') },
          },
          ...options,
        });
        t.teardown(() => server.close());
        return server;
      };
      return run(t, serve, engine);
    });
  }
}

async function shake({ port }: Server, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  await once(socket, 'secureConnect');
  return socket;
}

async function shown(server: Server, servername: string) {
  const socket = await shake(server, { servername });
  const { subject, asn1Curve } = socket.getPeerCertificate();
  socket.destroy();
  return `${subject.CN} ${asn1Curve === undefined ? 'rsa' : 'ec'}`;
}

/** What is answered on a connection of its own, and its session. */
async function visit(server: Server, options: ConnectionOptions) {
  const socket = await shake(server, options);
  const reused = socket.isSessionReused();
  let session = socket.getSession();
  socket.on('session', (next) => {
    session = next;
  });
  let answer = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    answer += text;
  });
  socket.write(`GET /who.txt HTTP/1.1\r\nHost: ${options.servername}\r\nConnection: close\r\n\r\n`);
  await once(socket, 'close');
  return { reused, session, body: answer.slice(answer.indexOf('\r\n\r\n') + 4) };
}

onEach('the certificate of the host, whatever its own names are', async (t, serve, engine) => {
  const server = await serve();
  const ofC = engine ? 'localhost rsa' : 'a.example ec';
  for (const [servername, certificate, body] of [
    ['', 'localhost ec', 'default'],
    ['nobody.example', 'localhost ec', 'default'],
    ['a.example', 'a.example ec', 'a'],
    ['A.Example', 'a.example ec', 'a'],
    ['x.b.example', 'a.example ec', 'b'],
    // A certificate of a host is not for others, though it has their name.
    ['y.b.example', 'localhost ec', 'default'],
    ['any.c.example', ofC, 'c'],
    ['any.deep.c.example', ofC, 'c'],
    ['d.c.example', 'localhost ec', 'd'],
  ] as const) {
    t.equal(await shown(server, servername), certificate, servername);
    for (let i = 0; i < 3; i++) {
      t.equal((await visit(server, { servername })).body, body, servername);
    }
  }
});

onEach('a session of one host is not resumed for another', async (t, serve, engine) => {
  const server = await serve();
  const NAMED = ['a.example', 'x.b.example', 'any.c.example', 'd.c.example', 'nobody.example'];
  /** Those of one certificate: as without hosts. */
  const alike = (one: string, other: string) =>
    one === other || [one, other].every((name) => ['d.c.example', 'nobody.example'].includes(name));
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    for (const from of NAMED) {
      for (const servername of NAMED) {
        const { session } = await visit(server, { maxVersion, servername: from });
        const { reused, body } = await visit(server, {
          ...{ maxVersion, servername },
          ...(session && { session }),
        });
        t.equal(reused, engine && alike(from, servername), `${maxVersion} ${from} ${servername}`);
        t.equal(body, (await visit(server, { servername })).body);
      }
    }
  }
});

onEach('reload reads those of the hosts too', async (t, serve, engine) => {
  const folder = makeTree(t, {});
  const [tlsCert, tlsKey] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const use = (cert: string, key: string) => {
    copyFileSync(file(cert), tlsCert);
    copyFileSync(file(key), tlsKey);
  };
  use('names', 'names-key');
  const hosts = { 'a.example': { root: makeTree(t, {}), tlsCert, tlsKey } };
  const server = await serve({ hosts });
  t.equal(await shown(server, 'a.example'), 'a.example ec');
  if (engine) {
    use('rsa', 'rsa-key');
    await server.reload();
    t.equal(await shown(server, 'a.example'), 'localhost rsa');
  }
  use('cert', 'key');
  await server.reload();
  t.equal(await shown(server, 'a.example'), 'localhost ec');
  writeFileSync(tlsKey, 'junk');
  await t.rejects(server.reload(), /hosts\["a\.example"\]\.tlsKey: .*holds no private key/);
  t.equal(await shown(server, 'a.example'), 'localhost ec', 'as it was');
});

onEach('a wrong certificate of a host is told with its name', async (t, serve) => {
  const hosts = { 'a.example': { root: '.', ...NAMES, tlsKey: file('key') } };
  await t.rejects(serve({ hosts }), /hosts\["a\.example"\]\.tlsKey/);
});

t.test('what node:https would not show is refused', async (t) => {
  const hosts = { 'a.example': { root: '.', ...RSA } };
  const options = { ...TLS_OPTIONS, transport: 'http1', port: 0, hosts } as const;
  await t.rejects(createServer(options), /hosts\["a\.example"\]\.tlsCert: .*\(ec\), not rsa/);
});

const skip = addon === undefined && 'no engine';
t.test('over HTTP/2, one connection is for whom its certificate is for', { skip }, async (t) => {
  const root = (name: string) => makeTree(t, { 'who.txt': name });
  const server = await createServer({
    ...{ root: root('default'), port: 0, logLevel: 'silent', transport: 'native' },
    ...TLS_OPTIONS,
    hosts: {
      'a.example': { root: root('a'), ...NAMES },
      '*.b.example': { root: root('b'), ...NAMES },
      'c.example': { root: root('c'), ...RSA },
    },
  });
  t.teardown(() => server.close());
  for (const servername of ['a.example', 'x.b.example', 'c.example']) {
    const session = connectHttp2(`https://127.0.0.1:${server.port}`, {
      ...{ rejectUnauthorized: false, servername },
    });
    // Many at once, of all sites, as a client has them that coalesces (RFC 9113 §9.1.1): until they are prepared.
    const answers = Array.from(
      { length: 6 },
      () =>
        [
          ['a.example', servername === 'c.example' ? 421 : 200, 'a'],
          [`X.B.Example:${server.port}`, servername === 'c.example' ? 421 : 200, 'b'],
          ['x.b.example.', servername === 'c.example' ? 421 : 200, 'b'],
          ['c.example', servername === 'c.example' ? 200 : 421, 'c'],
          ['y.x.b.example', 421, ''],
          // Shown with c.example, for it is its certificate's name; the site is that of all names that are no host's.
          ['localhost', servername === 'c.example' ? 200 : 421, 'default'],
          ['nobody.example', 421, ''],
        ] as const,
    ).flat();
    await Promise.all(
      answers.map(async ([authority, status, body]) => {
        const stream = session.request({ ':path': '/who.txt', ':authority': authority });
        let text = '';
        stream.setEncoding('latin1').on('data', (more: string) => {
          text += more;
        });
        const [fields] = (await once(stream, 'response')) as [{ readonly ':status': number }];
        t.equal(fields[':status'], status, `${servername} ${authority}`);
        if (!stream.readableEnded) await once(stream, 'end');
        if (status === 200) t.equal(text, body, `${servername} ${authority}`);
      }),
    );
    session.destroy();
  }
});
