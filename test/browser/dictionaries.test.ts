// A real browser keeps a script as a dictionary and loads the next release by what has changed. RFC 9842. Needs chromium.
import { createHash } from 'node:crypto';
import t from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { markOf } from '../../src/encode/encoders.ts';
import { until } from '../faults/process.ts';
import { startServer } from '../support/server.ts';
import { TLS_OPTIONS } from '../support/tls.ts';
import { makeTree } from '../support/tree.ts';
import { launchChromium, missingChromium, visit } from './chromium.ts';

const missing = missingChromium ?? (loadNative().addon === undefined ? 'no engine' : undefined);
if (missing !== undefined) {
  t.plan(0, `no browser test: ${missing}`);
  process.exit();
}

function release(number: number): string {
  const lines = Array.from(
    { length: 200 },
    (_, at) => `const a${at} = ${Math.imul(at + 1, 0x9e3779b1)};\n`,
  );
  return `${lines.join('')}document.title = 'release ${number}';\n`;
}

/** The second release by the first, as node:zlib of Node 24 makes it: Node 20 takes no dictionaries. */
const STREAMS = {
  dcb: '4mYCv5GSdWxTK8jsjMkTt7cS5bP457oCwLdFAQ==',
  dcz: 'KLUv/WA4EnUAAChjMic7CgEAMLMz/REC',
} as const;

const OLD = new Date('2001-01-01T00:00:00Z');
const hash = createHash('sha256').update(release(1)).digest();
const pageOf = (name: string) =>
  `<!doctype html><link rel="icon" href="data:,"><script src="${name}"></script>`;

const browser = await launchChromium(t);

for (const coding of ['dcb', 'dcz'] as const) {
  t.test(coding, async (t) => {
    const form = Buffer.concat([markOf(coding, hash), Buffer.from(STREAMS[coding], 'base64')]);
    const root = makeTree(t, {
      'index.html': pageOf('assets/app-11aa22bb.js'),
      'next.html': pageOf('assets/app-33cc44dd.js'),
      'assets/app-11aa22bb.js': release(1),
      'assets/app-33cc44dd.js': { text: release(2), mtime: OLD },
      [`assets/app-33cc44dd.js.${hash.toString('hex')}.${coding}`]: form,
    });
    const server = await startServer(t, {
      ...{ root, dictionaries: true, immutableHashed: true, compress: 'off' },
      ...TLS_OPTIONS,
    });
    const base = `https://localhost:${server.port}`;
    const { page, complaints } = await visit(t, browser, `${base}/`);
    t.equal(await page.title(), 'release 1');
    const codings: Array<string | undefined> = [];
    page.on('response', (response) => {
      if (response.url().includes('33cc44dd')) codings.push(response.headers()['content-encoding']);
    });
    // It is kept as a dictionary a moment after it was loaded.
    await until(async () => {
      const { origin } = new URL(base);
      await page.evaluate(
        (url) => fetch(url, { headers: { 'cache-control': 'no-cache' } }).then((r) => r.text()),
        `${origin}/assets/app-33cc44dd.js`,
      );
      return codings.at(-1) === coding;
    });
    await page.goto(`${base}/next.html`, { waitUntil: 'load' });
    t.equal(await page.title(), 'release 2', 'what it decodes runs');
    t.same(complaints, []);
  });
}
