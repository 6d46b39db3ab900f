// Files on engine threads of their own, beside an app whose event loop may be busy.
// node --import=tsx examples/side-by-side.ts
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as serveFiles } from 'zcserve';

const files = await serveFiles({ root: 'public', port: 0 });
const app = createServer((_req, res) => {
  res.end(`the files are at ${files.url}\n`);
});
app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log('http://127.0.0.1:%d', (app.address() as AddressInfo).port);
});
