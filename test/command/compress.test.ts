// zcserve compress: which siblings come to be, stay and go; that each is of its file's content; and what is told where it cannot be.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { watch } from 'node:fs/promises';
import { basename, join } from 'node:path';
import zlib from 'node:zlib';
import t, { type Test } from 'tap';
import { type Asked, readCompress } from '../../src/command/compress/asked.ts';
import { compressTree } from '../../src/command/compress/compress.ts';
import type { Result } from '../../src/command/compress/report.ts';
import { sidecarOf } from '../../src/command/compress/sidecar.ts';
import { decode, isBy } from '../../src/encode/decoders.ts';
import { dictionaryEncoders, ENCODERS } from '../../src/encode/encoders.ts';
import { barOf } from '../../src/log/progress.ts';
import type { FileCoding } from '../../src/plan/types.ts';
import { CLI } from '../support/cli.ts';
import { request } from '../support/client.ts';
import { runCommand } from '../support/command.ts';
import { encode } from '../support/encoded.ts';
import { plainCommand } from '../support/plain-command.ts';
import { startServer } from '../support/server.ts';
import { makeTree, pattern, plant, type Teardown } from '../support/tree.ts';

const SUFFIXES: Readonly<Record<FileCoding, string>> = { br: '.br', zstd: '.zst', gzip: '.gz' };
const LAST_YEAR = new Date('2025-06-01T12:00:00.250Z');
const WITHOUT_DICTIONARIES =
  dictionaryEncoders().length < 2 && 'this Node takes no dictionaries (24.6 and later do)';

/** Text that gets smaller, and is another for another number. */
const text = (n = 0, size = 4000) =>
  Array.from({ length: size }, (_, i) => `${(i * 7 + n) % 97} `)
    .join('')
    .slice(0, size);

interface Report extends Omit<Result, 'rows'> {
  readonly status: number;
  readonly warnings: readonly string[];
  readonly types: readonly {
    readonly type: string;
    readonly files: number;
    readonly best: number;
  }[];
}

/** In this process; nothing is said but the report. */
async function compress(t: Test, ...args: readonly string[]): Promise<Report> {
  return run(t, await ask(...args));
}

async function ask(...args: readonly string[]): Promise<Asked> {
  const asked = await readCompress([...args, '--json', '--threads=1']);
  if (typeof asked === 'string' || 'help' in asked) throw new Error('nothing was asked for');
  return asked;
}

async function run(t: Test, asked: Asked): Promise<Report> {
  const printed = t.capture(console, 'log', () => {});
  const warnings: string[] = [];
  const log = { info() {}, warn: (line: string) => warnings.push(line), error() {} };
  const status = await compressTree({ ...asked, log });
  const [[json] = []] = printed().map((call) => call.args);
  printed.restore();
  return { status, warnings, ...JSON.parse(String(json)) };
}

function filesIn(root: string): string[] {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => statSync(join(root, name)).isFile()).toSorted();
}

/** Names of all siblings that this Node makes. */
const siblingsOf = (...names: readonly string[]) =>
  names.flatMap((name) => ENCODERS.map((coding) => name + SUFFIXES[coding]));

/** Every sibling decodes to its file, and none is half. Returns how many there are. */
function checkSiblings(t: Test, root: string): number {
  let count = 0;
  for (const path of filesIn(root)) {
    const sidecar = sidecarOf(path);
    if (sidecar === undefined || 'hash' in sidecar) continue;
    const own = readFileSync(join(root, sidecar.base));
    const decoded = decode(sidecar.coding, readFileSync(join(root, path)), own.length);
    t.ok(decoded?.equals(own), `${path} is of its file`);
    count++;
  }
  return count;
}

