// The examples run as they stand, each as a process of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { loadUws } from '../../src/transport/uws/library.ts';

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));
const HOME = readFileSync(`${CHECKOUT}/public/index.html`, 'utf8');

/** Starts an example on a free port; resolves to the URL that it prints. */
async function start(t: Test, name: string): Promise<string> {
  const child: ChildProcess = spawn(process.execPath, ['--import=tsx', `examples/${name}`], {
    cwd: CHECKOUT,
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const [line] = await once(createInterface(child.stdout as Readable), 'line');
  return line;
}

/** What each answers: path → text or pattern of the body. */
const EXAMPLES: Readonly<Record<string, Readonly<Record<string, string | RegExp>>>> = {
  'node-http.ts': { '/': HOME, '/none': /404 Not Found/ },
  'express.ts': {
    '/': HOME,
    '/static/': HOME,
    '/some/page': HOME,
    '/api/time': /^{"now":\d+}$/,
    '/none.js': /Cannot GET/,
  },
  'fastify.ts': { '/': HOME, '/save': HOME, '/static/': HOME, '/static/none': /not found/ },
  'koa.ts': { '/': HOME, '/none': 'not a file' },
  'hono.ts': { '/static/': HOME, '/': 'not a file', '/none': /404/ },
  'uws.ts': { '/': HOME, '/api/time': /^{"now":\d+}$/, '/none': /404/ },
  'side-by-side.ts': { '/': /^the files are at http:\/\/127\.0\.0\.1:\d+\n$/ },
};

const programs = readdirSync(`${CHECKOUT}/examples`).filter((name) => name.endsWith('.ts'));
t.same(programs.sort(), Object.keys(EXAMPLES).sort(), 'all of them');
const { library } = await loadUws();

for (const [name, answers] of Object.entries(EXAMPLES)) {
  if (name === 'uws.ts' && !library) continue;
  t.test(name, async (t) => {
    const url = await start(t, name);
    for (const [path, body] of Object.entries(answers)) {
      t.match(await (await fetch(url + path)).text(), body, path);
    }
  });
}
