// Express 5 with an API, and files below a mount path.  node --import=tsx examples/express.ts
import type { AddressInfo } from 'node:net';
import express from 'express';
import { zcserve } from 'zcserve';

const app = express();
app.get('/api/time', (_req, res) => {
  res.json({ now: Date.now() });
});
app.use('/static', zcserve('public', { maxAge: '1d', immutable: true }));
app.use(zcserve('public', { single: true }));
const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log('http://127.0.0.1:%d', (server.address() as AddressInfo).port);
});
