// `zcserve doctor --verify`: lists as sha256sum(1) writes them, and what is not as they say.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import t from 'tap';
import { parseLine, readLines } from '../../src/command/doctor/hash-list.ts';
import { verify } from '../../src/command/doctor/verify.ts';
import { resolveOptions } from '../../src/options/options.ts';
import { CLI } from '../support/cli.ts';
import { runCommand } from '../support/command.ts';
import { makeTree } from '../support/tree.ts';

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');
const H = hashOf('x');

t.test('a line', async (t) => {
  for (const [line, path] of [
    [`${H}  a.txt`, 'a.txt'],
    [`${H} *a.txt`, 'a.txt'],
    [`${H.toUpperCase()}  a.txt`, 'a.txt'],
    [`${H}  ./a/b.txt`, 'a/b.txt'],
    [`${H}    two spaces first`, '  two spaces first'],
    [`${H}  *star`, '*star'],
    [`${H}  back\\slash`, 'back\\slash'],
    [`\\${H}  a\\nb\\\\c\\rd`, 'a\nb\\c\rd'],
    [`${H}  ../a`, '../a'],
    ['', undefined],
    ['# a comment', undefined],
  ] as const) {
    t.same(parseLine(line), path === undefined ? undefined : { path, hash: H }, line);
  }
  for (const line of [
    ...['x', H, `${H}  `, `${H} a.txt`, `${H}\ta.txt`, ` ${H}  a.txt`, `${H.slice(1)}  a.txt`],
    ...[`${H}0  a.txt`, `\\${H}  a\\tb`, `\\${H}  a\\`, `SHA256 (a) = ${H}`, `g${H.slice(1)}  a`],
  ]) {
    t.throws(() => parseLine(line), { message: /sha256sum/ }, line);
  }
});

t.test('whatever a name holds, its line gives it back', async () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.boolean(), (name, isBinary) => {
      const isEscaped = /[\\\n\r]/.test(name);
      const text = name.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/\r/g, '\\r');
      const read = parseLine(`${isEscaped ? '\\' : ''}${H} ${isBinary ? '*' : ' '}${text}`);
      return read?.path === name.replace(/^(?:\.\/+)+/, '');
    }),
  );
});

t.test('lines end at a line feed only, however they come', async (t) => {
  const text = 'a\r\n\nb\u2028c\rd\nlast ü';
  const bytes = Buffer.from(text);
  for (const size of [1, 2, 7, 100]) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    );
    const lines: string[] = [];
    for await (const line of readLines(Readable.from(chunks, { objectMode: false })))
      lines.push(line);
    t.same(lines, ['a', '', 'b\u2028c\rd', 'last ü'], `${size}`);
  }
  const endless = Readable.from(
    (function* () {
      for (;;) yield Buffer.alloc(1000, 'x');
    })(),
    { objectMode: false },
  );
  const first = readLines(endless).next();
  await t.rejects(first, { message: /sha256sum/ }, 'a line without end');
});

const TREE = {
  'a.txt': 'a',
  'sub/b.txt': 'b',
  '.hidden/c.txt': 'c',
  'new\nline.txt': 'd',
  'empty.txt': '',
};
const listOf = (entries: Readonly<Record<string, string>>) =>
  Object.entries(entries)
    .map(([path, text]) =>
      path.includes('\n')
        ? `\\${hashOf(text)}  ./${path.replace('\n', '\\n')}\n`
        : `${hashOf(text)}  ./${path}\n`,
    )
    .join('');

function treeWithList() {
  const root = makeTree(t, TREE);
  const list = join(makeTree(t, { list: listOf(TREE) }), 'list');
  return { root, list, verify: () => verify(resolveOptions({ root }), list) };
}

t.test('a tree that is as listed', async (t) => {
  const { verify } = treeWithList();
  t.same(await verify(), {
    same: 5,
    ...{ missing: [], different: [], unreadable: [], unlisted: 0, unlistedFirst: [] },
  });
});

