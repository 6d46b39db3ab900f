// Responses whose `write` and `end` are somebody else's: they need return nothing, and say how long the body is.
import { EventEmitter } from 'node:events';
import type { RequestListener, ServerResponse } from 'node:http';
import compression from 'compression';
import express from 'express';
import Koa from 'koa';
import t from 'tap';
import { zcserve as koaZcserve } from '../../src/middleware/koa.ts';
import { zcserve } from '../../src/middleware/middleware.ts';
import type { MiddlewareOptions } from '../../src/middleware/options.ts';
import { connect, request, requestBytes } from '../support/client.ts';
import { listen } from '../support/listen.ts';
import { makeTree, pattern } from '../support/tree.ts';

const mtime = new Date('2024-01-02T03:04:05Z');
const SIZES = { 'small.bin': 1000, 'middle.bin': 131_072, 'large.bin': 3_000_000 };

const root = makeTree(t, {
  ...Object.fromEntries(Object.entries(SIZES).map(([name, size]) => [name, { size, mtime }])),
  'empty.bin': { text: '', mtime },
  ...Object.fromEntries(
    Array.from({ length: 1500 }, (_, n) => [`list/${`${n}`.padEnd(200, 'x')}`, '']),
  ),
});

type Wrap = (res: ServerResponse) => void;

/** Passes everything on, and returns nothing, as many loggers and profilers do. */
const silent: Wrap = (res) => {
  const write = res.write.bind(res) as (chunk: unknown) => boolean;
  const end = res.end.bind(res) as (chunk?: unknown) => void;
  Object.assign(res, {
    write: (chunk: unknown) => void write(chunk),
    end: (chunk?: unknown) => void end(chunk),
  });
};

/** Makes a body of another length when it has seen all of it, as express-minify and express-interceptor do. */
const collector: Wrap = (res) => {
  const end = res.end.bind(res) as (chunk?: unknown) => void;
  const chunks: Buffer[] = [];
  Object.assign(res, {
    write: (chunk: Buffer) => void chunks.push(chunk),
    end: (chunk?: Buffer) => {
      if (chunk) chunks.push(chunk);
      const body = Buffer.concat([...chunks, Buffer.from('!')]);
      if (res.headersSent) throw new Error('too late to say how long it is');
      res.setHeader('Content-Length', body.length);
      setImmediate(() => end(body));
    },
  });
};

const WRAPS: Readonly<Record<string, { readonly wrap: Wrap; readonly more: string }>> = {
  'write and end that return nothing': { wrap: silent, more: '' },
  'a body of another length': { wrap: collector, more: '!' },
};

type Serve = (wrap: Wrap, options: MiddlewareOptions) => RequestListener;

const HOSTS: Readonly<Record<string, Serve>> = {
  'node:http': (wrap, options) => {
    const serve = zcserve(root, options);
    return (req, res) => {
      wrap(res);
      serve(req, res);
    };
  },
  Express: (wrap, options) => {
    const app = express();
    app.use((_req, res, next) => {
      res.set('X-Mine', 'yes');
      wrap(res);
      next();
    });
    return app.use(zcserve(root, options));
  },
  Koa: (wrap, options) => {
    const app = new Koa();
    app.use((ctx, next) => {
      wrap(ctx.res);
      return next();
    });
    return app.use(koaZcserve(root, options)).callback();
  },
};

for (const [title, { wrap, more }] of Object.entries(WRAPS)) {
  for (const [host, serve] of Object.entries(HOSTS)) {
    for (const strategy of ['auto', 'read', 'mmap'] as const) {
      t.test(`${host}: ${title}; ${strategy}`, async (t) => {
        const address = await listen(t, serve(wrap, { strategy, listing: true }));
        const connection = await connect(address);
        t.teardown(() => connection.close());
        const ask = async (target: string, fields = {}, method = 'GET') => {
          const all = { connection: 'keep-alive', ...fields };
          await connection.send(requestBytes(target, { method, fields: all }));
          return connection.read(method);
        };
        for (let round = 0; round < 3; round++) {
          for (const [name, size] of Object.entries(SIZES)) {
            const { status, body } = await ask(`/${name}`);
            t.equal(status, 200);
            t.ok(body.equals(Buffer.concat([pattern(size), Buffer.from(more)])), name);
          }
          t.equal((await ask('/empty.bin')).body.toString(), more);
        }
        const ranges = await ask('/large.bin', { range: 'bytes=0-0,9-9' });
        t.equal(ranges.status, 206, 'parts');
        t.equal((await ask('/list/')).status, 200, 'a listing');
        t.equal((await ask('/list')).status, 301, 'a redirect');
        t.equal((await ask('/small.bin', {}, 'HEAD')).status, 200, 'HEAD');
      });
    }
  }
}

