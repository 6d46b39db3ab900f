// Makes mounts in every way there is, which nobody asks; reports what they hold, and that the first of them can answer.
import { readdirSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import { loadNative } from '../../src/addon/load.ts';
import { zcserve as fastifyZcserve } from '../../src/middleware/fastify.ts';
import { zcserve as honoZcserve } from '../../src/middleware/hono.ts';
import { zcserve as koaZcserve } from '../../src/middleware/koa.ts';
import { zcserve } from '../../src/middleware/middleware.ts';
import { sirv } from '../../src/middleware/sirv.ts';
import { watches } from '../files/fixture.ts';

const [root = '.'] = process.argv.slice(2);

/** Descriptors of the root and below it, and watches of any directory. */
function held(): number {
  let count = watches();
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`).startsWith(root)) count++;
    } catch {
      // The one that has listed the others.
    }
  }
  return count;
}

const app = fastify();
app.register(fastifyZcserve, { root });
await app.ready();
const serve = zcserve(root);
const mounts: unknown[] = [serve, sirv(root), koaZcserve(root), honoZcserve(root)];
for (let n = 0; n < 20; n++) mounts.push(zcserve(root), zcserve.uws(root));
const idle = held();

const server = createServer(serve);
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as AddressInfo;
const body = await (await fetch(`http://127.0.0.1:${port}/a.txt`)).text();
const addon = loadNative().addon !== undefined;
const report = { addon, mounts: mounts.length, idle, body, asked: held() };
process.send?.(report, () => process.exit(0));