t.test('what gets smaller has siblings, and nothing else', async (t) => {
  const root = makeTree(t, {
    'index.html': text(),
    'assets/app.js': { text: text(1), mtime: LAST_YEAR, mode: 0o640 },
    'data.JSON': text(2),
    'icon.svg': text(3),
    'model.wasm': text(4),
    'icon.svgz': text(3),
    LICENSE: text(5),
    '.well-known/security.txt': text(6),
    'small.css': text(7, 1023),
    'just.css': text(8, 1024),
    'random.js': pattern(4000),
    'photo.jpg': text(),
    'unknown.xyz': text(),
    '.env.txt': text(),
    '.git/config.txt': text(),
    'sub/.well-known/a.txt': text(),
    _headers: text(),
    _redirects: text(),
    'sub/_headers.txt': text(),
    'backup.tar.gz': text(),
    'table.csv.gz': zlib.gzipSync(text(9)),
    'page.html.br': text(),
    'link.js': { link: 'assets/app.js' },
    'outside.js': { link: '/etc/passwd' },
    again: { link: 'assets' },
    'dangling.js': { link: 'nowhere' },
    pipe: { fifo: true },
  });
  const before = new Set(readdirSync(root, { recursive: true, encoding: 'utf8' }));
  const made = await compress(t, root);
  const bases = [
    ...['.well-known/security.txt', 'LICENSE', 'assets/app.js', 'data.JSON', 'icon.svg'],
    ...['index.html', 'just.css', 'link.js', 'model.wasm', 'sub/_headers.txt'],
  ];
  const after = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    // It leads to assets/, whose siblings it has.
    (name) => !name.startsWith('again/'),
  );
  t.same(after.filter((name) => !before.has(name)).toSorted(), siblingsOf(...bases).toSorted());
  const quiet = { status: 0, touched: 0, removed: 0, kept: 0, problems: [], notes: [] };
  t.match(made, { ...quiet, written: bases.length * ENCODERS.length });
  for (const type of ['text/javascript', 'application/wasm', 'image/svg+xml', 'text/plain']) {
    t.ok(
      made.types.some((row) => row.type === type),
      type,
    );
  }
  for (const name of siblingsOf('assets/app.js')) {
    const [own, sibling] = [statSync(join(root, 'assets/app.js')), statSync(join(root, name))];
    // To what utimes(2) by a number can say.
    t.ok(Math.abs(sibling.mtimeMs - own.mtimeMs) < 0.002, `${name}: the time of its file`);
    t.equal(sibling.mode, own.mode, `${name}: its mode`);
  }
  for (const base of bases) {
    for (const coding of ENCODERS) {
      const own = readFileSync(join(root, base));
      const sibling = readFileSync(join(root, base + SUFFIXES[coding]));
      t.ok(decode(coding, sibling, own.length)?.equals(own), `${base}: ${coding}`);
      t.ok(sibling.equals(encode(coding, own, 'best')), `${base}: ${coding}, as hard as can be`);
    }
  }
  const again = await compress(t, root);
  t.match(again, { ...quiet, written: 0, kept: bases.length * ENCODERS.length });
  t.match(await compress(t, root, '--check'), { status: 0, pending: [] });
});

t.test('the policy of the server says which files there are', async (t) => {
  const root = makeTree(t, {
    'a.js': text(),
    '.b.js': text(),
    'link.js': { link: 'a.js' },
    'data.xyz': text(),
    'zcserve.json': '{ "mimeTypes": { ".xyz": "application/json", ".js": "image/png" } }',
  });
  const made = async (...args: readonly string[]) => {
    await compress(t, root, '--codings=br', ...args);
    const names = readdirSync(root).filter((name) => name.endsWith('.br'));
    for (const name of names) rmSync(join(root, name));
    return names.toSorted();
  };
  t.same(await made(), ['a.js.br', 'link.js.br']);
  t.same(await made('--dotfiles=allow'), ['.b.js.br', 'a.js.br', 'link.js.br']);
  t.same(await made('--symlinks=none'), ['a.js.br']);
  t.same(await made(`--config=${join(root, 'zcserve.json')}`), ['data.xyz.br']);
});

