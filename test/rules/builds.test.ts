// What a build of Vite tells of its names, where they do not tell it themselves.
import t from 'tap';
import { buildsAt } from '../../src/rules/builds.ts';
import { isHashed } from '../../src/rules/hashed-names.ts';

/** Of real builds; the first four could be words, for all that their names say. */
const UNSURE = ['index-Ex25EthO.css', 'p12-PslSHilb.css', 'p14-t-8HMCo4.js', 'about-_U-JQBid.js'];
const CODE = ['index-C2XY30cd.js', 'p1-BUYh3XZq.js', 'p3-BEsYlI5C.css', ...UNSURE];
const MEDIA = ['bg-DGpaxi46.jpg', 'clip-DsSFulli.mp4', 'f-0l-o9lO5.woff2', 'logo-5cv_adjA.png'];

/** Names that a directory's are not taken for, whatever else is in it. */
const WORDS = [
  ...['photo-original.jpg', 'photo-Building.jpg', 'photo-COMPILED.jpg', 'app-settings.js'],
  ...['report-20240101.pdf', 'data-2024Q101.json', 'clip-1080p60f.mp4', 'show-S01E02HD.mp4'],
  ...['photo-IMG_0001.jpg', 'photo-DSC_0042.jpg', 'book-chapter1.pdf', 'clip-video-01.mp4'],
  ...['lodash.debounce.js', 'app-deadbeef.js'],
];

/** Those of a directory that are taken for hashed, of all that are in it. */
function builtOf(names: readonly string[], manifests: readonly string[] = []): string[] {
  const builds = buildsAt('');
  return names.filter((name) => {
    const path = `assets/${name}`;
    const witnesses = builds.witnessesOf(path);
    return isHashed(path) || (witnesses && builds.read(witnesses, names, manifests)(path));
  });
}

const plain = (names: readonly string[]) => names.filter((name) => isHashed(`assets/${name}`));

t.test('without a manifest, all of a build is known by all of its names', async (t) => {
  t.same(plain(UNSURE), [], 'which they are not by themselves');
  for (const names of [
    [...CODE, ...MEDIA],
    ['index-C2XY30cd.js', 'index-Ex25EthO.css'],
    ['index-C2XY30cd.js', 'bg-DGpaxi46.jpg'],
    [...CODE, ...CODE.map((name) => `${name}.map`), ...CODE.map((name) => `${name}.br`)],
    ['app.BY2vkw8A.js', 'guide.md.Bj_Ko-Lu.lean.js', 'guide.md.Bj_Ko-Lu.js'],
  ]) {
    t.same(builtOf(names), names, names.join());
  }
});

t.test('words and numbers among them are not', async (t) => {
  t.same(builtOf([...CODE, ...MEDIA, ...WORDS]), [...CODE, ...MEDIA]);
});

t.test('pictures put there by hand spoil it for pictures, scripts for scripts', async (t) => {
  t.same(builtOf([...CODE, ...MEDIA, 'hero.jpg']), [...CODE, ...plain(MEDIA)]);
  t.same(builtOf([...CODE, ...MEDIA, 'jquery.min.js']), [...plain(CODE), ...MEDIA]);
});

t.test('a directory with too few certain names proves nothing', async (t) => {
  t.same(builtOf(UNSURE), []);
  const handMade = ['app-DataGrid.js', 'app-i18nText.js', 'app-3DViewer.js', 'app-http2Req.js'];
  t.same(builtOf(handMade), []);
  t.same(builtOf([...handMade, 'index-C2XY30cd.js', 'ab-DevTools.js']), ['index-C2XY30cd.js']);
});

const MANIFEST = JSON.stringify({
  'index.html': {
    file: 'assets/index-C2XY30cd.js',
    name: 'index',
    src: 'index.html',
    isEntry: true,
    css: ['assets/index-Ex25EthO.css'],
    assets: ['assets/bg-DGpaxi46.jpg'],
  },
  '_Building.js': { file: 'assets/about-Building.js', name: 'about' },
  'src/app-settings.js': { file: 'assets/app-settings.js', name: 'app-settings' },
  'src/photo-original.jpg': { file: 'assets/photo-original.jpg', src: 'src/photo-original.jpg' },
});

t.test('a manifest tells every name, also one that is a word by chance', async (t) => {
  const listed = [
    ...['index-C2XY30cd.js', 'index-Ex25EthO.css', 'index-C2XY30cd.js.map'],
    ...['bg-DGpaxi46.jpg', 'about-Building.js', 'about-Building.js.br'],
  ];
  const others = ['photo-DGpaxi47.jpg', 'app-settings.js', 'photo-original.jpg', 'hero.jpg'];
  t.same(builtOf([...listed, ...others], [MANIFEST]), listed);
});

t.test('what is no manifest of a build tells nothing', async (t) => {
  const names = [...CODE, ...MEDIA];
  const webApp = JSON.stringify({ name: 'app', icons: [{ src: 'icon.png' }], start_url: '/' });
  for (const text of ['', 'junk', '[]', 'null', '"text"', '{}', webApp, '{"a":null}']) {
    t.same(builtOf(names, [text]), names, text);
  }
  t.same(builtOf(['index-Ex25EthO.css', 'bg-DGpaxi46.jpg'], [webApp, MANIFEST]), [
    'index-Ex25EthO.css',
    'bg-DGpaxi46.jpg',
  ]);
});

t.test('who is asked, where', async (t) => {
  const { witnessesOf } = buildsAt('');
  const unsure = 'assets/index-Ex25EthO.css';
  const MANIFESTS = ['.vite/manifest.json', 'manifest.json'];
  t.same(witnessesOf(unsure), { directory: 'assets', manifests: MANIFESTS });
  t.same(witnessesOf(`build/${unsure}`), {
    directory: 'build/assets',
    manifests: MANIFESTS.map((name) => `build/${name}`),
  });
  t.same(witnessesOf('assets/pages/index-Ex25EthO.css.map.br')?.directory, 'assets/pages');
  t.same(buildsAt('assets/').witnessesOf('index-Ex25EthO.css'), { directory: '', manifests: [] });
  for (const path of [
    'assets/index-C2XY30cd.js',
    'assets/index.css',
    'index-Ex25EthO.css',
    'myassets/index-Ex25EthO.css',
    'img/index-Ex25EthO.css',
  ]) {
    t.equal(witnessesOf(path), undefined, path);
  }
});
