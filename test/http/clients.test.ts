// Other people's clients of HTTP/1.1, on every carrier: curl, wget (which brings another TLS library) and openssl's own.
// test/http2/clients.test.ts has those of HTTP/2.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { requestBytes } from '../support/client.ts';
import { run, without } from '../support/programs.ts';
import { TLS_OPTIONS } from '../support/tls.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { type Origin, onEveryCarrier, speaksHttp1 } from './carriers.ts';

const SIZE = 1_000_000;
const CUT = 300_000;
const CSS = 'a { color: red }\n'.repeat(300);
const root = makeTree(t, {
  'a.txt': 'aaaa',
  'large.bin': { size: SIZE },
  'style.css': CSS,
  'style.css.gz': gzipSync(CSS),
  'dir/one.txt': '1',
  'dir/two & three.txt': '2',
  'dir/below/grüße.txt': '3',
});

/** By the name that the certificate has, which they verify. */
const urlOf = ({ address }: Origin) =>
  `${address.tls ? 'https' : 'http'}://localhost:${address.port}`;

/** A folder with the first bytes of a download. */
function begun(t: Test): string {
  const folder = makeTree(t);
  writeFileSync(join(folder, 'large.bin'), pattern(SIZE).subarray(0, CUT));
  return folder;
}

const isWhole = (folder: string) => readFileSync(join(folder, 'large.bin')).equals(pattern(SIZE));

async function curl(t: Test, origin: Origin): Promise<void> {
  const url = urlOf(origin);
  const call = (...args: string[]) =>
    run('curl', ['-sS', '--http1.1', '--cacert', TLS_OPTIONS.tlsCert, ...args]);
  const told = ['-w', ' %{http_version} %{http_code} %{num_connects}\n'];
  const twice = await call(...told, `${url}/a.txt`, `${url}/a.txt`);
  t.equal(`${twice.stdout}${twice.stderr}`, 'aaaa 1.1 200 1\naaaa 1.1 200 0\n', 'one connection');
  const coded = await call('--compressed', `${url}/style.css`);
  t.equal(coded.stdout.toString(), CSS, 'decoded');
  const folder = begun(t);
  await call('-C', '-', '-o', join(folder, 'large.bin'), `${url}/large.bin`);
  t.ok(isWhole(folder), 'a download goes on where it broke off');
  const tag = join(folder, 'tag');
  await call('--etag-save', tag, `${url}/a.txt`);
  const again = await call(...told, '--etag-compare', tag, `${url}/a.txt`);
  t.match(again.stdout.toString(), / 1\.1 304 1\n/);
}

async function wget(t: Test, origin: Origin): Promise<void> {
  const url = urlOf(origin);
  const call = async (...args: string[]) => {
    const trust = `--ca-certificate=${TLS_OPTIONS.tlsCert}`;
    const { status, stderr } = await run('wget', ['-S', '-t', '1', trust, ...args]);
    const answers = [...stderr.matchAll(/^ +HTTP\/1\.1 (\d{3})/gm)].map(([, code]) => code);
    return `${status}: ${answers.join(' ')}`;
  };
  const folder = begun(t);
  t.equal(await call('-c', '-P', folder, `${url}/large.bin`), '0: 206');
  t.ok(isWhole(folder), 'a download goes on where it broke off');
  t.equal(await call('-N', '-P', folder, `${url}/a.txt`), '0: 200');
  t.equal(await call('-N', '-P', folder, `${url}/a.txt`), '0: 304', 'not loaded again');
  t.equal(await call('-P', folder, `${url}/none`), '8: 404');
  const mirror = makeTree(t);
  await call('-r', '-np', '-nH', '-R', 'robots.txt,index.html*', '-P', mirror, `${url}/dir/`);
  const files = readdirSync(mirror, { recursive: true, withFileTypes: true });
  t.same(
    files
      .filter((each) => each.isFile())
      .map(({ name }) => name)
      .sort(),
    ['grüße.txt', 'one.txt', 'two & three.txt'],
    'a listing is mirrored',
  );
}

/** It tells of the handshake first. */
const ANSWER = /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\naaaa/ms;

async function openssl(t: Test, origin: Origin): Promise<void> {
  const session = join(makeTree(t), 'session');
  for (const [flag, version] of [
    ['-tls1_2', 'TLSv1.2'],
    ['-tls1_3', 'TLSv1.3'],
  ] as const) {
    const call = async (...args: string[]) => {
      const trust = ['-CAfile', TLS_OPTIONS.tlsCert, '-verify_return_error', '-ign_eof'];
      const to = ['-connect', `127.0.0.1:${origin.address.port}`, '-servername', 'localhost'];
      const all = ['s_client', flag, ...trust, ...to, ...args];
      return (await run('openssl', all, requestBytes('/a.txt').toString())).stdout.toString();
    };
    const first = await call('-sess_out', session);
    t.match(first, `New, ${version}, Cipher is `);
    t.match(first, /Verify return code: 0 \(ok\)/);
    t.match(first, ANSWER);
    const second = await call('-sess_in', session);
    t.match(second, `Reused, ${version}, Cipher is `);
    t.match(second, ANSWER);
  }
}

onEveryCarrier(
  t,
  async (t, serve, carrier) => {
    const origin = await serve({ root, listing: true });
    await t.test('curl', { skip: without('curl') }, (t) => curl(t, origin));
    await t.test('wget', { skip: without('wget') }, (t) => wget(t, origin));
    if (!carrier.tls) return;
    const skip = without('openssl', /^OpenSSL [3-9]/, 'version');
    await t.test('openssl s_client', { skip }, (t) => openssl(t, origin));
  },
  speaksHttp1,
);
