// TLS clients that come and go, in every way: what they leave behind is nothing.
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import t from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { startHost } from '../http/host.ts';
import { request, requestBytes } from '../support/client.ts';
import { TLS_OPTIONS } from '../support/tls.ts';
import { makeTree } from '../support/tree.ts';
import { times } from './effort.ts';
import { descriptorsOf, residentOf, until } from './process.ts';

const { addon } = loadNative();
const GET = requestBytes('/large.bin', { fields: { connection: 'keep-alive' } });

/** At the same time: their handshakes take turns on one core. */
const AT_ONCE = 16;

/** What one client does before it goes. */
type Leave = (port: number) => Promise<void>;

const tls = (port: number, options: ConnectionOptions = {}) =>
  connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options }).on(
    'error',
    () => {},
  );

const gone = (socket: Socket) =>
  new Promise<void>((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });

const WAYS: Readonly<Record<string, Leave>> = {
  async 'connects and closes'(port) {
    const socket = connectTcp(port, '127.0.0.1').on('error', () => {});
    await once(socket, 'connect');
    socket.destroy();
  },
  async 'sends a piece of a hello and resets'(port) {
    const socket = connectTcp(port, '127.0.0.1').on('error', () => {});
    await once(socket, 'connect');
    socket.write('\x16\x03\x01\x02\x00\x01', () => socket.resetAndDestroy());
    await gone(socket);
  },
  async 'shakes hands and closes'(port) {
    const socket = tls(port);
    await once(socket, 'secureConnect');
    socket.end();
    socket.resume();
    await gone(socket);
  },
  async 'shakes hands and resets'(port) {
    const tcp = connectTcp(port, '127.0.0.1').on('error', () => {});
    await once(tls(port, { socket: tcp, maxVersion: 'TLSv1.2' }), 'secureConnect');
    tcp.resetAndDestroy();
    await gone(tcp);
  },
  async 'leaves within the answer'(port) {
    const socket = tls(port);
    socket.write(GET);
    await once(socket, 'data');
    socket.destroy();
    await gone(socket);
  },
  async 'leaves streams of HTTP/2 open'(port) {
    const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
    session.on('error', () => {});
    const streams = Array.from({ length: 5 }, () => session.request({ ':path': '/large.bin' }));
    for (const stream of streams) stream.on('error', () => {});
    await once(streams[0] as (typeof streams)[0], 'response');
    session.destroy();
    await new Promise<void>((resolve) => {
      if (session.closed) resolve();
      else session.once('close', () => resolve());
    });
  },
};

t.test('clients that come and go', { skip: !addon && 'no addon' }, async (t) => {
  const root = makeTree(t, { 'a.txt': 'hello', 'large.bin': { size: 2 ** 20 } });
  const host = startHost(t, { addon: true });
  const server = await host.start({ root, threads: 2, logLevel: 'silent', ...TLS_OPTIONS });
  const clients = times(16, 16_000);
  const round = async () => {
    for (const [way, leave] of Object.entries(WAYS)) {
      for (let done = 0; done < clients; done += AT_ONCE) {
        await Promise.all(Array.from({ length: AT_ONCE }, () => leave(server.port)));
      }
      const answer = await request({ port: server.port, tls: true }, '/a.txt');
      t.equal(answer.body.toString(), 'hello', way);
    }
    await until(async () => (await server.stats()).connections === 0);
    await host.collect();
  };
  // What is made once: contexts, pools, the caches of both allocators.
  await round();
  const [descriptors, resident] = [descriptorsOf(host.pid), residentOf(host.pid)];
  await round();
  t.equal(descriptorsOf(host.pid), descriptors, 'no descriptor is left');
  const growth = (residentOf(host.pid) - resident) / 2 ** 20;
  t.ok(growth < 8, `${growth.toFixed(1)} MiB after ${clients * Object.keys(WAYS).length} more`);
  t.match(await server.stats(), { transfers: 0 });
});
