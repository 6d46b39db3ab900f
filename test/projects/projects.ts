// npm run test:projects: what docs/frameworks.md says of each, with the packed package and the build of a small project.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { type Address, request } from '../support/client.ts';
import { startProgram } from '../support/command.ts';
import { PROJECTS, type Project } from './sources.ts';

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));
const HERE = fileURLToPath(new URL('.', import.meta.url));
const BIN = join(HERE, 'node_modules/.bin');
const CLI = join(HERE, 'node_modules/zcserve/dist/cli.js');
const RECIPES = readFileSync(join(CHECKOUT, 'docs/frameworks.md'), 'utf8');

/** Says where the first server of a program listens. */
const TELL = `data:text/javascript,${encodeURIComponent(`
import { Server } from 'node:net';
const { listen } = Server.prototype;
Server.prototype.listen = function (...given) {
  this.once('listening', () => console.log('port', this.address().port));
  return listen.apply(this, given);
};`)}`;

const env = {
  ...process.env,
  ...{ NODE_ENV: 'production', PORT: '0', HOST: '127.0.0.1' },
  ...{ ASTRO_TELEMETRY_DISABLED: '1', NEXT_TELEMETRY_DISABLED: '1', NUXT_TELEMETRY_DISABLED: '1' },
};

function must(cwd: string, program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] });
}

/** The blocks of code below a heading. */
function recipe(heading: string, index: number): string {
  const section = RECIPES.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  const blocks = [...section.matchAll(/^```[jt]s\n(?<code>.*?)^```$/gms)];
  const code = blocks[index]?.groups?.code;
  if (code === undefined) throw new Error(`docs/frameworks.md: no code ${index} of ${heading}`);
  return code;
}

function write(home: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(home, name)), { recursive: true });
    writeFileSync(join(home, name), text);
  }
}

/** Runs the recipe, or the command with these arguments, until the test ends. */
async function start(t: Test, cwd: string, server: Project['server']): Promise<Address> {
  if (typeof server !== 'string') {
    return startProgram(t, process.execPath, [CLI, ...server], { cwd });
  }
  write(cwd, { 'server.mjs': recipe(server, 0) });
  const child: ChildProcess = spawn(process.execPath, [`--import=${TELL}`, 'server.mjs'], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const lines = createInterface(child.stdout as Readable);
  for await (const line of lines) {
    const port = /^port (\d+)$/.exec(line)?.[1];
    if (port !== undefined) return { port: Number(port) };
  }
  throw new Error(`the recipe of ${server} has ended`);
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
    .filter((name) => !/(?:^|\/)\./.test(name));
}

/** Every file of the build as it is: whole, its length, a part, known already; and kept for ever where it is hashed. */
async function checkBuild(t: Test, address: Address, project: Project, home: string) {
  const { folder, prefix = '', hashed } = project.build;
  const names = filesIn(join(home, folder));
  t.ok(names.length > 0, 'there are files');
  // Pages have other addresses.
  for (const name of names.filter((one) => !one.endsWith('.html'))) {
    const bytes = readFileSync(join(home, folder, name));
    const target = `${prefix}/${name.split('/').map(encodeURIComponent).join('/')}`;
    for (let round = 0; round < 3; round++) {
      const whole = await request(address, target);
      t.equal(whole.status, 200, target);
      t.ok(whole.body.equals(bytes), `${target}: its bytes`);
      const kept = /immutable/.test(whole.field('cache-control') ?? '');
      t.equal(kept, hashed.test(name), `${target}: immutable, or not`);
      const etag = whole.field('etag') ?? '';
      const known = await request(address, target, { fields: { 'if-none-match': etag } });
      t.equal(known.status, 304);
      const head = await request(address, target, { method: 'HEAD' });
      t.equal(head.field('content-length'), String(bytes.length));
      const part = await request(address, target, { fields: { range: 'bytes=1-2' } });
      t.ok(part.body.equals(bytes.subarray(1, 3)), `${target}: a part`);
    }
  }
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const isOld = major < 22 || (major === 22 && minor < 22);

if (isOld) {
  t.pass('these frameworks need Node 22.22');
} else {
  must(CHECKOUT, 'npm', 'pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', HERE);
  const tarball = readdirSync(HERE).find((name) => name.endsWith('.tgz')) ?? '';
  const install = [
    '--include=dev',
    '--ignore-scripts',
    '--prefer-offline',
    '--no-save',
    '--loglevel=error',
  ];
  must(HERE, 'npm', 'install', ...install, `./${tarball}`);
  rmSync(join(HERE, tarball));

  for (const [name, project] of Object.entries(PROJECTS)) {
    t.test(name, async (t) => {
      const home = mkdtempSync(join(HERE, '.work-'));
      t.teardown(() => rmSync(home, { recursive: true, force: true }));
      write(home, { 'package.json': '{"type": "module"}', ...project.files });
      for (const [file, heading, index] of project.inside ?? []) {
        write(home, { [file]: recipe(heading, index) });
      }
      for (const [program, ...args] of project.commands) must(home, join(BIN, program), ...args);
      const address = await start(t, home, project.server);
      await checkBuild(t, address, project, home);
      for (const [target, status, body] of project.pages) {
        const url = `http://127.0.0.1:${address.port}${target}`;
        const answer = await fetch(url, { headers: { accept: 'text/html' } });
        t.equal(answer.status, status, target);
        t.match(await answer.text(), body, target);
      }
    });
  }
}
