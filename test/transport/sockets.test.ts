// Sockets of node's servers have an end, and leave nothing behind it.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import t from 'tap';
import { Counters } from '../../src/transport/counters.ts';
import { ownSockets } from '../../src/transport/node/sockets.ts';
import { LIMITS, until } from './fixtures.ts';

const timers = () => process.getActiveResourcesInfo().filter((type) => type === 'Timeout').length;

t.test('the last bytes of a connection have a deadline that goes with it', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  const sockets = ownSockets(server, false, LIMITS, new Counters());
  await once(server, 'listening');
  const accept = async () => {
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [socket] = (await once(server, 'connection')) as [Socket];
    return { client, socket };
  };
  const before = timers();

  const open = await accept();
  sockets.finish(open.socket, Buffer.from('bye'));
  t.equal(timers(), before + 1, 'while the bytes may be on their way');
  open.client.resume();
  await until(() => sockets.size === 0);
  t.equal(timers(), before, 'the client has gone');

  const cut = await accept();
  cut.socket.destroy();
  await until(() => sockets.size === 0);
  sockets.finish(cut.socket, Buffer.from('bye'));
  t.equal(timers(), before, 'it had gone before');
  cut.client.destroy();
});
