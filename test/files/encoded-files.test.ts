// Forms that are made of files: once for each version, within their bounds, and never of bytes that have changed.
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import type { Background } from '../../src/encode/background.ts';
import { EncodedFiles } from '../../src/files/encoded-files.ts';
import { CachedEntry } from '../../src/files/entry.ts';
import { FormDirectory } from '../../src/files/form-directory.ts';
import { formsInMemory } from '../../src/files/forms-in-memory.ts';
import { openRoot } from '../../src/files/open.ts';
import type { Root } from '../../src/files/root.ts';
import { until } from '../faults/process.ts';
import { makeTree } from '../support/tree.ts';
import { collect, NO_FIELDS } from './fixture.ts';

const { addon } = loadNative();
const text = 'one line as another\n'.repeat(200);
const OLD = new Date('2001-01-01T00:00:00Z');

/** Encodes on this thread, and counts. */
function counting(encode: (bytes: Uint8Array) => Uint8Array = gzipSync) {
  const asked: number[] = [];
  const background: Background = {
    async encode(_coding, bytes) {
      asked.push(bytes.length);
      return encode(bytes);
    },
    close: () => {},
  };
  return { asked, background };
}

interface Given {
  readonly background?: Background;
  readonly capacity?: number;
  readonly directory?: string;
}

async function given(t: Test, { background, capacity = 2 ** 20, directory }: Given) {
  const path = makeTree(t, {
    'a.js': { text, mtime: OLD },
    'b.js': { text: text.toUpperCase(), mtime: OLD },
    'c.js': { text: text.replaceAll('o', '0'), mtime: OLD },
    'small.js': { text: text.slice(0, 900), mtime: OLD },
  });
  const root = openRoot(path, 'inside', addon);
  const log = collect([]);
  const shelf =
    directory === undefined && addon !== undefined
      ? formsInMemory(addon, log)
      : new FormDirectory({ path: directory ?? makeTree(t), capacity, addon, log });
  const encoder = background ?? counting().background;
  const forms = new EncodedFiles({ codings: ['br', 'gzip'], encoder, shelf, capacity, log });
  t.teardown(() => {
    forms.close();
    root.close();
  });
  const made: string[] = [];
  const used = new Set<string>();
  const want = async (name: string) => {
    const entry = await entryOf(root, name);
    forms.want(entry, 'gzip', {
      isUsed: () => used.has(name),
      onMade: (file) => made.push(file.path),
    });
    await until(async () => forms.stats().waiting === 0);
    entry.discard();
    return entry.version;
  };
  return { path, root, forms, made, used, want };
}

async function entryOf(root: Root, path: string): Promise<CachedEntry> {
  const [found] = await root.open([path]);
  if (found?.type !== 'file') throw new Error(path);
  const facts = { ...found, path, coding: 'identity' as const, built: false };
  return new CachedEntry(
    found.file,
    { ...facts, dictionary: undefined },
    { ...NO_FIELDS, encodable: true },
  );
}

function bytesOf(forms: EncodedFiles, version: string): string | undefined {
  const [form] = forms.of(version, []);
  if (form === undefined) return undefined;
  const bytes = readFileSync(`/proc/self/fd/${form.found.file.fd}`);
  form.found.file.close();
  return gunzipSync(bytes).toString();
}

t.test('a version is encoded once, and its form is open for each who asks', async (t) => {
  const { asked, background } = counting();
  const { forms, made, want } = await given(t, { background });
  const version = await want('a.js');
  t.equal(await want('a.js'), version);
  t.same(asked, [text.length]);
  t.same(made, ['a.js'], 'who wanted it hears of it');
  t.equal(bytesOf(forms, version), text);
  t.equal(bytesOf(forms, version), text, 'and again, when another has closed his');
  t.same(forms.of(version, ['gzip']), [], 'not where there is a sibling');
  t.same(forms.of('another', []), []);
});

