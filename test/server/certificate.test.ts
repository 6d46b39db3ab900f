// What is wrong with a certificate or its key is said before anything is started, in the same words on every carrier.
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { type Options, resolveOptions } from '../../src/options/options.ts';
import { StartError } from '../../src/options/table.ts';
import { createServer } from '../../src/server/server.ts';
import { readTls } from '../../src/server/tls.ts';
import { loadUws } from '../../src/transport/uws/library.ts';
import { request } from '../support/client.ts';
import { makeTree, type Teardown } from '../support/tree.ts';

const pem = (name: string) =>
  readFileSync(new URL(`../support/tls/${name}.pem`, import.meta.url), 'utf8');
const CERT = pem('cert');
const KEY = pem('key');

const strange = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const PKCS8 = strange.export({ format: 'pem', type: 'pkcs8' }).toString();
const secret = { cipher: 'aes-256-cbc', passphrase: 'secret', format: 'pem' } as const;
const BAD_BODY = CERT.replace(/\n[A-Za-z0-9+/]{8}/, '\nAAAAAAAA');

/** Everything that the table names, in one folder. */
function makeFiles(t: Teardown): string {
  return makeTree(t, {
    'cert.pem': CERT,
    'key.pem': KEY,
    'both.pem': KEY + CERT,
    'chain.pem': CERT + CERT,
    'other-key.pem': PKCS8,
    'encrypted.pem': strange.export({ ...secret, type: 'pkcs8' }).toString(),
    'old-encrypted.pem': strange.export({ ...secret, type: 'sec1' }).toString(),
    'junk.pem': 'no PEM at all',
    'empty.pem': '',
    'torn-cert.pem': BAD_BODY,
    'torn-key.pem': PKCS8.replace(/\n[A-Za-z0-9+/]{8}/, '\nAAAAAAAA'),
    'folder/x': 'x',
  });
}

const GOOD: ReadonlyArray<readonly [cert: string, key: string]> = [
  ['cert.pem', 'key.pem'],
  ['both.pem', 'both.pem'],
  ['chain.pem', 'key.pem'],
];

/** Message without its folder, from the option on. */
const WRONG: ReadonlyArray<readonly [cert: string, key: string, words: RegExp]> = [
  ['none.pem', 'key.pem', /^tlsCert: none\.pem: no such file$/],
  ['cert.pem', 'none.pem', /^tlsKey: none\.pem: no such file$/],
  ['cert.pem/x', 'key.pem', /^tlsCert: cert\.pem\/x: no such file$/],
  ['folder', 'key.pem', /^tlsCert: folder: is a directory$/],
  ['cert.pem', 'folder', /^tlsKey: folder: is a directory$/],
  ['junk.pem', 'key.pem', /^tlsCert: junk\.pem: holds no certificate in PEM, "-----BEGIN …"$/],
  ['cert.pem', 'junk.pem', /^tlsKey: junk\.pem: holds no private key in PEM, "-----BEGIN …"$/],
  ['empty.pem', 'key.pem', /^tlsCert: empty\.pem: holds no certificate in PEM/],
  ['key.pem', 'cert.pem', /^tlsCert: key\.pem: holds a private key and no certificate$/],
  ['cert.pem', 'cert.pem', /^tlsKey: cert\.pem: holds a certificate and no private key$/],
  ['torn-cert.pem', 'key.pem', /^tlsCert: torn-cert\.pem: is no certificate \(.+\)$/],
  ['cert.pem', 'torn-key.pem', /^tlsKey: torn-key\.pem: is no private key \(.+\)$/],
  ['cert.pem', 'encrypted.pem', /^tlsKey: encrypted\.pem: is encrypted, .* openssl pkey /],
  ['cert.pem', 'old-encrypted.pem', /^tlsKey: old-encrypted\.pem: is encrypted, /],
  [
    'cert.pem',
    'other-key.pem',
    /^tlsKey: other-key\.pem is not the key of the first certificate in cert\.pem \(option tlsCert\)$/,
  ],
];

