// A Node whose OpenSSL an addon cannot call, as others have been built: a copy of the addon looks for functions by names
// that nobody has.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import t from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import type { NativeAddon } from '../../src/addon/types.ts';
import { request } from '../support/client.ts';
import { runCommand, startCommand } from '../support/command.ts';
import { NATIVE } from '../support/native.ts';
import { TLS_OPTIONS } from '../support/tls.ts';
import { makeTree } from '../support/tree.ts';

const native = loadNative();
if (native.addon === undefined) {
  t.plan(0, native.reason);
  process.exit();
}
const binary = readFileSync(native.file);

const root = makeTree(t, { 'a.txt': 'hello' });

/** A copy that calls a function by another name, of the same length. */
function withName(name: string, other: string): string {
  const copy = Buffer.from(binary);
  // Linkers let names share their ends; all of them are OpenSSL's.
  const at = copy.indexOf(`${name}\0`);
  if (at < 0) throw new Error(`the addon does not call ${name}`);
  copy.write(other, at, 'latin1');
  return join(makeTree(t, { 'zcserve.node': copy }), 'zcserve.node');
}

const lacking = (name: string) => withName(name, name.replace(/^./, '_'));

const listed = readFileSync(join(NATIVE, 'net/openssl.h'), 'latin1').matchAll(/\bX\((\w+)\)/g);
const FUNCTIONS = [...listed].map(([, name]) => name as string);

t.test('each function is looked for: without any one of them there is no OpenSSL', async (t) => {
  const opensslOf = (file: string) => (createRequire(file)(file) as NativeAddon).features().openssl;
  t.match(opensslOf(native.file), /^OpenSSL 3\./);
  t.ok(FUNCTIONS.length > 60);
  for (const name of FUNCTIONS) t.equal(opensslOf(lacking(name)), '', name);
  // As of another major version.
  t.equal(opensslOf(withName('OPENSSL_version_major', 'OPENSSL_version_minor')), '', 'OpenSSL 0');
});

t.test(
  'no other function of it is called: the addon loads without all of them',
  { skip: spawnSync('readelf', ['--version']).status !== 0 && 'no readelf' },
  async (t) => {
    const table = execFileSync('readelf', ['--dyn-syms', '--wide', native.file], {
      encoding: 'utf8',
    });
    const wanted = [...table.matchAll(/ (GLOBAL|WEAK) +DEFAULT +UND (\w+)$/gm)];
    const required = wanted.filter(([, binding]) => binding === 'GLOBAL').map(([, , name]) => name);
    t.same(
      required.filter((name) => !/^(?:napi|node_api|pthread)_/.test(name ?? '')),
      [],
      'the rest is of Node-API and the C library',
    );
    const found = new Set(wanted.map(([, , name]) => name));
    t.same(
      FUNCTIONS.filter((name) => !found.has(name)),
      [],
      'nor is one listed that is not called',
    );
  },
);

t.test('the engine serves plain HTTP then, node:https serves TLS and says why', async (t) => {
  const env = { ZCSERVE_ADDON: lacking('SSL_CTX_new') };
  const reason = 'this Node has no OpenSSL 3 that an addon could call';
  const plain = await startCommand(t, [root, '--h2c'], { env });
  t.equal(plain.report.transport, 'native');
  for (const http2 of [false, true]) {
    const answer = await request({ port: plain.port, http2 }, '/a.txt');
    t.equal(answer.body.toString(), 'hello', answer.version);
  }

  const tls = ['--tls-cert', TLS_OPTIONS.tlsCert, '--tls-key', TLS_OPTIONS.tlsKey];
  const secure = await startCommand(t, [root, ...tls], { env });
  t.match(secure.report, { transport: 'http1', reason });
  const answer = await request({ port: secure.port, tls: true }, '/a.txt');
  t.equal(answer.body.toString(), 'hello', 'over TLS');
  secure.process.kill('SIGTERM');
  const { stderr } = await secure.ended;
  t.equal(stderr, `zcserve: warn: no better transport than node:https: ${reason}\n`);

  t.match(await runCommand([root, ...tls, '--transport=native'], { env }), {
    code: 1,
    stderr: `zcserve: transport native is not available here: ${reason}\n`,
  });
  t.match(await runCommand(['doctor', root, ...tls], { env }), {
    code: 0,
    stdout: new RegExp(`transport https +http1: ${reason}`),
  });
});
