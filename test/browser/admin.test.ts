// The live page in a real browser: it shows what was sent, in light, dark and narrow, and asks nobody else. Needs Debian's
// chromium.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import type { Server } from '../../src/server/server.ts';
import { connect, requestBytes } from '../support/client.ts';
import { startServer } from '../support/server.ts';
import { makeTree } from '../support/tree.ts';
import { launchChromium, missingChromium, visit } from './chromium.ts';

if (missingChromium !== undefined) {
  t.plan(0, `no browser test: ${missingChromium}`);
  process.exit();
}

/** Where screenshots go, if anywhere: `SCREENSHOTS=dir`. */
const SCREENSHOTS = process.env.SCREENSHOTS;

const browser = await launchChromium(t);
const root = makeTree(t, {
  'small.txt': { size: 1000 },
  'large.bin': { size: 200_000 },
  'huge.bin': { sparse: 2 ** 26 },
});

async function shoot(page: Page, name: string): Promise<void> {
  if (SCREENSHOTS === undefined) return;
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
}

async function ask(server: Server, path: string, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await (await fetch(server.url + path)).arrayBuffer();
}

/** The page never rests: it asks once a second. */
async function open(t: Test, server: Server, dark = false) {
  const visited = await visit(t, browser, `${server.admin}/`, dark);
  // Its policy lets nobody evaluate text, so that all waiting is by locators.
  await visited.page.locator('#bytes path').first().waitFor({ state: 'attached' });
  return visited;
}

/** How far the contrast of each text to what is behind it falls short of WCAG 2 §1.4.3. */
const CONTRAST = `(() => {
  const rgb = (text) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 });
    const context = canvas.getContext('2d');
    context.fillStyle = text;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  const light = (text) => {
    const [r, g, b] = rgb(text).map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (at) => {
    for (; at; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at);
      if (rgb(backgroundColor)[3] === 255) return backgroundColor;
    }
  };
  return [...document.querySelectorAll('h1,h2,p,a,dt,dd,th,td')].filter((at) => at.textContent.trim() !== '').map((at) => {
    const [high, low] = [light(getComputedStyle(at).color), light(behind(at))].sort((a, b) => b - a);
    return [at.textContent, (high + 0.05) / (low + 0.05)];
  }).filter(([, ratio]) => ratio < 4.5);
})()`;

t.test('it shows what was sent, without a complaint and without reloading', async (t) => {
  const server = await startServer(t, { root, admin: 0, mmapMinUses: 1 });
  await ask(server, '/small.txt', 3);
  await ask(server, '/none', 2);
  const { page, complaints } = await open(t, server);
  t.equal(await page.textContent('#state'), 'ready');
  t.match(await page.textContent('#about'), server.url);
  const statuses = () =>
    page
      .locator('#statuses tr')
      .evaluateAll((all) =>
        all.map((row) => [...row.querySelectorAll('th,td')].map((cell) => cell.textContent ?? '')),
      );
  t.same(await statuses(), [
    ['200', 'http/1.1', '3', '60.0 %'],
    ['404', 'http/1.1', '2', '40.0 %'],
  ]);
  await ask(server, '/large.bin', 5);
  await page.locator('#statuses td:nth-child(3)', { hasText: /^8$/ }).waitFor();
  await page.locator('#ways', { hasText: 'sendfile' }).waitFor();
  t.match(await page.textContent('#answers-note'), /^10 so far/);
  t.same(complaints, []);
  t.same(
    await page.evaluate(
      'performance.getEntriesByType("resource").map((e) => e.name).filter((name) => !name.startsWith(location.origin))',
    ),
    [],
  );
});

t.test('it says that it drains, and that nobody answers any more', async (t) => {
  const server = await startServer(t, { root, admin: 0, grace: 60_000 });
  const { page } = await open(t, server);
  const busy = await connect({ port: server.port });
  busy.pause();
  await busy.send(requestBytes('/huge.bin'));
  while (server.stats().transfers === 0) await new Promise((resolve) => setImmediate(resolve));
  const closed = server.close();
  await page.locator('#state', { hasText: 'draining' }).waitFor();
  busy.close();
  await closed;
  await page.locator('#state', { hasText: 'not reachable since' }).waitFor();
  t.ok(await page.locator('body.stale').count());
});

for (const [name, dark, width] of [
  ['light', false, 1280],
  ['dark', true, 1280],
  ['narrow', false, 320],
  ['narrow and dark', true, 360],
] as const) {
  t.test(`${name}: all can be read, and nothing has to be moved sideways`, async (t) => {
    const server = await startServer(t, { root, admin: 0 });
    await ask(server, '/small.txt', 50);
    await ask(server, '/large.bin', 50);
    const { page } = await open(t, server, dark);
    await page.setViewportSize({ width, height: 900 });
    t.same(await page.evaluate(CONTRAST), [], 'contrast');
    t.equal(await page.evaluate('document.documentElement.scrollWidth'), width);
    await shoot(page, `admin-${name.replaceAll(' ', '-')}`);
  });
}

t.test('it is named for those who do not see it', async (t) => {
  const server = await startServer(t, { root, admin: 0 });
  const { page } = await open(t, server);
  t.equal(await page.getByRole('status').count(), 1);
  for (const name of ['Memory cache', 'Open files']) {
    t.equal(await page.getByRole('meter', { name }).count(), 1, name);
  }
  for (const name of ['Answers by status', 'Bodies by strategy and reason', 'Trouble']) {
    t.equal(await page.getByRole('table', { name }).count(), 1, name);
  }
  const images = await page.getByRole('img').all();
  for (const image of images) t.ok(await image.getAttribute('aria-label'));
  t.equal(await page.getAttribute('html', 'lang'), 'en');
});
