// What a real browser asks of a server, over HTTP/1.1 and over HTTP/2. Needs Debian's chromium.
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import type { Server } from '../../src/server/server.ts';
import { startServer } from '../support/server.ts';
import { TLS_OPTIONS } from '../support/tls.ts';
import { makeTree, type Node } from '../support/tree.ts';
import { launchChromium, missingChromium, visit } from './chromium.ts';
import { toneWav } from './wav.ts';

if (missingChromium !== undefined) {
  t.plan(0, `no browser test: ${missingChromium}`);
  process.exit();
}

const browser = await launchChromium(t);

interface Site {
  readonly server: Server;
  readonly url: string;
}

/** The tree over either protocol. */
function overBoth(
  title: string,
  nodes: Readonly<Record<string, Node>>,
  run: (t: Test, site: Site, protocol: string) => Promise<void>,
): void {
  t.test(title, async (t) => {
    const root = makeTree(t, nodes);
    for (const protocol of ['http/1.1', 'h2']) {
      const secure = protocol === 'h2';
      const skip = secure && loadNative().addon === undefined && 'no engine';
      t.test(protocol, { skip }, async (t) => {
        const server = await startServer(t, { root, ...(secure ? TLS_OPTIONS : {}) });
        const url = `${secure ? 'https' : 'http'}://localhost:${server.port}/`;
        await run(t, { server, url }, protocol);
      });
    }
  });
}

const HEAD = '<!doctype html><link rel="icon" href="data:,"><title>test</title>';

/** Runs the lines of an async function in the page. */
const evaluate = <T>(page: Page, lines: string) =>
  page.evaluate(`(async () => { ${lines} })()`) as Promise<T>;

const PARTS = Array.from({ length: 24 }, (_, at) => at);
const parts = Object.fromEntries(
  PARTS.map((at) => [`part${at}.js`, `loaded.push(${at}); //${'x'.repeat(at * 4000)}`]),
);
const scripts = PARTS.map((at) => `<script async src="part${at}.js"></script>`).join('');

overBoth(
  'a page of many parts',
  { ...parts, 'index.html': `${HEAD}<script>const loaded = [];</script>${scripts}` },
  async (t, { url }, protocol) => {
    const { page, complaints } = await visit(t, browser, 'about:blank');
    const devtools = await page.context().newCDPSession(page);
    const connections = new Set<number>();
    devtools.on('Network.responseReceived', ({ response }) => {
      connections.add(response.connectionId);
    });
    await devtools.send('Network.enable');
    await page.goto(url, { waitUntil: 'load' });
    t.same(
      await evaluate<number[]>(page, 'return loaded.sort((a, b) => a - b);'),
      PARTS,
      'all of them are loaded',
    );
    const protocols = await evaluate<string[]>(
      page,
      `const entries = ['navigation', 'resource'].flatMap((type) => performance.getEntriesByType(type));
       return entries.map(({ nextHopProtocol }) => nextHopProtocol);`,
    );
    t.same(protocols, [protocol, ...PARTS.map(() => protocol)], `the page sees ${protocol}`);
    if (protocol === 'h2') t.equal(connections.size, 1, 'on one connection');
    else t.comment(`on ${connections.size} connections`);
    t.same(complaints, []);
  },
);

const SECONDS = 600;
const wav = toneWav(SECONDS);

overBoth(
  'media are sought by ranges',
  {
    'tone.wav': wav,
    'index.html': `${HEAD}<video src="tone.wav" preload="metadata" controls></video>`,
  },
  async (t, { server, url }, protocol) => {
    const { page } = await visit(t, browser, 'about:blank');
    const asked: string[] = [];
    page.on('response', (response) => {
      if (!response.url().endsWith('.wav')) return;
      asked.push(
        `${response.request().headers().range} → ${response.status()} ${response.headers()['content-range']}`,
      );
    });
    await page.goto(url);
    const onVideo = <T>(lines: string) =>
      evaluate<T>(
        page,
        `const video = document.querySelector('video');
         const once = (name) => new Promise((resolve) => video.addEventListener(name, resolve, { once: true }));
         ${lines}`,
      );
    const duration = await onVideo<number>(
      `if (video.readyState < 1) await once('loadedmetadata'); return video.duration;`,
    );
    t.equal(Math.round(duration), SECONDS, 'its length is known');
    for (const second of [590, 10, 300]) {
      const found = await onVideo<number>(
        `const sought = once('seeked'); video.currentTime = ${second}; await sought; return video.currentTime;`,
      );
      t.equal(found, second, `seek to ${second} s`);
    }
    t.ok(
      await onVideo<boolean>(
        `await video.play(); await once('timeupdate'); video.pause(); return video.error === null;`,
      ),
      'and it plays',
    );
    const protocols = await evaluate<string[]>(
      page,
      `return performance.getEntriesByType('resource').map(({ nextHopProtocol }) => nextHopProtocol);`,
    );
    // What comes from the browser's own memory came over none.
    t.same([...new Set(protocols.filter(Boolean))], [protocol]);
    const partial = asked.filter((line) => / → 206 bytes [1-9]/.test(line));
    t.ok(partial.length > 0, `it asked for parts: ${asked.join('; ')}`);
    const { byStrategy } = server.stats();
    const sent = Object.values(byStrategy).reduce((sum, { bytes }) => sum + bytes, 0);
    t.comment(`${sent} bytes were sent of a file of ${wav.length}`);
  },
);