t.test('what changed is told by content, whatever the times say', async (t) => {
  const root = makeTree(t, { 'a.js': { text: text(), mtime: LAST_YEAR } });
  const file = join(root, 'a.js');
  await compress(t, root);
  await t.test('an old time is no proof', async (t) => {
    writeFileSync(file, text(1));
    utimesSync(file, LAST_YEAR, LAST_YEAR);
    t.match(await compress(t, root), { status: 0, written: ENCODERS.length, kept: 0 });
    t.equal(checkSiblings(t, root), ENCODERS.length);
  });
  await t.test('a new time of the same content makes no work', async (t) => {
    utimesSync(file, new Date(), new Date());
    t.match(await compress(t, root, '--check'), {
      status: 1,
      pending: siblingsOf('a.js')
        .toSorted()
        .map((path) => ({ path, reason: 'older than its file' })),
    });
    t.match(await compress(t, root), { written: 0, touched: ENCODERS.length });
    t.match(await compress(t, root), { kept: ENCODERS.length, touched: 0 });
  });
  await t.test('what somebody made with less effort stays, unless it is forced', async (t) => {
    const lazy = zlib.gzipSync(text(1), { level: 1 });
    writeFileSync(`${file}.gz`, lazy);
    t.match(await compress(t, root), { written: 0 });
    t.ok(readFileSync(`${file}.gz`).equals(lazy));
    t.match(await compress(t, root, '--force'), { written: 1, kept: ENCODERS.length - 1 });
    t.ok(readFileSync(`${file}.gz`).length < lazy.length);
  });
  const flawed: Readonly<Record<string, Buffer>> = {
    'that ends too early': zlib.gzipSync(text(1)).subarray(0, -9),
    'of several members, of which the server takes the last for all': Buffer.concat([
      zlib.gzipSync(text(1).slice(0, 100)),
      zlib.gzipSync(text(1).slice(100)),
    ]),
    'that is none': Buffer.from(text()),
    'that is empty': Buffer.alloc(0),
    'that is a bomb': zlib.gzipSync(Buffer.alloc(2 ** 24)),
  };
  for (const [what, bytes] of Object.entries(flawed)) {
    await t.test(`one ${what} is made anew`, async (t) => {
      writeFileSync(`${file}.gz`, bytes);
      t.match(await compress(t, root), { status: 0, written: 1, kept: ENCODERS.length - 1 });
      t.equal(checkSiblings(t, root), ENCODERS.length);
    });
  }
  await t.test('siblings of what is no longer worth it would be answered, and go', async (t) => {
    writeFileSync(file, pattern(4000));
    t.match(await compress(t, root), { status: 0, written: 0, removed: ENCODERS.length });
    t.same(readdirSync(root), ['a.js']);
  });
});

t.test('--check says what is missing and stale, writes nothing and fails', async (t) => {
  const root = makeTree(t, {
    'a.js': text(),
    'b.css': text(1),
    'b.css.br': zlib.brotliCompressSync(text(2)),
    '.zcserve-1.part': 'of a run that was killed',
  });
  const before = filesIn(root);
  const { status, pending, written } = await compress(t, root, '--check', '--codings=br');
  t.same(
    { status, written, pending },
    {
      ...{ status: 1, written: 0 },
      pending: [
        { path: 'a.js.br', reason: 'missing' },
        { path: 'b.css.br', reason: 'not the content of b.css' },
      ],
    },
  );
  t.same(filesIn(root), before);
});

t.test('--prune removes what is a sibling for sure, and nothing that may be wanted', async (t) => {
  const hash = 'a'.repeat(64);
  const same = text(3);
  const stays = {
    'a.js': text(),
    'small.txt': text(1, 100),
    'backup.tar.gz': zlib.gzipSync(text()),
    'table.csv.gz': zlib.gzipSync(text()),
    'dump.sql.gz': zlib.gzipSync(text()),
    'dump.sql.zst': text(),
    'game.wasm.br': zlib.brotliCompressSync(text()),
    // A tar and its archive: no type that is encoded.
    'data.tar': text(),
    'data.tar.gz': zlib.gzipSync('another'),
    'both.csv.br': zlib.brotliCompressSync(text(4)),
    'both.csv.gz': zlib.gzipSync(text(5)),
    [`a.js.${hash}`]: 'no coding',
    [`a.js.${hash.slice(1)}.dcb`]: 'no hash',
    'directory.js.gz': zlib.gzipSync(text()),
    'directory.js.br': zlib.brotliCompressSync(text()),
    'directory.js/index.html': '.',
  };
  const goes = {
    'small.txt.gz': zlib.gzipSync(text(1, 100)),
    'gone.js.br': zlib.brotliCompressSync(same),
    'gone.js.gz': zlib.gzipSync(same),
    [`gone.js.${hash}.dcb`]: 'x',
    [`other.js.${hash}.dcz`]: 'x',
    [`a.js.${hash}.dcb`]: { text: 'x', mtime: LAST_YEAR },
  };
  const root = makeTree(t, { ...stays, ...goes });
  await compress(t, root);
  t.same(
    Object.keys(goes).filter((name) => !existsSync(join(root, name))),
    [],
    'none unasked',
  );
  const told = await compress(t, root, '--check', '--prune');
  t.same(
    [told.status, told.pending.map(({ path }) => path).toSorted()],
    [1, Object.keys(goes).toSorted()],
  );
  t.match(await compress(t, root, '--prune'), { status: 0, removed: Object.keys(goes).length });
  t.same(filesIn(root), [...Object.keys(stays), ...siblingsOf('a.js')].toSorted());
  t.match(await compress(t, root, '--prune'), { removed: 0 });
});

