// What a file is said to be on every carrier: its type and its coding, by its name, its bytes and the operator's rules.
// RFC 9110 §8.3, §8.4.
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { makeTree } from '../support/tree.ts';
import { onEveryCarrier } from './carriers.ts';
import { type Case, checkCases } from './cases.ts';
import { claimsExcept } from './claims.ts';

const script = gzipSync('game()');
const root = makeTree(t, {
  LICENSE: 'x',
  'archive.tgz': 'x',
  '.well-known/apple-app-site-association': '{}',
  'logo.svgz': gzipSync('<svg/>'),
  'plain.svgz': '<svg/> that nobody has compressed',
  'game.framework.js.gz': script,
  'game.wasm.br': 'as Brotli has it',
  'game.data.br': 'as Brotli has it',
  'junk.js.gz': 'let a = "no gzip at all";',
  'backup.tar.gz': gzipSync('backup'),
  'own/app.unityweb': gzipSync('bytes'),
  'own/app.unityweb.br': 'as Brotli has it',
  'own/raw.svgz': gzipSync('<svg/>'),
  'own/v1.5': 'x',
  'own/a.foo': 'x',
  'own/B.FOO': 'x',
  'own/a.tar.foo': 'x',
  'own/notes': 'x',
  'own/deep/notes': 'x',
});
const claims = claimsExcept([]);

function typed(title: string, target: string, type: string, coding?: string): Case {
  return {
    title,
    target,
    fields: { 'Accept-Encoding': 'gzip, br, zstd' },
    status: 200,
    wants: { 'content-type': type, 'content-encoding': coding, vary: undefined },
  };
}

const SCRIPT = 'text/javascript; charset=utf-8';
const BYTES = 'application/octet-stream';

const BUILT_IN: readonly Case[] = [
  typed(
    'a name without an extension that everybody knows',
    '/LICENSE',
    'text/plain; charset=utf-8',
  ),
  typed(
    'the one that Apple asks for',
    '/.well-known/apple-app-site-association',
    'application/json; charset=utf-8',
  ),
  typed('.tgz is .tar.gz', '/archive.tgz', 'application/gzip'),
  typed('.svgz is SVG in gzip', '/logo.svgz', 'image/svg+xml', 'gzip'),
  typed('.svgz that is not compressed is SVG', '/plain.svgz', 'image/svg+xml'),
  typed('a script in gzip by its own name', '/game.framework.js.gz', SCRIPT, 'gzip'),
  typed('WebAssembly in Brotli by its own name', '/game.wasm.br', 'application/wasm', 'br'),
  typed('data in Brotli by its own name', '/game.data.br', BYTES, 'br'),
  typed('what is no gzip is never sent as one', '/junk.js.gz', 'application/gzip'),
  typed('an archive is a file as it is', '/backup.tar.gz', 'application/gzip'),
  {
    title: 'a range of a file that is encoded is one of its bytes',
    target: '/game.framework.js.gz',
    fields: { Range: 'bytes=0-1' },
    status: 206,
    wants: { 'content-encoding': 'gzip', 'content-range': `bytes 0-1/${script.length}` },
    body: script.subarray(0, 2),
  },
];

const mimeTypes = {
  '.foo': 'model/foo',
  '.tar.foo': 'application/x-tar',
  notes: 'text/markdown',
  '/own/notes': 'text/plain; charset=latin1',
  'v[0-9]*': 'application/json',
  LICENSE: 'text/html',
};
const headers = {
  '*.unityweb': { 'Content-Encoding': 'gzip', 'Content-Type': 'application/wasm' },
  '/own/*.svgz': { 'content-encoding': null },
};

const OWN: readonly Case[] = [
  typed('mimeTypes: an extension', '/own/a.foo', 'model/foo'),
  typed('mimeTypes: in any case', '/own/B.FOO', 'model/foo'),
  typed('mimeTypes: the last that fits, here a longer one', '/own/a.tar.foo', 'application/x-tar'),
  typed(
    'mimeTypes: a name, and text gets its charset',
    '/own/deep/notes',
    'text/markdown; charset=utf-8',
  ),
  typed('mimeTypes: a path, with its own charset', '/own/notes', 'text/plain; charset=latin1'),
  typed('mimeTypes: a glob', '/own/v1.5', 'application/json'),
  typed('mimeTypes: over what is built in', '/LICENSE', 'text/html; charset=utf-8'),
  {
    title: 'headers may say that a file is encoded; a sibling is encoded once more',
    target: '/own/app.unityweb',
    fields: { 'Accept-Encoding': 'br' },
    status: 200,
    wants: { 'content-encoding': 'gzip, br', 'content-type': 'application/wasm' },
  },
  {
    title: 'headers: without the sibling it is in its own coding',
    target: '/own/app.unityweb',
    status: 200,
    wants: { 'content-encoding': 'gzip', vary: 'Accept-Encoding' },
    body: gzipSync('bytes'),
  },
  typed('headers: null takes the coding away', '/own/raw.svgz', 'image/svg+xml'),
];

onEveryCarrier(t, async (t, serve) => {
  await checkCases(t, await serve({ root }), claims, BUILT_IN);
  await checkCases(t, await serve({ root, mimeTypes, headers }), claims, OWN);
});

claims.settle(t);
