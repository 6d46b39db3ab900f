// Which directories the engine is told of, and what it is told.
import t from 'tap';
import type { EngineTemplate } from '../../src/addon/engine.ts';
import type { NativeNames } from '../../src/addon/files.ts';
import type { Answer } from '../../src/site/answer.ts';
import type { Templates } from '../../src/site/templates.ts';
import { DirectoryIndex } from '../../src/transport/engine/directory-index.ts';
import { until } from '../faults/process.ts';

const TEMPLATE = {
  fields: ['ETag', '\x01'],
  notModified: ['ETag', '\x01'],
  steps: [{ from: 0, strategy: 'read', reason: 'cold', fields: [] }],
  cached: undefined,
  judged: [],
  doubt: 'none',
  siblings: ['.gz'],
  hashed: 10,
} as const;

interface Told {
  readonly names: NativeNames | undefined;
  readonly group: number;
  readonly likeAbove: boolean;
  readonly patience: number;
}

function namesOf(...names: string[]): NativeNames {
  const mayHave = (name: string) => names.includes(name);
  return { count: names.length, mayHave, holds: () => true, directories: [] };
}

function make(
  read: (directory: string) => NativeNames | undefined = () => undefined,
  templates: Partial<Templates> = {},
) {
  const directories = new Map<string, Told>();
  const made: Array<readonly [group: number, extension: string]> = [];
  const asked: string[] = [];
  const watched: string[] = [];
  let now = 0;
  const index = new DirectoryIndex({
    engine: {
      putDirectory: (path, names, group, _tried, likeAbove, patience) =>
        directories.set(path, { names, group, likeAbove, patience }),
      removeDirectory: (path) => directories.delete(path),
      putTemplate: (group: number, extension: string, _template: EngineTemplate) =>
        made.push([group, extension]),
    },
    templates: {
      group: () => '',
      of: () => TEMPLATE,
      tried: () => ['', '.html'],
      missPage: '404.html',
      ...templates,
    },
    reach: 'engine',
    names: async (directories) => {
      asked.push(...directories);
      return directories.map(read);
    },
    watch: (directory) => watched.push(directory),
    unwatch: (directory) => watched.splice(watched.indexOf(directory), 1),
    now: () => now,
    taken: { directories: 0, names: 0 },
  });
  const found = (path: string) =>
    index.learn(path, { status: 200, resource: { identity: { path: path.slice(1) } } } as Answer);
  const missed = (path: string) => index.learn(path, { status: 404 } as Answer);
  const pass = (ms: number) => {
    now += ms;
  };
  return { index, directories, made, asked, watched, found, missed, pass };
}

t.test('a file that was answered tells of its directory, and once of its extension', (t) => {
  const { directories, made, found } = make();
  found('/a/x.png');
  found('/b/y.png');
  found('/b/y.css');
  t.same([...directories.keys()], ['/a', '', '/b'], 'and of the root, whose names tell of others');
  t.same(made, [
    [0, 'png'],
    [0, 'css'],
  ]);
  found('/a%20b/x.png');
  found('/c/../a/x.png');
  t.equal(directories.size, 3, 'but not one whose path has another form');
  t.end();
});

t.test('groups have templates of their own', (t) => {
  const { directories, made, found } = make(undefined, {
    group: (directory) => directory,
    of: (directory) => (directory === '/b' ? undefined : TEMPLATE),
  });
  found('/a/x.png');
  found('/b/x.png');
  t.same(
    ['/a', '/b'].map((path) => directories.get(path)?.group),
    [0, 2],
  );
  t.same(made, [[0, 'png']], 'none where a rule is in the way');
  t.end();
});

t.test('a directory of which files are kept is watched, once, as long as it is known', (t) => {
  const { index, watched, found } = make();
  found('/a/x.png');
  found('/b/x.png');
  t.same(watched, []);
  index.watch('/a');
  index.watch('/a');
  index.watch('/unknown');
  t.same(watched, ['a']);
  index.clear();
  t.same(watched, []);
  t.end();
});

t.test('a change in a watched directory makes the engine look again', (t) => {
  const { index, directories, found } = make();
  found('/a/x.png');
  const before = directories.get('/a');
  index.suspect('a/x.png');
  t.equal(directories.get('/a'), before, 'nobody relies on one without names that is not watched');
  index.watch('/a');
  index.suspect('a/x.png');
  t.not(directories.get('/a'), before);
  t.end();
});

t.test('names are read, and again when they have changed', async (t) => {
  const { index, directories, asked, found, pass } = make(() => namesOf('x.png'));
  found('/a/x.png');
  await until(async () => directories.get('/a')?.names !== undefined);
  index.look('/a', true);
  t.equal(directories.get('/a')?.names, undefined, 'what holds no more is gone at once');
  pass(1);
  await until(async () => directories.get('/a')?.names !== undefined);
  t.same(asked, ['a', '', 'a']);
  index.look('/none', false);
  t.equal(asked.length, 3, 'of one that is not known nothing is read');
});