t.test('a server answers with them', async (t) => {
  const root = makeTree(t, { 'a.js': text(), 'b.js': text(1) });
  await compress(t, root);
  const { url } = await startServer(t, { root });
  const port = Number(new URL(url).port);
  for (const coding of ENCODERS) {
    for (const name of ['a.js', 'b.js']) {
      const answer = await request({ port }, `/${name}`, {
        fields: { 'Accept-Encoding': coding },
      });
      t.equal(answer.field('content-encoding'), coding);
      const own = readFileSync(join(root, name));
      t.ok(decode(coding, answer.body, own.length)?.equals(own), `${name} by ${coding}`);
    }
  }
});

/** Text that takes its tenth of a second. */
const slow = (n: number) => pattern(30_000, n).toString('base64');

/** The command as a process of its own that is stopped when its first sibling is there. */
async function stopped(t: Teardown, root: string, signal: NodeJS.Signals) {
  const events = watch(root)[Symbol.asyncIterator]();
  let event = events.next();
  const args = [...CLI, 'compress', root, '--threads=1', '--quiet'];
  const child = spawn(...plainCommand(process.execPath, args), { stdio: 'ignore' });
  t.teardown(() => child.kill('SIGKILL'));
  const ended = once(child, 'close');
  while (!(await event).value?.filename?.endsWith('.gz')) event = events.next();
  await events.return?.();
  child.kill(signal);
  return await ended;
}

t.test('a run that is killed or stopped leaves nothing half, and the next goes on', async (t) => {
  for (const signal of ['SIGKILL', 'SIGINT'] as const) {
    const files = Array.from({ length: 6 }, (_, i) => [`${i}.js`, slow(i)]);
    const root = makeTree(t, Object.fromEntries(files));
    t.same(await stopped(t, root, signal), [null, signal]);
    const made = checkSiblings(t, root);
    const whole = files.length * ENCODERS.length;
    t.ok(made > 0 && made < whole, `${signal}: ${made} of ${whole} were made`);
    // The number of a process that has ended, and that of one that runs.
    const dead = spawnSync('true').pid;
    plant(join(root, `.zcserve-${dead}.part`), 'half');
    plant(join(root, `.zcserve-${process.ppid}.part`), 'somebody writes it');
    t.match(await compress(t, root), { status: 0, kept: made, written: whole - made });
    t.equal(checkSiblings(t, root), whole);
    t.same(
      readdirSync(root).filter((name) => name.startsWith('.')),
      [`.zcserve-${process.ppid}.part`],
    );
  }
});

t.test('what cannot be written is told, the status is 1, and the rest goes on', async (t) => {
  const root = makeTree(t, { 'a.js': text(), 'b.js': text(1), 'a.js.gz/x': '.' });
  const { status, problems } = await compress(t, root);
  t.equal(status, 1);
  t.same(
    problems.map(({ path }) => path),
    ['a.js.gz'],
  );
  t.match(problems[0]?.reason, /^EISDIR: /);
  t.same(
    filesIn(root),
    [
      'a.js',
      'a.js.gz/x',
      'b.js',
      ...siblingsOf('a.js', 'b.js').filter((n) => n !== 'a.js.gz'),
    ].toSorted(),
  );
});

/** In a namespace of its own, a file system of one size: first full, then read-only. */
const DISK = `set -e
mount -t tmpfs -o size=64k none "$1"
cp "$2"/* "$1"
dd if=/dev/zero of="$1"/filler bs=4k 2>/dev/null || true
"$3" compress "$1" --json || echo status $?
ls -A "$1"
rm "$1"/filler
mount -o remount,ro "$1"
"$3" compress "$1" --json || echo status $?`;
const NAMESPACE = ['-rm', '--'];
const cannot = spawnSync('unshare', [...NAMESPACE, 'true']).status !== 0 && 'no namespaces here';

