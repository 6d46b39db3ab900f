// Names of real builds and of real files without a hash: the first may be kept for a year, the others never.
import t from 'tap';
import { buildsAt } from '../../src/rules/builds.ts';
import { type Doubt, doubtOf, isHashed, patternOf, placeOf } from '../../src/rules/hashed-names.ts';

/** What a build of each writes, from their own output. */
const HASHED: Readonly<Record<string, readonly string[]>> = {
  'Next 15, webpack': [
    '_next/static/chunks/4bd1b696-409494caf8c83275.js',
    '_next/static/chunks/framework-859199dea06580b0.js',
    '_next/static/chunks/pages/_app-4ce47ffa64d5cee5.js',
    '_next/static/chunks/app/blog/[slug]/page-73e61f551f6942fb.js',
    '_next/static/css/ded6b86ab9cc0a1f.css',
    '_next/static/media/4cf2300e9c8272f7-s.p.woff2',
    '_next/static/media/logo.1bbdebe6.png',
    '_next/static/gJ4xT0aLq2uVn8yWcR5Zb/_buildManifest.js',
    'docs/_next/static/chunks/main-e47244ec68994756.js',
  ],
  'Next 16, Turbopack': [
    '_next/static/chunks/0q~2copru0zy0.css',
    '_next/static/chunks/0...f7~att2_2.js',
    '_next/static/chunks/turbopack-0c3o1svijj_~~.js',
    '_next/static/chunks/0k1b-0dd3x_n4.js',
    '_next/static/chunks/1a2b3c4d5e6f7.js.map',
    '_next/static/chunks/turbopack-01ca012029ca2e66.js',
    '_next/static/chunks/08c03b4ffb07b96a.js',
    '_next/static/chunks/33om2u2l1wmz7.js',
    '_next/static/chunks/3qfy96eoyh-ek.js',
    '_next/static/media/pic.2r1e_yio1p8l_.png',
    '_next/static/media/photo.12345678.png',
    '_next/static/qCLcHFeZIGVW-HVOt_rmB/_clientMiddlewareManifest.js',
    '_next/static/5ea6d37c0f6f0a3c5be1a2e5d1b9c7f0a1b2c3d4/_ssgManifest.js',
    '_next/static/media/photo.0-ar5u2q8ilxp.jpg',
  ],
  'Nuxt 4': [
    '_nuxt/entry.CT6BPCpu.css',
    '_nuxt/index.BxLaW0RJ.css',
    '_nuxt/BFfIV2Jx.js',
    '_nuxt/rJzVYUUR.js',
    '_nuxt/Aiaokmgj.js',
    '_nuxt/Aiaokmgj.js.br',
    '_nuxt/CoawgneK.js',
    '_nuxt/DYf_mQCB.js',
    '_nuxt/kHJ-D0s7.js',
    '_nuxt/builds/meta/5d2c1e8a-0f3b-4c6d-9e7f-a1b2c3d4e5f6.json',
  ],
  SvelteKit: [
    '_app/immutable/entry/start.B0aLrJdK.js',
    '_app/immutable/entry/app.DY9nnwlW.js',
    '_app/immutable/nodes/0.DNW6LhfW.js',
    '_app/immutable/nodes/0.7s0zrcGN.js',
    '_app/immutable/chunks/scheduler.BOylP72J.js',
    '_app/immutable/chunks/CTMsHKgE.js',
    '_app/immutable/chunks/4zjZYpgA.js',
    '_app/immutable/chunks/sX6IpWYd.js',
    '_app/immutable/chunks/CGO84EJ7.js',
    '_app/immutable/assets/index.Cd9SHXD-.css',
    '_app/immutable/assets/0.CeVhNc7C.css',
    '_app/immutable/chunks/index.6e417641.js',
  ],
  Astro: [
    '_astro/hoisted.BXzcXPYz.js',
    '_astro/posts-hero.BW95FD7l.jpg',
    '_astro/logo-full.D8zRvqBZ.svg',
    '_astro/hero.C-Pmrzvd_1x2yA9.webp',
    '_astro/photo.CkYRVoVs_ZAbcDe.webp',
    '_astro/Counter.astro_astro_type_script_index_0_lang.CCnSiE17.js',
  ],
  'Vite 7': [
    'assets/index-DeuTqyhX.js',
    'assets/index-BwOPSdeb.js',
    'assets/index-DNqxPF-E.css',
    'assets/index-D_3Kx-9a.css',
    'assets/index-DyTyzzWG.js',
    'assets/vendor-CLo6EJKG.js',
    'assets/logo-1bWoP6pv.svg',
    'assets/inter-k3eOH_eK.woff2',
    'assets/module--QdMvsKi.css',
    'app/assets/index-BHJd_fmG.js.map',
  ],
  VitePress: ['assets/app.BY2vkw8A.js', 'assets/guide_index.md.C_gcIYdA.lean.js'],
  webpack: [
    'app.3f2a9c1b.js',
    'app.3f2a9c1b4d5e6f708192.chunk.css',
    'app-3f2a9c1b.js',
    'assets/app.3f2a9c1b.js',
    'static/js/main.8d41d8cd.js',
    'static/js/453.8ab44547.chunk.js.map',
    'runtime~main.3f2a9c1b4d5e6f708192.js',
    'main.8d41d8cd98f00b204e9800998ecf8427.css',
    '8a1c2f3e4d5b6a798081.png',
  ],
  'Angular and esbuild': [
    'main-5JRX2KZT.js',
    'main-2QW4RTYU.js',
    'polyfills-FFHMD2TL.js',
    'styles-5INURTSO.css',
    'chunk-ZQTAFMXI.js',
    'chunk-ABC1DEF2.mjs',
    'chunk-NFMOJIAW.js',
    'chunk-57754CIG.js',
  ],
};

