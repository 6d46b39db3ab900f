// A real browser loads the demo site and a listing, and seeks in media by ranges. Needs Debian's chromium.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { startServer } from '../support/server.ts';
import { makeTree } from '../support/tree.ts';
import { toneWav } from './wav.ts';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
if (!existsSync(EXECUTABLE)) {
  t.plan(0, `no browser test: ${EXECUTABLE} is missing`);
  process.exit();
}

const PUBLIC = fileURLToPath(new URL('../../public/', import.meta.url));
const ASSETS = fileURLToPath(new URL('../../public/.make-assets.mjs', import.meta.url));
/** Where screenshots go, if anywhere: `SCREENSHOTS=dir`. */
const SCREENSHOTS = process.env.SCREENSHOTS;

const browser: Browser = await chromium.launch({
  executablePath: EXECUTABLE,
  headless: true,
  args: [
    ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
    ...['--disable-background-networking', '--disable-component-update'],
    '--autoplay-policy=no-user-gesture-required',
  ],
});
t.teardown(() => browser.close());

interface Visit {
  readonly page: Page;
  /** What the page complained about: errors, warnings, requests that failed. */
  readonly complaints: string[];
}

async function visit(t: Test, url: string, dark = false): Promise<Visit> {
  const context = await browser.newContext({ colorScheme: dark ? 'dark' : 'light' });
  t.teardown(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('requestfailed', (request) => complaints.push(`${request.url()} failed`));
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`${response.url()}: ${response.status()}`);
  });
  await page.goto(url, { waitUntil: 'networkidle' });
  return { page, complaints };
}

async function shoot(page: Page, name: string): Promise<void> {
  if (SCREENSHOTS === undefined) return;
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
}

t.test('the demo site shows how its own files travelled', async (t) => {
  execFileSync(process.execPath, [ASSETS], { stdio: 'ignore' });
  const { url } = await startServer(t, { root: PUBLIC, serverTiming: true });
  const { page, complaints } = await visit(t, url);
  const rows = page.locator('#files tr[data-strategy]');
  await page.waitForFunction('!document.querySelector("#again").disabled');
  const strategies = await rows.evaluateAll((all) =>
    all.map((row) => row.getAttribute('data-strategy')),
  );
  t.ok(
    strategies.length > 3 &&
      strategies.every((each) => /^(?:mmap|sendfile|read)$/.test(each ?? '')),
    strategies.join(', '),
  );
  await page.click('#again');
  await page.waitForFunction('!document.querySelector("#again").disabled');
  const images = await page
    .locator('img')
    .evaluateAll((all) =>
      all.map((image) => (image as { naturalWidth?: number }).naturalWidth ?? 0),
    );
  t.ok(
    images.every((width) => width > 0),
    `${images.length} images are shown`,
  );
  t.same(complaints, [], 'without a complaint');
  await shoot(page, 'demo');
  await page.emulateMedia({ colorScheme: 'dark' });
  await shoot(page, 'demo-dark');
});

t.test('a listing works with and without its script, in light and dark', async (t) => {
  const root = makeTree(t, {
    'a.txt': { size: 1500, mtime: new Date('2001-02-03T04:05:06Z') },
    'big.bin': { sparse: 3 * 2 ** 30 },
    'dir/inside.txt': 'inside',
    // Asked for by the browser when it shows a text.
    'favicon.ico': 'x',
    '<b>&.txt': 'odd',
    'grüße 🦊.txt': 'hello',
    ['very-long-name-'.repeat(14)]: 'long',
  });
  const { url } = await startServer(t, { root, listing: true });
  const { page, complaints } = await visit(t, url);
  const names = () => page.locator('tbody tr:not([hidden]) td:first-child').allTextContents();
  t.ok((await names()).includes('<b>&.txt'), 'names are text');
  await shoot(page, 'listing');
  await page.keyboard.press('/');
  await page.keyboard.type('grü');
  t.same(await names(), ['grüße 🦊.txt'], 'the filter finds');
  await page.keyboard.press('ArrowDown');
  await Promise.all([page.waitForURL(/gr%C3%BC/), page.keyboard.press('Enter')]);
  t.equal(await page.locator('body').textContent(), 'hello', 'the keyboard opens');
  await page.goBack();
  await Promise.all([page.waitForURL(/sort=size/), page.click('thead >> text=Size')]);
  t.equal((await names())[0], 'dir/', 'sorted by size, directories first');
  await page.click('text=dir/');
  await page.waitForURL(/dir\/$/);
  await page.click('text=../');
  await page.waitForURL(`${url}/`);
  t.same(complaints, [], 'without a complaint');
  const dark = await visit(t, url, true);
  t.not(
    await dark.page.evaluate('getComputedStyle(document.body).color'),
    await page.evaluate('getComputedStyle(document.body).color'),
    'dark mode has colours of its own',
  );
  await shoot(dark.page, 'listing-dark');
  t.same(dark.complaints, []);

  const context = await browser.newContext({
    javaScriptEnabled: false,
    viewport: { width: 360, height: 640 },
  });
  t.teardown(() => context.close());
  const plain = await context.newPage();
  await plain.goto(url);
  await plain.click('text=dir/');
  t.match(plain.url(), /dir\/$/, 'links need no script');
  await plain.goto(url);
  t.equal(
    await plain.evaluate('document.documentElement.scrollWidth'),
    360,
    'a phone shows all of it, without scrolling sideways',
  );
  const row = plain.locator('tr', { hasText: 'a.txt' }).locator('td');
  t.same(await row.allInnerTexts(), ['a.txt', '1.5 KiB', '2001-02-03 04:05']);
  for (const [at, cell] of (await row.all()).entries()) {
    t.ok(((await cell.boundingBox())?.width ?? 0) > 40, `column ${at} is to be seen`);
  }
  await shoot(plain, 'listing-small');
});

