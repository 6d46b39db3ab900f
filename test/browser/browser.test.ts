// A real browser loads the demo site, a listing and an error. Needs Debian's chromium.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import t from 'tap';
import { startServer } from '../support/server.ts';
import { makeTree } from '../support/tree.ts';
import { launchChromium, missingChromium, visit } from './chromium.ts';

if (missingChromium !== undefined) {
  t.plan(0, `no browser test: ${missingChromium}`);
  process.exit();
}

const PUBLIC = fileURLToPath(new URL('../../public/', import.meta.url));
const ASSETS = fileURLToPath(new URL('../../public/.make-assets.mjs', import.meta.url));
/** Where screenshots go, if anywhere: `SCREENSHOTS=dir`. */
const SCREENSHOTS = process.env.SCREENSHOTS;

const browser = await launchChromium(t);

async function shoot(page: Page, name: string): Promise<void> {
  if (SCREENSHOTS === undefined) return;
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
}

t.test('the demo site shows how its own files travelled', async (t) => {
  execFileSync(process.execPath, [ASSETS], { stdio: 'ignore' });
  const { url } = await startServer(t, { root: PUBLIC, serverTiming: true });
  const { page, complaints } = await visit(t, browser, url);
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
  const { page, complaints } = await visit(t, browser, url);
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
  const dark = await visit(t, browser, url, true);
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
  const { page, complaints } = await visit(t, browser, `${url}/in/`);
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
  const error = await visit(t, browser, `${url}/none`);
  t.same(await error.page.evaluate(looks), listing);
  const own = error.complaints.filter((line) => !/404/.test(line));
  t.same(own, [], 'its policy refuses nothing of its own');
  await shoot(error.page, 'error');
});
