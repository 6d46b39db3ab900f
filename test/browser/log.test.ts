// The page of examples/ci-log follows the log of a build in a real browser. Needs Debian's chromium.
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { startServer } from '../support/server.ts';
import { makeTree } from '../support/tree.ts';
import { launchChromium, missingChromium } from './chromium.ts';

if (missingChromium !== undefined) {
  t.plan(0, `no browser test: ${missingChromium}`);
  process.exit();
}

const ROOT = fileURLToPath(new URL('../../examples/ci-log/', import.meta.url));

const browser = await launchChromium(t);

t.test(
  'a build is shown from before it begins to its end, over connections that end',
  async (t) => {
    const streams = { streams: '/logs', streamsDir: makeTree(t) };
    const { url } = await startServer(t, { root: ROOT, ...streams, sseTimeout: 300 });
    const log = new URL('/logs/build', url);
    const ask = async (method: string, body: string, headers = {}) => {
      const type = { 'content-type': 'text/plain; charset=utf-8' };
      const { status } = await fetch(log, { method, body, headers: { ...type, ...headers } });
      t.ok(status < 300, `${method} ${status}`);
    };
    const context = await browser.newContext();
    t.teardown(() => context.close());
    const page = await context.newPage();
    const shows = (text: string) =>
      page.waitForFunction(
        `document.querySelector('#log').textContent === ${JSON.stringify(text)}`,
      );
    const errors: string[] = [];
    page.on('pageerror', ({ message }) => errors.push(message));
    await Promise.all([page.waitForResponse(/\/logs\/build/), page.goto(url)]);
    t.equal(await page.textContent('#state'), 'waiting', 'for a build that has not begun');
    await ask('PUT', '');
    let expected = '';
    for (const line of [
      'gcc -c grüße.c\n',
      ' 🦊  indented\n',
      '\n',
      'half a line, ',
      'the other\n',
    ]) {
      const next = page.waitForResponse(/\/logs\/build/);
      await ask('POST', line);
      expected += line;
      await shows(expected);
      // A connection of this one's own has ended meanwhile, or does so now.
      await next;
    }
    t.equal(await page.textContent('#state'), 'running');
    await ask('POST', 'done\n', { 'stream-closed': 'true' });
    await page.waitForFunction(`document.querySelector('#state').textContent === 'finished'`);
    await shows(`${expected}done\n`);
    t.same(errors, []);
  },
);
