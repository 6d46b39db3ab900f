// Hono on @hono/node-server.  node --import=tsx examples/hono.ts
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { zcserve } from 'zcserve/hono';

const app = new Hono();
const rewriteRequestPath = (path: string) => path.replace(/^\/static/, '');
app.use('/static/*', zcserve('public', { rewriteRequestPath }));
app.get('/', (c) => c.text('not a file'));
const port = Number(process.env.PORT ?? 3000);
serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, (address) => {
  console.log('http://127.0.0.1:%d', address.port);
});