t.test('icons come by kind without a request, and errors have the same looks', async (t) => {
  const names = ['a.png', 'a.mp3', 'a.zip', 'a.js', 'a.txt', 'a.bin', 'B.PNG'];
  const root = makeTree(t, {
    'd/x': 'x',
    ...Object.fromEntries(names.map((name) => [`in/${name}`, 'x'])),
    'in/d/x': 'x',
  });
  const { url } = await startServer(t, { root, listing: true });
  const { page, complaints } = await visit(t, `${url}/in/`);
  const icons = (await page.evaluate(`Object.fromEntries(
    [...document.querySelectorAll('td a')].map((a) => [
      a.textContent,
      getComputedStyle(a, '::before').maskImage,
    ]))`)) as Record<string, string>;
  t.same(Object.keys(icons).sort(), ['../', 'd/', ...names].sort());
  t.equal(icons['B.PNG'], icons['a.png'], 'whatever its case');
  t.equal(new Set(Object.values(icons)).size, names.length + 1, 'one for each kind');
  for (const icon of Object.values(icons)) t.match(icon, /^url\("data:image\/svg\+xml,/);
  const requests = 'performance.getEntriesByType("resource").length';
  t.equal(await page.evaluate(requests), 0, 'without a request');
  t.same(complaints, []);
  const looks = `(({ color, backgroundColor, fontFamily }) => ({ color, backgroundColor, fontFamily }))(
    getComputedStyle(document.documentElement))`;
  const listing = await page.evaluate(looks);
  const error = await visit(t, `${url}/none`);
  t.same(await error.page.evaluate(looks), listing);
  const own = error.complaints.filter((line) => !/404/.test(line));
  t.same(own, [], 'its policy refuses nothing of its own');
  await shoot(error.page, 'error');
});

t.test('audio is sought by ranges', async (t) => {
  const SECONDS = 600;
  const wav = toneWav(SECONDS);
  const root = makeTree(t, {
    'tone.wav': wav,
    'index.html':
      '<!doctype html><link rel="icon" href="data:,"><title>seek</title><audio src="tone.wav" preload="metadata" controls></audio>',
  });
  const server = await startServer(t, { root });
  const asked: string[] = [];
  const context = await browser.newContext();
  t.teardown(() => context.close());
  const page = await context.newPage();
  page.on('response', (response) => {
    if (!response.url().endsWith('.wav')) return;
    asked.push(
      `${response.request().headers().range} → ${response.status()} ${response.headers()['content-range']}`,
    );
  });
  await page.goto(server.url);
  const evaluate = <T>(script: string) =>
    page.evaluate(`(async () => {
    const audio = document.querySelector('audio');
    const once = (name) => new Promise((resolve) => audio.addEventListener(name, resolve, { once: true }));
    ${script}
  })()`) as Promise<T>;
  const duration = await evaluate<number>(
    `if (audio.readyState < 1) await once('loadedmetadata'); return audio.duration;`,
  );
  t.equal(Math.round(duration), SECONDS, 'its length is known');
  for (const second of [590, 10, 300]) {
    const found = await evaluate<number>(
      `const sought = once('seeked'); audio.currentTime = ${second}; await sought; return audio.currentTime;`,
    );
    t.equal(found, second, `seek to ${second} s`);
  }
  t.ok(
    await evaluate<boolean>(
      `await audio.play(); await once('timeupdate'); audio.pause(); return audio.error === null;`,
    ),
    'and it plays',
  );
  const partial = asked.filter((line) => / → 206 bytes [1-9]/.test(line));
  t.ok(partial.length > 0, `it asked for parts: ${asked.join('; ')}`);
  const { byStrategy } = server.stats();
  const sent = Object.values(byStrategy).reduce((sum, { bytes }) => sum + bytes, 0);
  t.comment(`${sent} bytes were sent of a file of ${wav.length}`);
});