/** Names without a hash, also where builds put theirs. */
const PLAIN: Readonly<Record<string, readonly string[]>> = {
  'no hash at all': [
    'app.js',
    'app.min.js',
    'jquery-3.7.1.min.js',
    'app.3f2a9c1.js',
    'app.3f2a9c1b',
    '3f2a9c1b.js',
    '3f2a9c1b/app.js',
    'a.3f2a9c1b/app.js',
    'd41d8cd98f00b204e9800998ecf8427e.jpg',
    '507f1f77bcf86cd799439011.png',
    'assets/index.js',
    'assets/logo.svg',
  ],
  'dates, versions and numbers': [
    'report-20240101.pdf',
    'report.20240101.csv',
    'app.20240101.js',
    'assets/data-2024Q101.json',
    'assets/clip-1080p60f.mp4',
    'assets/show-S01E02HD.mp4',
    'photo-IMG_0001.jpg',
    'assets/photo-DSC_0042.jpg',
    'app-version12.js',
  ],
  words: [
    'app-deadbeef.js',
    'book-chapter1.pdf',
    'book-Chapter1.pdf',
    'doc-Version1.html',
    'app-settings.js',
    'main-ORIGINAL.js',
    'styles-COMPILED.css',
    'README-ORIGINAL.md',
    'assets/main-settings.js',
    'assets/photo-original.jpg',
    'assets/README-LICENSE2.txt',
  ],
  'words in camel case, with numbers in them': [
    ...['DataGrid', 'GridView', 'TopoJSON', 'XMLParse', 'ToString', 'MyIpAddr', 'iOSAppUI'],
    ...['BTreeMap', 'CssRules', 'ChannelB', 'DevTools', 'CodeEdit', 'DirEntry', 'ColorRGB'],
    ...['i18nText', 'a11yMenu', 'k8sAdmin', 'p2pProxy', 'h264Main', 'http2Req', 'utf8Text'],
    ...['3DViewer', '2DCanvas', '4KPlayer', '3D-model', 'D3Charts', 'B64Codec', 'Base64Id'],
    ...['hexToRgb', 'httpOnly', 'srcAlpha', 'errorMsg', 'UI-Kit-2', 'mp3-File', 'MP4-H264'],
  ].flatMap((word) => [`app-${word}.js`, `assets/app-${word}.js`, `assets/pic-${word}.png`]),
  'in directories of builds': [
    '_next/static/chunks/remoteEntry.js',
    '_next/static/chunks/pdf.worker.min.mjs',
    '_next/static/chunks/main.js',
    '_next/static/development/_buildManifest.js',
    '_nuxt/builds/latest.json',
    '_nuxt/entry.js',
    '_app/immutable/chunks/index.js',
    '_app/version.json',
    '_app/env.js',
    '_astro/hero.webp',
    'not_nuxt/rJzVYUUR.js',
  ],
};