const WORKER = `
self.addEventListener('install', (event) => {
  const fill = async () => (await caches.open('site')).addAll(['./', 'kept.txt']);
  event.waitUntil(fill());
});
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => {
  event.respondWith(caches.match(event.request).then((kept) => kept ?? fetch(event.request)));
});`;

overBoth(
  'a service worker takes over, and serves when the server has gone',
  { 'index.html': `${HEAD}<p>home`, 'kept.txt': 'kept', 'other.txt': 'other', 'sw.js': WORKER },
  async (t, { server, url }) => {
    const { page, complaints } = await visit(t, browser, url);
    await evaluate(
      page,
      `const controlled = new Promise((resolve) =>
         navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }));
       await navigator.serviceWorker.register('sw.js');
       await controlled;`,
    );
    // What is fresh by its age (RFC 9111 §4.2.2) the browser has for a while, whoever has gone.
    const load = (path: string) =>
      evaluate<string>(page, `return (await fetch('${path}', { cache: 'no-store' })).text();`);
    t.equal(await load('other.txt'), 'other', 'what it has not, it asks the server for');
    t.same(complaints, []);
    await server.close();
    await page.reload();
    t.equal(await page.textContent('p'), 'home');
    t.equal(await load('kept.txt'), 'kept');
    await t.rejects(load('other.txt'), /Failed to fetch/);
  },
);

const noEngine = loadNative().addon === undefined && 'no engine';
t.test(
  'early hints: what a build loads comes ahead of its page, and once',
  { skip: noEngine },
  async (t) => {
    // As Vite writes both.
    const links = `<script type="module" crossorigin src="/assets/a.js"></script>
    <link rel="modulepreload" crossorigin href="/assets/b.js">
    <link rel="stylesheet" crossorigin href="/assets/a.css">`;
    const page = { file: 'assets/a.js', isEntry: true, imports: ['_b.js'], css: ['assets/a.css'] };
    const manifest = { 'index.html': page, '_b.js': { file: 'assets/b.js' } };
    const root = makeTree(t, {
      'index.html': `${HEAD}${links}`,
      'assets/a.js': 'import "./b.js"; document.title = "loaded";',
      'assets/b.js': '',
      'assets/a.css': 'body { color: green }',
      '.vite/manifest.json': JSON.stringify(manifest),
    });
    const options = { root, earlyHints: '.vite/manifest.json' } as const;
    const server = await startServer(t, { ...options, ...TLS_OPTIONS, cacheControl: 'max-age=60' });
    const { page: shown, complaints } = await visit(
      t,
      browser,
      `https://localhost:${server.port}/`,
    );
    t.equal(await shown.title(), 'loaded');
    const loaded = await evaluate<Record<string, string>>(
      shown,
      `const entries = performance.getEntriesByType('resource');
     return Object.fromEntries(entries.map(({ name, initiatorType }) => [new URL(name).pathname, initiatorType]));`,
    );
    const ahead = 'early-hints';
    t.same(loaded, { '/assets/a.css': ahead, '/assets/a.js': ahead, '/assets/b.js': ahead });
    const first = await evaluate<number>(
      shown,
      `return performance.getEntriesByType('navigation')[0].firstInterimResponseStart;`,
    );
    t.ok(first > 0, 'the page knows of the 103');
    t.match(server.stats().byStatus.h2, { 200: 4 }, 'each was asked for once');
    t.same(complaints, []);
  },
);
