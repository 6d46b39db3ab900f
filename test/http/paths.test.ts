// From request-target to file on every carrier: decoding, confinement, names.
import { mkdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';
import t, { type Test } from 'tap';
import { request } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import { onEveryCarrierAndProxy, type Serve } from './carriers.ts';
import { type Case, checkCases } from './cases.ts';
import { claimsExcept } from './claims.ts';
import { EXCEPTIONS } from './exceptions.ts';

/** Names that mean something to somebody on their way. */
const ODD_NAMES = [
  ...['a b.txt', 'a+b.txt', 'a%20b.txt', '100%.txt', 'a#b.txt', 'a?b.txt', 'a&b.txt', 'a=b;c.txt'],
  ...['<script>.txt', '"quoted".txt', "it's.txt", 'a:b.txt', 'a,b.txt', '~tilde.txt', '[x]{y}.txt'],
  ...['grüße.txt', 'zażółć.txt', '日本語.txt', '🦊.txt', 'e\u0301.txt', '\u00e9.txt', 'a\tb.txt'],
  ...['a\nb.txt', '%2e%2e.txt', '%00.txt', 'a..b.txt', '-.txt', ' lead.txt', 'trail .txt'],
  ...[
    `${'x'.repeat(251)}.txt`,
    `${'ü'.repeat(120)}.txt`,
    '*.txt',
    '$(x).txt',
    '`x`.txt',
    '\u202etxt.exe',
  ],
];

const outside = makeTree(t, { 'secret.txt': 'secret', 'dir/secret.txt': 'secret' });
const root = makeTree(t, {
  'index.html': 'home',
  'file.txt': 'file',
  'dir/index.html': 'dir',
  'dir/file.txt': 'in dir',
  'dir/sub/file.txt': 'in sub',
  'bare/file.txt': 'no index',
  fifo: { fifo: true },
  '.hidden': 'hidden',
  '.git/config': 'hidden',
  'dir/.env': 'hidden',
  '.well-known/security.txt': 'contact',
  '.well-known/.secret': 'hidden',
  'sub/.well-known/x.txt': 'hidden',
  'inside.txt': { link: 'file.txt' },
  'inside-dir': { link: 'dir' },
  'absolute.txt': { link: '/etc/passwd' },
  'dangling.txt': { link: 'nowhere' },
  'loop.txt': { link: 'loop.txt' },
  'up.txt': { link: '../' },
  'escape.txt': { link: join(outside, 'secret.txt') },
  'escape-dir': { link: join(outside, 'dir') },
  'relative-escape.txt': { link: `../${basename(outside)}/secret.txt` },
  ...Object.fromEntries(ODD_NAMES.map((name) => [`odd/${name}`, `this is ${name}`])),
});
const ABSOLUTE: ReadonlyArray<readonly [target: string, body: string]> = [
  ['http://h/file.txt', 'file'],
  ['HTTP://h:80/file.txt', 'file'],
  ['https://h/dir/', 'dir'],
  ['http://h', 'home'],
  ['http://h?x=1', 'home'],
];

const claims = claimsExcept(EXCEPTIONS.paths);

const file = (target: string, title = target): Case => ({
  title,
  target,
  status: 200,
  body: 'file',
});
const refused = (status: number, target: string, title = target): Case => ({
  title: `${title.length > 70 ? `${title.slice(0, 60)}… (${title.length})` : title} → ${status}`,
  target,
  status,
  body: /^(?![\s\S]*(?:secret|hidden|root:))/,
});

const TARGETS: readonly Case[] = [
  file('/file.txt'),
  file('/file.txt?'),
  file('/file.txt?v=1'),
  file('/file.txt?../../x'),
  file('/file.txt?a?b%zz'),
  file('/%66ile.txt'),
  file('/%66%69%6C%65%2e%74%78%74'),
  file('/%66%69%6c%65%2E%74%78%74', 'hex digits in either case'),
  file('//file.txt'),
  file('///file.txt'),
  file('/./file.txt'),
  file('/././file.txt'),
  file('/dir/../file.txt'),
  file('/dir/sub/../../file.txt'),
  file('/dir/%2e%2e/file.txt'),
  file('/dir/.%2E/file.txt'),
  file(
    '/none/../file.txt',
    'a dot segment takes a segment away, be it there or not (RFC 3986 §5.2.4)',
  ),
  file('/inside.txt', 'a link that stays inside'),
  {
    title: 'a directory link that stays inside',
    target: '/inside-dir/file.txt',
    status: 200,
    body: 'in dir',
  },
  { title: 'the root', target: '/', status: 200, body: 'home' },
  { title: 'the root with a query', target: '/?x', status: 200, body: 'home' },
  {
    title: 'dot segments at the end name a directory',
    target: '/dir/sub/..',
    status: 200,
    body: 'dir',
  },
  { title: '. at the end names a directory', target: '/dir/.', status: 200, body: 'dir' },
  refused(400, '/%'),
  refused(400, '/%2'),
  refused(400, '/%zz'),
  refused(400, '/file.txt%'),
  refused(400, '/%00'),
  refused(400, '/file.txt%00'),
  refused(400, '/file.txt%00.html'),
  refused(400, '/%ff', '/%ff is no UTF-8'),
  refused(400, '/%c0%ae%c0%ae/etc/passwd', 'an overlong dot'),
  refused(400, '/%ed%a0%80', 'a lone surrogate'),
  refused(400, '/dir%2ffile.txt', 'an encoded slash'),
  refused(400, '/dir%2Ffile.txt', 'an encoded slash, upper case'),
  refused(400, '/..%2f..%2fetc/passwd'),
  refused(400, '/dir\\file.txt', 'a backslash'),
  refused(400, '/dir%5cfile.txt', 'an encoded backslash'),
  refused(400, '/\\evil.example/../dir', 'the backslash that redirected to another site'),
  refused(400, '/..\\..\\etc\\passwd'),
  refused(400, '/..'),
  refused(400, '/../'),
  refused(400, '/../etc/passwd'),
  refused(400, '/%2e%2e/etc/passwd'),
  refused(400, '/%2e%2e%2fetc/passwd'),
  refused(400, '/dir/../../etc/passwd'),
  refused(400, '/dir/../../../../../../../../etc/passwd'),
  refused(404, '/%252e%252e/etc/passwd', 'decoded once: /%252e%252e is a name'),
  refused(404, '/%252fetc%252fpasswd', 'decoded once: %252f is no slash'),
  refused(404, '/none.txt'),
  refused(404, '/none/'),
  refused(404, '/file.txt/', 'a file is no directory'),
  refused(404, '/file.txt/more', 'nor has it anything in it'),
  refused(404, '/FILE.TXT', 'names are case-sensitive'),
  refused(404, '/bare/', 'a directory without index or listing'),
  refused(404, `/${'n'.repeat(300)}`, 'a name longer than the file system takes'),
  refused(404, `/${'n/'.repeat(1500)}`, 'a deep path'),
  refused(404, `/${'n/'.repeat(4000)}`, 'a path of 8,000 octets (RFC 9110 §4.1)'),
  refused(404, `/${'n'.repeat(8000)}`, 'a name of 8,000'),
  refused(414, `/${'n'.repeat(8200)}`, 'a target over 8192 bytes'),
  refused(414, `/file.txt?${'q'.repeat(8200)}`, 'a query counts'),
  refused(404, '/.hidden'),
  refused(404, '/%2ehidden'),
  refused(404, '//.hidden'),
  refused(404, '/dir/../%2Ehidden'),
  refused(404, '/dir/%2e%65nv'),
  refused(404, '/.well-known/../.git/config'),
  refused(404, '/.git/config'),
  refused(404, '/dir/.env'),
  refused(404, '/.well-known/.secret'),
  refused(404, '/sub/.well-known/x.txt', '.well-known is only at the root (RFC 8615)'),
  {
    title: '.well-known is served',
    target: '/.well-known/security.txt',
    status: 200,
    body: 'contact',
  },
  refused(403, '/fifo', 'a FIFO'),
  refused(404, '/dangling.txt', 'a link to nowhere'),
];

/** Which refusal it is, differs by where the kernel finds out; none of them serves a byte. */
const CONFINED = [
  ...['/absolute.txt', '/escape.txt', '/escape-dir/secret.txt', '/escape-dir/', '/escape-dir'],
  ...['/relative-escape.txt', '/up.txt/', '/up.txt', '/loop.txt', '/inside-dir/../../etc/passwd'],
  `/up.txt/${basename(outside)}/secret.txt`,
];

function oddCases(): readonly Case[] {
  return ODD_NAMES.map((name) => ({
    title: `a file called ${JSON.stringify(name.length > 40 ? `${name.slice(0, 30)}… (${name.length})` : name)}`,
    target: `/odd/${encodeURIComponent(name)}`,
    status: 200,
    body: `this is ${name}`,
  }));
}

onEveryCarrierAndProxy(t, async (t, serve, { name }) => {
  const origin = await serve({ root });
  const { address } = origin;
  await checkCases(t, origin, claims, [...TARGETS, ...oddCases()]);
  for (const target of CONFINED) {
    const { status, body } = await request(address, target);
    const leak = /secret|root:/.test(body.toString());
    t.ok(!leak && [400, 403, 404].includes(status), `${target} leads out of the root → ${status}`);
  }
  for (const [target, body] of ABSOLUTE) {
    const answer = await request(address, target);
    const right = answer.status === 200 && answer.body.toString() === body;
    claims.claim(t, name, `absolute-form: GET ${target}`, right ? '' : `${answer.status}, not 200`);
  }
  await checkSocketFile(t, serve);

  const denied = await serve({ root, dotfiles: 'deny', symlinks: 'none' });
  await checkCases(t, denied, claims, [
    refused(403, '/.hidden', 'dotfiles deny: /.hidden'),
    refused(403, '/.none', 'dotfiles deny: also what is not there'),
    refused(403, '/dir/.env', 'dotfiles deny: below'),
    { title: 'dotfiles deny: .well-known', target: '/.well-known/security.txt', status: 200 },
    refused(403, '/inside.txt', 'symlinks none: a link inside'),
    refused(403, '/inside-dir/file.txt', 'symlinks none: a directory link'),
    file('/file.txt', 'symlinks none: a file'),
  ]);
  const allowed = await serve({ root, dotfiles: 'allow', symlinks: 'follow' });
  await checkCases(t, allowed, claims, [
    { title: 'dotfiles allow', target: '/.git/config', status: 200, body: 'hidden' },
    {
      title: 'symlinks follow: out of the root',
      target: '/escape.txt',
      status: 200,
      body: 'secret',
    },
    refused(400, '/../etc/passwd', 'symlinks follow: dot segments still do not'),
  ]);
});

async function checkSocketFile(t: Test, serve: Serve): Promise<void> {
  const work = makeTree(t, { 'a.txt': 'a' });
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(join(work, 'sock'), resolve));
  t.teardown(() => new Promise((resolve) => listener.close(resolve)));
  const { address } = await serve({ root: work, revalidate: 0 });
  t.equal((await request(address, '/sock')).status, 403, 'a socket is no file');
  mkdirSync(join(work, 'later'));
  t.equal((await request(address, '/later/new.txt')).status, 404, 'what is not there yet');
  writeFileSync(join(work, 'later/new.txt'), 'new');
  t.equal((await request(address, '/later/new.txt')).status, 200, 'is there when it comes');
  writeFileSync(join(work, 'later/new.txt'), 'new and longer');
  const grown = await request(address, '/later/new.txt');
  t.equal(grown.body.toString(), 'new and longer', 'and grows');
  unlinkSync(join(work, 'later/new.txt'));
  t.equal((await request(address, '/later/new.txt')).status, 404, 'and is gone when it goes');
  symlinkSync('/etc/passwd', join(work, 'later/new.txt'));
  t.not(
    (await request(address, '/later/new.txt')).status,
    200,
    'a link in its place is not followed out',
  );
}

claims.settle(t);
