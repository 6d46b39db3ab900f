// Files replaced by rename while they are asked for, in every way that makes a mount look twice: no error
// leaves the process, and every body is one version.
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { type Address, connect, requestBytes } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import { HOSTS, type HostOptions } from './hosts.ts';

t.setTimeout(240_000);

/** By the thresholds: read or mapped, and sent by descriptor. */
const SIZES = { 'small.js': 5_000, 'large.js': 200_000 };
const CLIENTS = 4;
/** Requests of one client, on one connection. */
const REQUESTS = 40;

const version = (size: number, n: number) => Buffer.alloc(size, 'abcdefghij'.charAt(n % 10));

const ASKED: ReadonlyArray<Parameters<typeof requestBytes>[1]> = [
  {},
  { fields: { 'accept-encoding': 'br' } },
  { method: 'HEAD' },
  { fields: { range: 'bytes=10-4009' } },
  { fields: { 'if-modified-since': new Date(Date.now() + 1e6).toUTCString() } },
  { fields: { range: 'bytes=0-9,100-109' } },
];

/** Replaces every file, and its sibling after it, until told to stop. */
async function replace(root: string, isDone: () => boolean): Promise<void> {
  for (let n = 1; !isDone(); n++) {
    for (const [name, size] of Object.entries(SIZES)) {
      for (const path of [name, `${name}.br`]) {
        await writeFile(join(root, 'next'), version(size, n));
        await rename(join(root, 'next'), join(root, path));
      }
    }
  }
}

async function ask(address: Address, first: number, check: (body: Buffer) => void): Promise<void> {
  const connection = await connect(address);
  const names = Object.keys(SIZES);
  for (let i = 0; i < REQUESTS; i++) {
    const { method = 'GET', fields = {} } = ASKED[(first + i) % ASKED.length] ?? {};
    const target = `/${names[i % names.length]}`;
    const keepAlive = { connection: 'keep-alive', ...fields };
    await connection.send(requestBytes(target, { method, fields: keepAlive }));
    const answer = await connection.read(method);
    const isParts = answer.field('content-type')?.startsWith('multipart/');
    if (![200, 206, 304].includes(answer.status)) throw new Error(`${target}: ${answer.status}`);
    if (!isParts) check(answer.body);
  }
  connection.close();
}

const setHeaders: HostOptions['setHeaders'] = (res, path, stat) => {
  res.setHeader('X-Stat', `${path} ${stat.size}`);
};

const OPTIONS: Readonly<Record<string, HostOptions>> = {
  'setHeaders, dev, siblings': { setHeaders, dev: true, brotli: true },
  'setHeaders, watched': { setHeaders, brotli: true },
  'dev alone': { dev: true },
};

for (const host of HOSTS) {
  for (const [title, options] of Object.entries(OPTIONS)) {
    t.test(`${host.name}: ${title}`, async (t) => {
      const root = makeTree(t, {});
      for (const [name, size] of Object.entries(SIZES)) {
        for (const path of [name, `${name}.br`])
          await writeFile(join(root, path), version(size, 0));
      }
      const address = await host.start(t, root, options);
      let mixed = 0;
      const check = (body: Buffer) => {
        if (!body.every((byte) => byte === body[0])) mixed++;
      };
      let done = false;
      const clients = Promise.all(
        Array.from({ length: CLIENTS }, (_, first) => ask(address, first, check)),
      ).finally(() => {
        done = true;
      });
      await Promise.all([clients, replace(root, () => done)]);
      t.equal(mixed, 0, 'every body is one version');
    });
  }
}