t.test('what is small, gets no smaller, or cannot be encoded has none', async (t) => {
  const { asked, background } = counting((bytes) => bytes);
  const { forms, made, want } = await given(t, { background });
  await want('small.js');
  t.same(asked, []);
  const version = await want('a.js');
  await want('a.js');
  t.equal(asked.length, 1, 'what got no smaller is not tried again');
  t.same([bytesOf(forms, version), made], [undefined, []]);
  const failing = await given(t, {
    background: { encode: () => Promise.reject(new Error('no thread')), close: () => {} },
  });
  const other = await failing.want('a.js');
  t.same([bytesOf(failing.forms, other), failing.made], [undefined, []]);
});

t.test('what changes while it waits is not encoded', async (t) => {
  const { asked, background } = counting();
  const { path, forms, root } = await given(t, { background });
  const entry = await entryOf(root, 'a.js');
  writeFileSync(join(path, 'a.js'), text.replaceAll('one', 'two'));
  forms.want(entry, 'gzip', { isUsed: () => false, onMade: () => t.fail('it was made') });
  await until(async () => forms.stats().waiting === 0);
  entry.discard();
  t.same(asked, []);
});

t.test('one that was let go before its turn is not read', async (t) => {
  const { asked, background } = counting();
  const { forms, root } = await given(t, { background });
  const entry = await entryOf(root, 'a.js');
  forms.want(entry, 'gzip', { isUsed: () => false, onMade: () => {} });
  entry.discard();
  await until(async () => forms.stats().waiting === 0);
  t.same(asked, []);
});

t.test('those that are not used leave for others, those that are stay', async (t) => {
  const { background } = counting();
  const room = gzipSync(text).length * 2 + 10;
  const { forms, used, want } = await given(t, { background, capacity: room });
  const [a, b] = [await want('a.js'), await want('b.js')];
  used.add('a.js');
  const c = await want('c.js');
  t.same(
    [a, b, c].map((each) => bytesOf(forms, each) !== undefined),
    [true, false, true],
  );
  used.add('c.js');
  await want('b.js');
  t.equal(bytesOf(forms, b), undefined, 'where all are used, there is no room');
});

t.test('a directory keeps forms over a restart, whatever the file is called by then', async (t) => {
  const directory = makeTree(t);
  const first = counting();
  const before = await given(t, { background: first.background, directory });
  await before.want('a.js');
  before.forms.close();
  const second = counting();
  const { path, forms, want } = await given(t, { background: second.background, directory });
  renameSync(join(path, 'a.js'), join(path, 'moved.js'));
  const version = await want('moved.js');
  t.equal(bytesOf(forms, version), text);
  t.same([first.asked.length, second.asked.length], [1, 0]);
});

t.test('a form that a disk has spoiled is made again', async (t) => {
  const directory = makeTree(t);
  const before = await given(t, { directory });
  await before.want('a.js');
  before.forms.close();
  const [name = ''] = readdirSync(directory);
  const spoiled = readFileSync(join(directory, name));
  spoiled.writeUInt8(spoiled.readUInt8(20) ^ 1, 20);
  writeFileSync(join(directory, name), spoiled);
  const { asked, background } = counting();
  const { forms, want } = await given(t, { background, directory });
  t.equal(bytesOf(forms, await want('a.js')), text);
  t.equal(asked.length, 1);
});

t.test('a directory that cannot be used is told of, and nothing is made', async (t) => {
  const { forms, want } = await given(t, { directory: join(makeTree(t, { file: '' }), 'file') });
  t.equal(bytesOf(forms, await want('a.js')), undefined);
});

t.test('of a directory the oldest leave where it is full', async (t) => {
  const directory = makeTree(t);
  const room = gzipSync(text).length * 2 + 10;
  const { want } = await given(t, { directory, capacity: room });
  for (const name of ['a.js', 'b.js', 'c.js']) await want(name);
  t.equal(readdirSync(directory).length, 2);
});