for (const [build, paths] of Object.entries(HASHED)) {
  t.test(`${build}: every name carries its hash`, async (t) => {
    for (const path of paths) t.ok(isHashed(path), path);
  });
}

for (const [kind, paths] of Object.entries(PLAIN)) {
  t.test(`${kind}: no name carries one`, async (t) => {
    for (const path of paths) t.notOk(isHashed(path), path);
  });
}

/** The same numbers in every run. */
function randomNames(count: number, alphabet: string, length: number): string[] {
  let state = 1;
  const next = () => {
    state = (state * 48_271) % 2_147_483_647;
    return alphabet[state % alphabet.length];
  };
  return Array.from({ length: count }, () => Array.from({ length }, next).join(''));
}

t.test('of hashes at random, those in directories of builds are all known', async (t) => {
  const digits = '0123456789';
  const lower = `${digits}abcdefghijklmnopqrstuvwxyz`;
  const letters = `${lower}ABCDEFGHIJKLMNOPQRSTUVWXYZ-_`;
  const unknown = (names: readonly string[], path: (name: string) => string) =>
    names.map(path).filter((name) => !isHashed(name));
  for (const directory of ['_nuxt/', '_app/immutable/chunks/', '_astro/page.']) {
    t.same(
      unknown(randomNames(5000, letters, 8), (name) => `${directory}${name}.js`),
      [],
    );
  }
  for (const [length, alphabet] of [
    [12, `${lower}_~.-`],
    [16, `${digits}abcdef`],
  ] as const) {
    const path = (name: string) => `_next/static/chunks/${length === 12 ? '3' : ''}${name}.js`;
    t.same(unknown(randomNames(5000, alphabet, length), path), []);
  }
  const inManifest = (id: string) => `_next/static/${id}/_buildManifest.js`;
  t.same(unknown(randomNames(5000, letters, 21), inManifest), []);
});

t.test('a root that is a directory of a build is taken for one', async (t) => {
  for (const [root, place] of [
    ['/srv/app/.next/static', '_next/static/'],
    ['/srv/app/out/_next/static', '_next/static/'],
    ['/srv/app/.output/public/_nuxt', '_nuxt/'],
    ['/srv/app/build/client/_app/immutable', '_app/immutable/'],
    ['/srv/app/dist/_astro', '_astro/'],
    ['/srv/app/dist/assets', 'assets/'],
    ['/srv/assets/site', ''],
    ['/srv/static', ''],
    ['/srv/my_nuxt', ''],
    ['/', ''],
  ] as const) {
    t.equal(placeOf(root), place, root);
  }
  t.ok(isHashed(`${placeOf('/srv/.next/static')}chunks/33om2u2l1wmz7.js`));
});

t.test('of hashes at random in assets/, nine in ten are known by their names', async (t) => {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const names = randomNames(5000, letters, 8);
  // Rollup's begin with B, C or D.
  const known = names.filter((name) =>
    isHashed(`assets/index-${'BCD'[name.charCodeAt(0) % 3]}${name.slice(1)}.js`),
  );
  t.ok(known.length / names.length > 0.9);
});

/** As the engine tells what could be a hash from what is surely none (native/http/file_template.cc). */
function isDoubtful(stem: string, doubt: Doubt): boolean {
  const digits = stem.match(/[0-9a-f]{8,}/g) ?? [];
  const hexadecimal = digits.some((run) => /\d/.test(run) && /[a-f]/.test(run));
  const mark = stem.search(/[.-]/);
  const behind = mark >= 0 && stem.length - mark - 1 >= 8;
  return doubt !== 'none' && (hexadecimal || (doubt === 'hash' && behind));
}

