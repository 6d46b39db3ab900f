// Inside a uWebSockets.js app, beside its own routes.  node --import=tsx examples/uws.ts
import uWS from 'uWebSockets.js';
import { zcserve } from 'zcserve';

const app = uWS.App();
app.get('/api/time', (res) => {
  res.end(JSON.stringify({ now: Date.now() }));
});
app.any('/*', zcserve.uws('public'));
app.listen('127.0.0.1', Number(process.env.PORT ?? 3000), (socket) => {
  if (!socket) throw new Error('cannot listen');
  console.log('http://127.0.0.1:%d', uWS.us_socket_local_port(socket));
});
