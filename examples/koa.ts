// Koa.  node --import=tsx examples/koa.ts
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import { zcserve } from 'zcserve/koa';

const app = new Koa();
app.use(zcserve('public'));
app.use((ctx) => {
  ctx.body = 'not a file';
});
const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log('http://127.0.0.1:%d', (server.address() as AddressInfo).port);
});