const withTls = (folder: string, cert: string, key: string): Options =>
  resolveOptions({ root: folder, tlsCert: join(folder, cert), tlsKey: join(folder, key) });

t.test('a certificate with its key is read; a file may hold both, or a chain', async (t) => {
  const folder = makeFiles(t);
  for (const [cert, key] of GOOD) {
    t.match(readTls(withTls(folder, cert, key))?.certificates, [
      { certFile: join(folder, cert), keyType: 'ec', names: ['localhost'] },
    ]);
  }
  t.equal(readTls(resolveOptions({})), undefined, 'none is plain HTTP');
});

t.test('what is wrong is named: the option, the file and the reason', async (t) => {
  const folder = makeFiles(t);
  for (const [cert, key, words] of WRONG) {
    try {
      readTls(withTls(folder, cert, key));
      t.fail(`${cert}, ${key}: no error`);
    } catch (error) {
      t.type(error, StartError);
      const { message, toldBy } = error as StartError;
      t.match(message.replace(/^option /, '').replaceAll(`${folder}/`, ''), words);
      t.match(
        toldBy((name) => `<${name}>`),
        /^<tls(Cert|Key)>: /,
        'as it was typed',
      );
    }
  }
});

const asRoot = process.getuid?.() === 0;
t.test('a key that may not be read says so', { skip: asRoot && 'root may' }, async (t) => {
  const folder = makeFiles(t);
  chmodSync(join(folder, 'key.pem'), 0);
  t.throws(() => readTls(withTls(folder, 'cert.pem', 'key.pem')), {
    message: /option tlsKey: .*key\.pem: no permission to read it$/,
  });
});

t.test('on every carrier a server with such files does not start, with those words', async (t) => {
  const folder = makeFiles(t);
  const { library } = await loadUws();
  const carriers = ['auto', 'native', 'http1', ...(library ? (['uws'] as const) : [])] as const;
  for (const transport of carriers) {
    const start = (cert: string, key: string) =>
      createServer({
        root: folder,
        transport,
        port: 0,
        logLevel: 'silent',
        tlsCert: join(folder, cert),
        tlsKey: join(folder, key),
      });
    for (const [cert, key, words] of WRONG) {
      const message = await start(cert, key).then(
        () => 'it started',
        (error: Error) => error.message,
      );
      t.match(message.replace(/^option /, '').replaceAll(`${folder}/`, ''), words, transport);
    }
    for (const [cert, key] of GOOD) {
      const server = await start(cert, key);
      const answer = await request({ port: server.port, tls: true }, '/junk.pem');
      t.equal(answer.body.toString(), 'no PEM at all', `${transport} ${cert}`);
      await server.close();
    }
  }
});

t.test('without a certificate, the engine starts without node:tls', async (t) => {
  const program = `
    const before = new Set(process.moduleLoadList);
    const { createServer } = await import(${JSON.stringify(import.meta.resolve('../../src/server/server.ts'))});
    const options = { port: 0, logLevel: 'silent', ...JSON.parse(process.argv[1]) };
    const server = await createServer(options);
    const loaded = process.moduleLoadList.filter((name) => !before.has(name));
    console.log(server.transport, loaded.includes('NativeModule tls'));
    await server.close();`;
  const run = (options: object) =>
    execFileSync(
      process.execPath,
      [
        ...[`--import=${import.meta.resolve('tsx')}`, '--input-type=module'],
        ...['--eval', program, JSON.stringify(options)],
      ],
      { encoding: 'utf8' },
    );
  const root = makeTree(t, { 'cert.pem': CERT, 'key.pem': KEY });
  const [tlsCert, tlsKey] = [join(root, 'cert.pem'), join(root, 'key.pem')];
  if (loadNative().addon) t.equal(run({ root }), 'native false\n');
  t.match(run({ root, tlsCert, tlsKey }), /^(native|http1) true\n$/, 'with one it is loaded');
});