t.test('a full disk, and one that is read-only', { skip: cannot }, async (t) => {
  const files = makeTree(t, { 'a.js': text(), 'b.js': text(1) });
  const place = makeTree(t, {
    disk: { directory: true },
    zcserve: {
      text: `#!/bin/sh\nexec ${[process.execPath, ...CLI].map((word) => `"${word}"`).join(' ')} "$@"\n`,
      mode: 0o755,
    },
  });
  const shell = ['sh', '-c', DISK, 'sh', join(place, 'disk'), files, join(place, 'zcserve')];
  const ended = spawnSync(...plainCommand('unshare', [...NAMESPACE, ...shell]), {
    encoding: 'utf8',
  });
  t.equal(ended.status, 0, ended.stderr);
  const reports = [...ended.stdout.matchAll(/^\{.*\}$/gm)].map(
    ([json]) => JSON.parse(json) as Report,
  );
  t.equal(reports.length, 2);
  for (const [i, errno] of (['ENOSPC', 'EROFS'] as const).entries()) {
    t.same(
      reports[i]?.problems.map(({ path }) => path).toSorted(),
      siblingsOf('a.js', 'b.js').toSorted(),
    );
    for (const { reason } of reports[i]?.problems ?? []) t.match(reason, errno);
  }
  t.match(
    ended.stdout,
    /^status 1\na\.js\nb\.js\nfiller\n[\s\S]*^status 1$/m,
    'nothing half is left',
  );
});

t.test('a file that is longer than it should be, or changes meanwhile', async (t) => {
  const root = makeTree(t, { 'huge.json': { sparse: 256 * 2 ** 20 + 1 } });
  t.match(await compress(t, root), {
    status: 0,
    written: 0,
    notes: [{ path: 'huge.json', reason: 'larger than 256 MiB: not encoded' }],
  });
  const changing = makeTree(t, { 'a.js': text(0, 300_000) });
  const running = run(t, await ask(changing, '--codings=br'));
  // It is read by now, and encoding takes longer.
  await new Promise((resolve) => setImmediate(resolve));
  writeFileSync(join(changing, 'a.js'), text(1, 300_000));
  const { status, problems } = await running;
  t.same([status, problems.length, filesIn(changing)], [1, 1, ['a.js']]);
});

t.test('earlier releases are dictionaries', { skip: WITHOUT_DICTIONARIES }, async (t) => {
  const noise = pattern(6000).toString('base64');
  const long = 'x'.repeat(190);
  const before = {
    'page.html': `${noise}<p>one</p>`,
    'assets/app-3f2a9c1b.js': `${noise};one()`,
    'assets/chunk-1111aaaa.js': text(1),
    'same.js': noise,
    'other.js': text(5, 20_000),
    [`${long}.js`]: noise,
    '.secret.js': noise,
  };
  const now = {
    'page.html': `${noise}<p>two</p>`,
    'assets/app-4a5b6c7d.js': `${noise};two()`,
    'assets/chunk-2222bbbb.js': `${noise}`,
    'same.js': noise,
    'other.js': noise,
    [`${long}.js`]: `${noise};`,
    '.secret.js': `${noise};`,
    'small.js': text(1, 100),
  };
  const root = makeTree(t, now);
  const old = makeTree(t, before);
  const sha256 = (path: string) =>
    createHash('sha256')
      .update(readFileSync(join(old, path)))
      .digest();
  const nameOf = (path: string, dictionary: string, coding: string) =>
    `${path}.${sha256(dictionary).toString('hex')}.${coding}`;
  const pairs = {
    'page.html': 'page.html',
    'assets/app-4a5b6c7d.js': 'assets/app-3f2a9c1b.js',
  };
  const expected = Object.entries(pairs).flatMap(([path, dictionary]) =>
    ['dcb', 'dcz'].map((coding) => nameOf(path, dictionary, coding)),
  );
  const found = () => filesIn(root).filter((name) => /\.dc[bz]$/.test(name));
  const made = await compress(t, root, '--against', old);
  t.same(found(), expected.toSorted());
  t.match(made, { status: 0, notes: [{ path: `${long}.js`, reason: /name is too long/ }] });
  for (const [path, dictionary] of Object.entries(pairs)) {
    const content = readFileSync(join(root, path));
    const by = { bytes: readFileSync(join(old, dictionary)), hash: sha256(dictionary) };
    for (const coding of ['dcb', 'dcz'] as const) {
      const sibling = readFileSync(join(root, nameOf(path, dictionary, coding)));
      t.ok(isBy(by, coding, sibling, content), `${path}: ${coding}`);
      t.ok(sibling.length < 200, `${path}: ${coding}, ${sibling.length} bytes`);
    }
  }
  t.match(await compress(t, root, '--against', old, '--check', '--prune'), { status: 0 });

  const page = join(root, 'page.html');
  writeFileSync(page, `${noise}<p>three</p>`);
  const { status, pending } = await compress(t, root, '--against', old, '--check');
  t.equal(status, 1);
  t.ok(
    pending.some(({ path }) => path === expected[0]),
    'a stale one is told',
  );
  t.match(await compress(t, root, '--against', old), { status: 0, problems: [] });
  t.match(await compress(t, root, '--against', old, '--check'), { status: 0 });

  const third = makeTree(t, { 'page.html': `${noise}<p>zero</p>` });
  await compress(t, root, '--against', old, '--against', third, '--codings=br');
  t.equal(found().length, expected.length + 1, 'one more for one more release');
  const { removed } = await compress(t, root, '--against', third, '--prune');
  t.equal(removed, expected.length, 'those of releases that are gone');
  t.same(
    found().map((name) => basename(name).slice(0, 10)),
    ['page.html.', 'page.html.'],
  );
  const both = makeTree(t, { 'a-3f2a9c1b.js': `${noise}1`, 'a-4a5b6c7d.js': `${noise}2` });
  await compress(t, both, '--against', both, '--codings=br');
  t.equal(filesIn(both).filter((name) => name.endsWith('.dcb')).length, 2, 'of one directory');
  rmSync(page);
  await compress(t, root, '--prune');
  t.same(found(), [], 'and of a file that is gone');
});

