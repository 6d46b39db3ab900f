// Files are replaced and rewritten while their encoded forms are made and asked for: whatever comes decodes to one version.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { launchChromium, missingChromium } from '../browser/chromium.ts';
import { CARRIERS, missing, startOrigin } from '../http/carriers.ts';
import { startHost } from '../http/host.ts';
import { type Answer, connect, request, requestBytes } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import { times } from './effort.ts';
import { until } from './process.ts';

const run = promisify(execFile);

/** The name, how many lines, and whether it is rewritten in place: small enough to be read in one piece. */
const FILES = [
  ['small.js', 60, true],
  ['middle.css', 400, true],
  ['large.html', 1200, false],
] as const;

/** Each line says which version it is of. All versions have the same length. */
function textOf(version: number, lines: number): string {
  const number = (value: number) => String(value >>> 0).padStart(10, '0');
  const line = (at: number) =>
    `/* version ${number(version)} */ let a${at} = ${number(Math.imul(at, version))};\n`;
  return Array.from({ length: lines }, (_, at) => line(at)).join('');
}

function isOneVersion(text: string): boolean {
  const [, version = ''] = /^\/\* version (\d+) /.exec(text) ?? [];
  const lines = FILES.map(([, count]) => count);
  return lines.some((count) => text === textOf(Number(version), count));
}

function decode(answer: Answer): string {
  switch (answer.field('content-encoding')) {
    case 'br':
      return brotliDecompressSync(answer.body).toString();
    case 'gzip':
      return gunzipSync(answer.body).toString();
    default:
      return answer.body.toString();
  }
}

/** One file changes with each call. */
function weather(root: string) {
  const outside = `${root}.new`;
  let version = 1;
  return {
    change() {
      const [name, lines, inPlace] = FILES[version++ % FILES.length] ?? FILES[0];
      const text = textOf(version, lines);
      if (inPlace && version % 2 === 0) {
        writeFileSync(join(root, name), text, { flag: 'r+' });
      } else {
        writeFileSync(outside, text);
        renameSync(outside, join(root, name));
      }
      return name;
    },
    end: () => rmSync(outside, { force: true }),
  };
}

const CODINGS = ['br, gzip', 'gzip', 'identity', 'br;q=0.5, *'];
/** Encoded answers from a file before another one changes. */
const CALM = 10;

/** For clients that cannot be asked what they have seen: small files, which are encoded in no time, change so often. */
const QUICK = FILES.slice(0, 2).map(([file]) => file);
const PAUSE_MS = 300;

async function start(t: Test, name: string) {
  const carrier = CARRIERS.find((each) => each.name === name);
  if (carrier === undefined || missing(carrier) !== undefined) return undefined;
  const root = makeTree(t, Object.fromEntries(FILES.map(([file, n]) => [file, textOf(1, n)])));
  const host = startHost(t, carrier);
  const options = { root, compress: 'on', compressCpu: 100, logLevel: 'silent' } as const;
  const origin = await startOrigin(carrier, host, options);
  const storm = weather(root);
  t.teardown(() => storm.end());
  return { origin, root, storm };
}

// TLS is the browser's.
for (const name of ['native', 'http1']) {
  t.test(`${name}, by Node's zlib`, async (t) => {
    const started = await start(t, name);
    if (started === undefined) return t.comment('not here');
    const { origin, storm } = started;
    const seen = { br: 0, gzip: 0, identity: 0 };
    const wrong: string[] = [];
    let asked = 0;
    let [changed, calm, changes] = [storm.change(), 0, 1];
    const most = times(1000, 60_000);
    const live = async () => {
      const connection = await connect(origin.address);
      while ((asked < most || changes < 8) && asked < 20 * most) {
        const at = asked++;
        const [file] = FILES[at % FILES.length] ?? FILES[0];
        const accepted = CODINGS[Math.floor(at / FILES.length) % CODINGS.length] ?? '';
        const fields = { 'accept-encoding': accepted, connection: 'keep-alive' };
        await connection.send(requestBytes(`/${file}`, { fields }));
        const answer = await connection.read();
        const coding = (answer.field('content-encoding') ?? 'identity') as keyof typeof seen;
        seen[coding]++;
        if (answer.status !== 200 || !isOneVersion(decode(answer))) {
          wrong.push(`${file} in ${coding}: ${answer.status}, ${answer.body.length} bytes`);
        }
        if (file === changed && coding !== 'identity') calm++;
        // Forms are made of the time that nobody else wants.
        else if (coding === 'identity') await setTimeout(1);
        if (calm < CALM) continue;
        [changed, calm, changes] = [storm.change(), 0, changes + 1];
      }
      connection.close();
    };
    await Promise.all([live(), live()]);
    t.comment(`${changes} changes`, JSON.stringify(seen));
    t.same(wrong, []);
    t.ok(seen.br > 0 && seen.gzip > 0, 'forms were used');
    await origin.close();
  });
}

t.test('by curl', async (t) => {
  const started = await start(t, 'native');
  if (started === undefined) return t.comment('not here');
  const { origin, storm } = started;
  // Without a pause, curl is done before a form is.
  const fields = { 'accept-encoding': 'gzip' };
  await until(async () => {
    const answer = await request(origin.address, `/${QUICK[0]}`, { fields });
    return answer.field('content-encoding') === 'gzip';
  });
  const folder = makeTree(t);
  const { port } = origin.address;
  const url = `http://127.0.0.1:${port}/{${QUICK.join()}}?[1-${times(300, 4000)}]`;
  const storming = setInterval(() => storm.change(), PAUSE_MS);
  t.teardown(() => clearInterval(storming));
  await run('curl', [
    '-sS',
    ...['--compressed', '-H', 'Accept-Encoding: gzip'],
    '-D',
    join(folder, 'heads'),
    '-o',
    join(folder, 'f-#1-#2'),
    url,
  ]);
  clearInterval(storming);
  const bodies = readdirSync(folder).filter((file) => file.startsWith('f-'));
  t.equal(bodies.length, QUICK.length * times(300, 4000));
  const wrong = bodies.filter((file) => !isOneVersion(readFileSync(join(folder, file), 'utf8')));
  t.same(wrong, []);
  const heads = readFileSync(join(folder, 'heads'), 'latin1');
  t.match(heads, /content-encoding: (?:br|gzip|zstd)/i, 'forms were used');
  await origin.close();
});

t.test('by a browser', { skip: missingChromium ?? false }, async (t) => {
  const started = await start(t, 'native TLS');
  if (started === undefined) return t.comment('not here');
  const { origin, storm } = started;
  const browser = await launchChromium(t);
  const page = await browser.newPage();
  const base = `https://127.0.0.1:${origin.port}`;
  await page.goto(`${base}/small.js`);
  const storming = setInterval(() => storm.change(), PAUSE_MS);
  t.teardown(() => clearInterval(storming));
  const got = await page.evaluate(
    async ([files, count]) => {
      const texts: string[] = [];
      let encoded = 0;
      for (let at = 0; at < count; at++) {
        const answer = await fetch(`/${files[at % files.length]}`, {
          headers: { 'cache-control': 'no-cache' },
        });
        if (answer.headers.has('content-encoding')) encoded++;
        texts.push(await answer.text());
      }
      return { texts, encoded };
    },
    [QUICK, times(500, 9000)] as const,
  );
  clearInterval(storming);
  t.equal(got.texts.filter((text) => !isOneVersion(text)).length, 0);
  t.ok(got.encoded > 0, `${got.encoded} were encoded`);
  await origin.close();
});
