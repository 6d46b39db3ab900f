// A page of ours, and an answer without content, say of the content what is so, whatever the host has said before.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import helmet from 'helmet';
import t from 'tap';
import { zcserve } from '../../src/middleware/middleware.ts';
import { CONTENT_SECURITY_POLICY } from '../../src/plan/listing-page.ts';
import { request } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import { HOSTS, SET_TYPE } from './hosts.ts';

const mtime = new Date('2024-01-02T03:04:05Z');
const root = makeTree(t, {
  'file.txt': { text: 'file', mtime },
  'dir/index.html': '<p>dir',
  'bare/file.txt': 'x',
});

const since = { 'if-modified-since': mtime.toUTCString() };
const PAGES = [
  { title: 'a redirect', target: '/dir', status: 301, fields: {} },
  {
    title: 'a range that is not there',
    target: '/file.txt',
    status: 416,
    fields: { range: 'bytes=9-' },
  },
  {
    title: 'a failed precondition',
    target: '/file.txt',
    status: 412,
    fields: { 'if-match': '"a"' },
  },
  { title: 'a listing', target: '/bare/', status: 200, fields: {} },
];

for (const host of HOSTS) {
  t.test(host.name, async (t) => {
    const address = await host.start(t, root, { listing: true });
    for (const [method, type] of [
      ['GET', 'application/json'],
      ['HEAD', 'text/csv'],
    ] as const) {
      for (const { title, target, status, fields } of PAGES) {
        const said = { ...fields, [SET_TYPE]: type };
        if (method === 'HEAD' && status === 416) continue;
        const answer = await request(address, target, { method, fields: said });
        t.equal(answer.status, status, title);
        t.equal(answer.field('content-type'), 'text/html; charset=utf-8', `${title}: its own type`);
        t.match(answer.field('content-security-policy'), /^default-src 'none'/, `${title}: CSP`);
        t.equal(answer.field('x-content-type-options'), 'nosniff', title);
      }
      const current = await request(address, '/file.txt', {
        method,
        fields: { ...since, [SET_TYPE]: type },
      });
      t.equal(current.status, 304);
      t.equal(current.field('content-type'), undefined, 'a 304 says nothing of the content');
      const file = await request(address, '/file.txt', { method, fields: { [SET_TYPE]: type } });
      t.match(file.field('content-type'), type, 'of a file the host has the last word');
    }
  });
}

t.test("a host's policy is for its own pages", async (t) => {
  const app = express().use(helmet(), zcserve(root, { listing: true }));
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const address = { port: (server.address() as AddressInfo).port };
  const policyOf = async (target: string) =>
    (await request(address, target)).field('content-security-policy');
  t.equal(await policyOf('/dir'), "default-src 'none'");
  t.equal(await policyOf('/bare/'), CONTENT_SECURITY_POLICY);
  t.match(await policyOf('/file.txt'), /default-src 'self'/, 'and for its files');
});