t.test(
  'where this Node has no dictionaries or no Zstandard, that is told once',
  { skip: !WITHOUT_DICTIONARIES && 'this Node has all of them' },
  async (t) => {
    const root = makeTree(t, { 'a.js': text() });
    const { status, warnings } = await compress(t, root, '--against', root);
    t.equal(status, 1, 'asked for');
    t.match(warnings.at(-1), /^Node \S+ takes no dictionaries, .*\.dcb, no \.dcz$/);
    t.same(readdirSync(root), ['a.js', ...siblingsOf('a.js')].toSorted(), 'the others are made');
    if (ENCODERS.includes('zstd')) return;
    t.equal(warnings.filter((line) => line.includes('Zstandard')).length, 1);
    t.equal((await compress(t, root)).status, 0, 'nobody asked for it by name');
    t.equal((await compress(t, root, '--codings=zstd')).status, 1);
  },
);

t.test('wrong lines say what was meant, by the names as typed', async (t) => {
  const root = makeTree(t, { 'a.js': text() });
  const wrong: Readonly<Record<string, string>> = {
    '': 'compress needs a directory: zcserve compress dist',
    nowhere: 'nowhere is no directory',
    [`${root} b`]: 'b: only one directory can be compressed',
    '--chek dist': '--chek is unknown; did you mean --check?',
    '--port=80 dist': '--port is unknown; zcserve compress --help lists the options',
    '-l dist': '-l is unknown; zcserve compress --help lists the options',
    '-force dist': '-force is unknown; did you mean --force?',
    [`--threads=0 ${root}`]:
      '--threads: "0" is not allowed; expected a whole number from 1 to 64 or auto',
    [`--codings=lzma ${root}`]:
      '--codings: "lzma" is not allowed; expected a list with commas, each one of br, zstd, gzip, or none',
    [`${root} --against nowhere`]: '--against: nowhere is no directory',
    [`${root} --against`]: '--against needs a path, or several',
    [`${root} --codings=gzip --against=${root}`]: '--against needs br or zstd among --codings',
  };
  for (const [line, words] of Object.entries(wrong)) {
    const args = line === '' ? [] : line.split(' ');
    await t.rejects(readCompress(args), { name: 'OptionError', message: words }, line);
  }
  const help = await readCompress(['--help']);
  t.match(help, { help: /--against[\s\S]*--prune/ });
  t.notMatch(help, { help: /--port/ });
});

t.test('as a command: a table for people, no bar where nobody sees it', async (t) => {
  const root = makeTree(t, { 'a.js': text(), 'b.css': text(1) });
  const { code, stdout, stderr } = await runCommand(['compress', root, '--codings=gzip']);
  t.equal(code, 0);
  t.equal(stderr, '');
  t.match(stdout, /^type +files +bytes +br +zst +gz +saved\n/);
  t.match(stdout, /^text\/css +1 +3\.9 KiB +– +– +\d\S* \w+ +\d+ %$/m);
  t.match(stdout, /^siblings: 2 written$/m);
  t.equal(barOf(0), `[${'.'.repeat(30)}]   0 %`);
  t.equal(barOf(0.5), `[${'#'.repeat(15)}${'.'.repeat(15)}]  50 %`);
  t.equal(barOf(1), `[${'#'.repeat(30)}] 100 %`);
});