t.test('each fault by its kind, and what the list does not have', async (t) => {
  const { root, list, verify } = treeWithList();
  appendFileSync(join(root, 'a.txt'), '!');
  rmSync(join(root, 'sub/b.txt'));
  writeFileSync(join(root, 'one more'), 'x');
  writeFileSync(join(root, '.hidden/one more'), 'x');
  for (const path of ['/etc/passwd', '../x', 'sub/../a.txt', 'sub', 'a.txt/below', 'sub//x']) {
    appendFileSync(list, `${H}  ${path}\n`);
  }
  const { unreadable, unlistedFirst, ...others } = await verify();
  t.same(others, {
    same: 3,
    missing: ['sub/b.txt', 'a.txt/below'],
    different: ['a.txt'],
    unlisted: 2,
  });
  t.same([...unlistedFirst].sort(), ['.hidden/one more', 'one more']);
  t.same(
    unreadable.map(({ path }) => path),
    ['/etc/passwd', '../x', 'sub/../a.txt', 'sub', 'sub//x'],
  );
});

t.test('no link leads out of the root, and none in a circle', async (t) => {
  const out = makeTree(t, { secret: 'x' });
  const root = makeTree(t, {
    'real/f': 'x',
    back: { link: '.' },
    'real/up': { link: '..' },
    out: { link: join(out, 'secret') },
    outer: { link: out },
  });
  const list = join(
    makeTree(t, { list: `${H}  out\n${H}  outer/secret\n${H}  back/real/f\n` }),
    'list',
  );
  const { same, unreadable } = await verify(resolveOptions({ root }), list);
  t.same([same, unreadable.map(({ path }) => path)], [1, ['out', 'outer/secret']]);
});

t.test('a list in the root is not beside itself', async (t) => {
  const { root } = treeWithList();
  writeFileSync(join(root, 'SHA256SUMS'), listOf(TREE));
  const { unlisted } = await verify(resolveOptions({ root }), join(root, 'SHA256SUMS'));
  t.equal(unlisted, 0);
});

t.test(
  'what cannot be read is told',
  { skip: process.getuid?.() === 0 && 'root reads all' },
  async (t) => {
    const { root, verify } = treeWithList();
    chmodSync(join(root, 'a.txt'), 0);
    t.same((await verify()).unreadable, [{ path: 'a.txt', reason: 'EACCES' }]);
  },
);

t.test('a list that is none fails with its line', async (t) => {
  const { root } = treeWithList();
  for (const [text, message] of [
    [`${H}  a\nnonsense\n`, /list:2: not as sha256sum writes it$/],
    ['# nothing\n', /list lists no file$/],
    [`${H}  a\n${hashOf('y')}  ./a\n`, /list:2: listed before, otherwise$/],
  ] as const) {
    const list = join(makeTree(t, { list: text }), 'list');
    await t.rejects(verify(resolveOptions({ root }), list), { name: 'OptionError', message });
  }
  const none = join(root, 'none');
  await t.rejects(verify(resolveOptions({ root }), none), { message: /verify: .*ENOENT/ });
});

t.test('the command says it by lines or as JSON, and by its status', async (t) => {
  const { root, list } = treeWithList();
  const good = await runCommand(['doctor', root, `--verify=${list}`]);
  t.match(good, { code: 0, stdout: /^✓ 5 as listed, .*; 0 not listed\n$/ });
  appendFileSync(join(root, 'new\nline.txt'), '!');
  const bad = await runCommand(['doctor', root, '--verify', list], {
    env: { ZCSERVE_NO_ADDON: '1' },
  });
  t.match(bad, { code: 1, stdout: /^✗ different {3}new\\nline\.txt\n✗ 4 as listed/ });
  const json = await runCommand(['doctor', root, `--verify=${list}`, '--json']);
  t.equal(json.code, 1);
  t.match(JSON.parse(json.stdout), { good: false, same: 4, different: ['new\nline.txt'] });
  t.match(await runCommand([root, `--verify=${list}`]), {
    code: 2,
    stderr: 'zcserve: --verify is for zcserve doctor\n',
  });
});

t.test('a dash is standard input', async (t) => {
  const { root } = treeWithList();
  const args = [...CLI, 'doctor', root, '--verify', '-'];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(listOf(TREE));
  t.same(await once(child, 'exit'), [0, null]);
});