t.test(
  'no name that carries a hash, or may be asked for in a build, is taken for a plain one',
  (t) => {
    const directories = [
      '',
      'a/',
      'assets/',
      'a/assets/img/',
      '_nuxt/',
      'static/',
      '_next/static/',
    ];
    const lower = '0123456789abcdef';
    const names = [
      ...Object.values(HASHED).flat(),
      ...randomNames(3000, `${lower}xyzABC-._`, 14).map((stem) => `${stem}.js`),
      ...randomNames(3000, `${lower}-.g`, 22).map((stem) => `${stem}.png`),
      ...randomNames(500, lower, 20).map((stem) => `${stem}.woff2`),
    ].map((path) => path.slice(path.lastIndexOf('/') + 1));
    const builds = buildsAt('');
    let plain = 0;
    for (const directory of directories) {
      for (const name of names) {
        const extension = name.slice(name.lastIndexOf('.') + 1);
        const doubt = doubtOf(directory.slice(0, -1), extension);
        const stem = name.slice(0, name.lastIndexOf('.'));
        if (doubt === undefined || stem === '' || isDoubtful(stem, doubt)) continue;
        plain++;
        const path = directory + name;
        if (isHashed(path) || builds.witnessesOf(path) !== undefined) t.fail(path);
      }
    }
    t.ok(plain > 1000, `${plain} names are plain`);
    t.end();
  },
);

/** The last are of nothing but a hash, or of none. */
const PATTERNS: Readonly<Record<string, string | undefined>> = {
  'assets/app-3f2a9c1b.js': 'assets/app-*.js',
  'assets/index-BxLaW0RJ.css.map': 'assets/index-*.css.map',
  'main.3f2a9c1b.settings.js': 'main.*.settings.js',
  'static/js/453.8ab44547.chunk.js': 'static/js/453.*.chunk.js',
  '1234.3f2a9c1b.js': '1234.*.js',
  'chunk-4XGTKZ5Q.js': 'chunk-*.js',
  '_next/static/chunks/4bd1b696-409494caf8c83275.js': '_next/static/chunks/4bd1b696-*.js',
  '_next/static/chunks/app/blog/[slug]/page-73e61f551f6942fb.js':
    '_next/static/chunks/app/blog/[slug]/page-*.js',
  '_next/static/media/4cf2300e9c8272f7-s.p.woff2': undefined,
  '_next/static/media/photo.0-ar5u2q8ilxp.jpg': '_next/static/media/photo.*.jpg',
  '_next/static/chunks/turbopack-0c3o1svijj_~~.js': '_next/static/chunks/turbopack-*.js',
  '_next/static/gJ4xT0aLq2uVn8yWcR5Zb/_buildManifest.js': '_next/static/*/_buildManifest.js',
  '_app/immutable/nodes/0.DNW6LhfW.js': '_app/immutable/nodes/0.*.js',
  '_next/static/chunks/0k1b-0dd3x_n4.js': undefined,
  '_nuxt/BFfIV2Jx.js': undefined,
  'assets/*-3f2a9c1b.js': undefined,
  'assets/settings.js': undefined,
  'index.html': undefined,
};

t.test('the versions of a file have one pattern', async (t) => {
  for (const [path, pattern] of Object.entries(PATTERNS)) t.equal(patternOf(path), pattern, path);
  t.equal(patternOf('assets/web-settings.js', true), undefined, 'no hash where there is a word');
  t.equal(patternOf('assets/web-hrtwplnm.js', true), undefined);
});

t.test('the pattern of a name is that name but for a hash', async (t) => {
  for (const path of Object.values(HASHED).flat()) {
    const pattern = patternOf(path);
    if (pattern === undefined) continue;
    const [head = '', tail = '', ...more] = pattern.split('*');
    t.ok(more.length === 0 && path.startsWith(head) && path.endsWith(tail), `${path}: ${pattern}`);
    t.ok(path.length >= pattern.length + 7, `${path}: ${pattern}`);
  }
});