t.test('behind compression, what is the file’s is not said of the other bytes', async (t) => {
  const app = express().use(compression({ threshold: 0 }), zcserve(root));
  const text = makeTree(t, { 'text.txt': { text: 'text '.repeat(1000), mtime } });
  app.use('/text', zcserve(text));
  const address = await listen(t, app);
  const tagOf = async (fields: Readonly<Record<string, string>>) => {
    const answer = await request(address, '/small.bin', { fields, method: 'HEAD' });
    t.equal(answer.field('accept-ranges'), undefined);
    return answer.field('etag') ?? '';
  };
  const tag = await tagOf({ 'accept-encoding': 'identity' });
  t.match(tag, /^W\/"[^"]+"$/, 'a weak tag');
  t.equal(await tagOf({ 'accept-encoding': 'gzip' }), tag, 'the same with every coding');
  const known = { 'if-none-match': tag };
  t.equal((await request(address, '/small.bin', { fields: known })).status, 304);
  const resumed = { range: 'bytes=0-4', 'if-range': tag };
  t.equal((await request(address, '/small.bin', { fields: resumed })).status, 200, 'no If-Range');

  for (const codings of ['identity', 'identity;q=1, *;q=0', '']) {
    const fields = { range: 'bytes=0-4', 'accept-encoding': codings };
    const part = await request(address, '/text/text.txt', { fields });
    t.equal(part.status, 206, `a part, where nothing is coded: ${codings}`);
    t.equal(part.body.toString(), 'text ');
  }
  const coded = { range: 'bytes=0-4', 'accept-encoding': 'gzip' };
  const url = `http://127.0.0.1:${address.port}/text/text.txt`;
  const whole = await fetch(url, { headers: coded });
  t.equal(whole.status, 200, 'no part of what may be compressed');
  t.equal((await whole.text()).length, 5000);
});

t.test('without a wrapper tags are strong and ranges offered', async (t) => {
  const address = await listen(t, zcserve(root));
  const answer = await request(address, '/small.bin');
  t.match(answer.field('etag'), /^"/);
  t.equal(answer.field('accept-ranges'), 'bytes');
});

/** No response of node's at all, as node-mocks-http has it: no socket, no `close`, nothing is returned. */
class MockResponse extends EventEmitter {
  statusCode = 200;
  headersSent = false;
  writableFinished = false;
  readonly fields = new Map<string, unknown>();
  readonly chunks: Buffer[] = [];
  getHeaderNames = () => [...this.fields.keys()];
  getHeader = (name: string) => this.fields.get(name.toLowerCase());
  setHeader = (name: string, value: unknown) => void this.fields.set(name.toLowerCase(), value);
  appendHeader = (name: string, value: unknown) => this.setHeader(name, value);
  removeHeader = (name: string) => void this.fields.delete(name.toLowerCase());
  hasHeader = (name: string) => this.fields.has(name.toLowerCase());
  write = (chunk: Buffer) => {
    this.headersSent = true;
    this.chunks.push(chunk);
  };
  end = (chunk?: Buffer) => {
    if (chunk) this.write(chunk);
    this.headersSent = true;
    this.writableFinished = true;
    this.emit('finish');
  };
}

t.test('a response that is a mock', async (t) => {
  const serve = zcserve(root);
  t.teardown(serve.close);
  for (let round = 0; round < 3; round++) {
    for (const [name, size] of Object.entries(SIZES)) {
      const res = new MockResponse();
      const finished = new Promise((resolve) => res.once('finish', resolve));
      const req = { method: 'GET', url: `/${name}`, headers: {}, socket: {} };
      serve(req as never, res as never);
      await finished;
      t.equal(res.statusCode, 200);
      t.equal(res.getHeader('content-length'), String(size));
      t.ok(Buffer.concat(res.chunks).equals(pattern(size)), name);
    }
  }
  serve.close();
  t.equal(serve.stats().files.descriptors, 0, 'nothing is held for it');
});

t.test('what a wrapper changes in place is its own answer only', async (t) => {
  const tree = makeTree(t, {
    'small.txt': { text: 'small', mtime },
    ...Object.fromEntries(Array.from({ length: 600 }, (_, n) => [`list/${n}`, ''])),
  });
  const serve = zcserve(tree, { listing: true });
  t.teardown(serve.close);
  let changes = true;
  const address = await listen(t, (req, res) => {
    const end = res.end.bind(res) as (chunk?: unknown) => void;
    const change = (chunk?: Buffer) => end(changes ? chunk?.fill('!') : chunk);
    serve(req, Object.assign(res, { end: change }));
  });
  for (const target of ['/small.txt', '/list/']) {
    changes = false;
    const plain = (await request(address, target)).body;
    changes = true;
    for (let round = 0; round < 5; round++) {
      const { body } = await request(address, target);
      if (body.equals(plain)) continue;
      t.ok(
        body.every((byte) => byte === '!'.charCodeAt(0)),
        `${target}: changed`,
      );
    }
    changes = false;
    t.ok((await request(address, target)).body.equals(plain), target);
  }
});