t.test(
  'directories below are known before anybody asks for them, as far as requests can name them',
  async (t) => {
    const below: Readonly<Record<string, readonly string[]>> = {
      '': ['a', 'b', 'with space'],
      b: ['c'],
    };
    const { directories, asked, found } = make((directory) => ({
      ...namesOf('x.png'),
      directories: below[directory] ?? [],
    }));
    found('/a/x.png');
    await until(async () => directories.get('/b/c')?.names !== undefined);
    t.same([...directories.keys()].toSorted(), ['', '/a', '/b', '/b/c']);
    t.same(asked, ['a', '', 'b', 'b/c'], 'each is read once, the one that was asked for first');
  },
);

t.test('no more than a thousand directories are known ahead', async (t) => {
  const many = Array.from({ length: 3000 }, (_, i) => `d${i}`);
  const { directories, asked, found } = make((directory) => ({
    ...namesOf('x.png'),
    directories: directory === '' ? many : [],
  }));
  found('/x.png');
  await until(async () => asked.length >= 1024);
  await new Promise(setImmediate);
  t.equal(directories.size, 1024);
  found('/other/x.png');
  await until(async () => directories.get('/other')?.names !== undefined);
  t.pass('those that are asked for are');
});

t.test('where they cannot be read, the engine waits longer each time', async (t) => {
  const { index, directories, asked, found, pass } = make();
  found('/a/x.png');
  const first = directories.get('/a')?.patience ?? 0;
  await until(async () => directories.get('/a')?.patience === 2 * first);
  index.look('/a', false);
  t.equal(directories.get('/a')?.patience, 4 * first);
  t.same(asked, ['a', ''], 'and nobody tries for a while');
  pass(5000);
  index.look('/a', false);
  await until(async () => asked.length === 3);
});

t.test('what is missing leads down to the directory that exists', async (t) => {
  const { index, directories, missed } = make((directory) =>
    directory === '' ? namesOf('a') : namesOf('b.txt'),
  );
  missed('/a/x.png');
  t.same([...directories.keys()], [''], 'the root exists');
  await until(async () => directories.get('')?.names !== undefined);
  missed('/none/x.png');
  missed('/a/x.png');
  t.same([...directories.keys()], ['', '/a'], 'what it has no name of does not');
  await until(async () => directories.get('/a')?.names !== undefined);

  t.equal(index.lacking('/a/x.png'), '', 'answered alike in both');
  t.equal(index.lacking('/a/x/y/z.png'), '');
  t.equal(index.lacking('/none/x.png'), '');
  t.equal(index.lacking('/a/b.txt'), undefined, 'it is there');
  t.equal(index.lacking('/a/b.txt/c'), undefined);
  t.equal(index.lacking('/a/../a/x.png'), undefined, 'nobody knows where that leads');
});

t.test(
  'whatever is missing is answered alike up to the nearest page and the next rules',
  async (t) => {
    const contents: Readonly<Record<string, readonly string[]>> = {
      '': ['a', 'other', 'b'],
      a: ['b', '404.html'],
      'a/b': ['c'],
      'a/b/c': ['x.png'],
      other: ['x.png'],
    };
    const read = (directory: string) => namesOf(...(contents[directory] ?? []));
    const { index, directories, found } = make(read, {
      group: (directory) => (directory.startsWith('/other') ? 'other' : ''),
    });
    found('/a/b/c/x.png');
    found('/a/b/x.png');
    found('/a/x.png');
    found('/other/x.png');
    const named = () => ['', '/a', '/a/b', '/a/b/c', '/other'].map((path) => directories.get(path));
    await until(async () => named().every((told) => told?.names !== undefined));
    t.same(
      named().map((told) => told?.likeAbove),
      [false, false, true, true, false],
    );
    t.equal(index.lacking('/a/b/c/y.png'), '/a', 'where the page stands');
    t.equal(index.lacking('/other/y.png'), '/other', 'other rules');
    index.look('/a/b', true);
    t.equal(index.lacking('/a/b/c/y.png'), '/a/b/c', 'nobody knows which page stands between');
  },
);

t.test('without pages for it, what is missing is answered alike', async (t) => {
  const { index, directories, found } = make(() => namesOf('404.html', 'a'), {
    missPage: undefined,
  });
  found('/a/x.png');
  await until(async () => directories.get('/a')?.names !== undefined);
  await until(async () => directories.get('')?.names !== undefined);
  t.equal(index.lacking('/a/y.png'), '');
});

t.test('a page that would be found by another name is not missing', async (t) => {
  const { index, directories, found } = make(() => namesOf('x.html'));
  found('/a/x.html');
  await until(async () => directories.get('/a')?.names !== undefined);
  t.equal(index.lacking('/a/x'), undefined);
  t.equal(index.lacking('/a/y'), '');
});

t.test('directories are bounded in number, and leave the engine too', (t) => {
  const { index, directories, found } = make();
  for (let i = 0; i < 17_000; i++) found(`/${i}/x.png`);
  t.equal(directories.size, 16_384);
  index.stop();
  t.equal(directories.size, 0, 'none is left when templates have failed');
  found('/a/x.png');
  t.equal(directories.size, 0);
  t.end();
});
