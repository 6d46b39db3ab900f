// Files that grow as middleware: beside a compressor, below a mount point, until the mount is closed.
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import compression from 'compression';
import express from 'express';
import t from 'tap';
import { zcserve } from '../../src/middleware/middleware.ts';
import { request } from '../support/client.ts';
import { readEvents } from '../support/event-stream.ts';
import { follow } from '../support/follow.ts';
import { listen } from '../support/listen.ts';
import { makeTree } from '../support/tree.ts';

const options = { live: ['*.log'], logLevel: 'silent' } as const;
const LARGE = '9007199254740991';

t.test('below a mount point, beside a compressor', async (t) => {
  const root = makeTree(t, { 'a.log': 'one\n' });
  const app = express();
  app.use(compression({ threshold: 0 }));
  app.use('/logs', zcserve(root, options));
  const address = await listen(t, createServer(app));
  const fields = { 'accept-encoding': 'gzip' };
  const bytes = await follow(t, address, '/logs/a.log?live', fields);
  const lines = await follow(t, address, '/logs/a.log?live', {
    ...fields,
    accept: 'text/event-stream',
  });
  for (const one of [bytes, lines]) {
    t.equal(one.status, 200);
    t.equal(one.field('content-encoding'), undefined);
  }
  appendFileSync(join(root, 'a.log'), 'two\n');
  await bytes.until((text) => text === 'one\ntwo\n');
  await lines.until((text) => readEvents(text).at(-1)?.data === 'two');
  const ordinary = await request(address, '/logs/a.log', { fields });
  t.equal(ordinary.field('content-encoding'), 'gzip');
});

t.test('until it is closed', async (t) => {
  const root = makeTree(t, { 'a.log': 'one\n' });
  const serve = zcserve(root, options);
  const address = await listen(t, createServer(serve));
  const range = await follow(t, address, '/a.log', { range: `bytes=0-${LARGE}` });
  t.equal(range.status, 206);
  await range.until((text) => text === 'one\n');
  serve.close();
  t.equal(await range.ended, 'whole');
});
