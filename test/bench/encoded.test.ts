// The benchmark's scenarios of encoded scripts: each way starts from its own files, and what is decoded is compared.
import { readdirSync, readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import t from 'tap';
import { encoded } from '../../bench/encoded/scenarios.ts';
import { type PARTS, partOf, prepareScripts, script } from '../../bench/encoded/scripts.ts';
import { takesPart } from '../../bench/entrant.ts';
import { get, scenarios } from '../../bench/scenarios.ts';
import { servers } from '../../bench/servers/all.ts';
import { KIB } from '../../bench/site.ts';
import { verify, WrongAnswer } from '../../bench/verify.ts';
import { withServer } from './support.ts';

const [first] = encoded;
if (first === undefined) throw new Error('no scenarios');
const scenario = first;
const root = t.testdir();
await prepareScripts(root);
const { path, size } = script(30 * KIB, 'br, gzip');
const whole = readFileSync(join(partOf(root, 'alone'), path));

t.test('each way has its own files: alone, with siblings, and the form as the file', async (t) => {
  const names = (part: (typeof PARTS)[number]) =>
    readdirSync(partOf(root, part)).filter((name) => name.startsWith('br-30k'));
  t.strictSame(names('alone'), ['br-30k.js']);
  t.strictSame(names('siblings').sort(), ['br-30k.js', 'br-30k.js.br', 'br-30k.js.gz']);
  t.strictSame(
    readFileSync(join(partOf(root, 'forms'), path)),
    readFileSync(join(partOf(root, 'siblings'), `${path}.br`)),
  );
  t.equal(whole.length, size);
});

t.test('the ways take part in this group, and in no other', async (t) => {
  const ways = servers.filter((kind) => takesPart(kind, scenario));
  t.ok(ways.length > 1);
  const others = scenarios.filter(({ group }) => group !== 'encoded');
  t.notOk(ways.some((kind) => others.some((other) => takesPart(kind, other))));
  t.notOk(ways.some((kind) => takesPart(kind, get(KIB))));
});

const answers: readonly (readonly [string, RequestListener, RegExp?])[] = [
  ['by Brotli', (_, response) => coded(response, 'br', brotliCompressSync(whole))],
  ['by gzip', (_, response) => coded(response, 'gzip', gzipSync(whole))],
  [
    'the form as the file',
    (_, response) => response.end(readFileSync(join(partOf(root, 'forms'), path))),
  ],
  ['the file as it is', (_, response) => response.end(whole), /not encoded/],
  [
    'a coding that was not accepted',
    (_, response) => coded(response, 'zstd', gzipSync(whole)),
    /content-encoding is zstd/,
  ],
  [
    'another content',
    (_, response) => coded(response, 'gzip', gzipSync(whole.subarray(1))),
    /not the file/,
  ],
];

function coded(response: Parameters<RequestListener>[1], coding: string, body: Buffer): void {
  response.writeHead(200, { 'Content-Encoding': coding }).end(body);
}

for (const [name, listener, wrong] of answers) {
  t.test(`${name} ${wrong === undefined ? 'passes' : 'fails'} the verification`, async (t) => {
    await withServer(listener, async (url) => {
      const proof = verify(url, root, scenario, 50);
      if (wrong === undefined) return await t.resolves(proof);
      const error = await proof.catch((thrown: unknown) => thrown);
      t.ok(error instanceof WrongAnswer);
      t.match(error, { message: wrong });
    });
  });
}

t.test('a form that is made in the background is waited for', async (t) => {
  let asked = 0;
  const later: RequestListener = (_, response) => {
    asked += 1;
    if (asked < 5) response.end(whole);
    else coded(response, 'br', brotliCompressSync(whole));
  };
  const requests = await withServer(later, (url) => verify(url, root, scenario));
  t.strictSame(requests, [{ path, headers: { 'Accept-Encoding': 'br, gzip' } }]);
  t.equal(asked, 8, 'four before it, and three that are compared behind the first one of it');
});
