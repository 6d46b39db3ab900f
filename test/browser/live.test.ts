// The recipe of a log that is followed in a browser, by an EventSource: line by line, also when it is rotated, and when the
// server was away. Needs Debian's chromium.
import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { startServer } from '../support/server.ts';
import { makeTree } from '../support/tree.ts';
import { launchChromium, missingChromium } from './chromium.ts';

if (missingChromium !== undefined) {
  t.plan(0, `no browser test: ${missingChromium}`);
  process.exit();
}

const RECIPES = readFileSync(
  fileURLToPath(new URL('../../docs/recipes.md', import.meta.url)),
  'utf8',
);
const page = /^## `tail -f` in a browser\n.*?^```html\n(.*?)^```$/ms.exec(RECIPES)?.[1] ?? '';

const browser = await launchChromium(t);

t.test('a log is followed', async (t) => {
  const root = makeTree(t, { 'follow.html': page, 'app.log': 'one\ntwo\n' });
  const log = join(root, 'app.log');
  const options = { root, live: ['*.log'], revalidate: 100, grace: 10_000 };
  const server = await startServer(t, options);
  const tab = await (await browser.newContext()).newPage();
  await tab.goto(`${server.url}/follow.html`);
  const shown = tab.locator('#log');
  const shows = (text: string) => shown.filter({ hasText: text }).waitFor();
  await shows('two');
  appendFileSync(log, 'th');
  appendFileSync(log, Buffer.from('r\xc3\xbcee <b>\nfo', 'latin1'));
  await shows('thrüee <b>');
  renameSync(log, `${log}.1`);
  writeFileSync(log, 'new\n');
  await shows('new');
  const { port } = server;
  await server.close();
  appendFileSync(log, 'meanwhile\n');
  await startServer(t, { ...options, port });
  await shows('meanwhile');
  t.equal(
    await shown.textContent(),
    'one\ntwo\nthrüee <b>\nfo\n(replaced)\nnew\n(closed)\nmeanwhile\n',
  );
});

t.test('its bytes are a page, which is shown as they come', async (t) => {
  const root = makeTree(t, { 'app.log': 'one\n' });
  const server = await startServer(t, { root, live: ['*.log'] });
  const tab = await (await browser.newContext()).newPage();
  await tab.goto(`${server.url}/app.log?live`, { waitUntil: 'commit' });
  const shows = (text: string) => tab.locator('pre', { hasText: text }).waitFor();
  await shows('one');
  appendFileSync(join(root, 'app.log'), 'two\n');
  await shows('two');
});
