// The page of a large directory: one in memory, however many clients take it and however slowly.
import { linkSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import t from 'tap';
import { residentOf } from '../faults/process.ts';
import { type Address, request, requestBytes } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import { CARRIERS, missing, onEveryCarrier, speaksHttp1, startOrigin } from './carriers.ts';
import { startHost } from './host.ts';

const MIB = 2 ** 20;
const CLIENTS = 12;
const CHANGES = 4;
const ROUNDS = 4;

// Few, with long names: each row has its name twice. Links are made faster than files.
const root = makeTree(t, { 'crowd/first': '' });
for (let i = 0; i < 22_000; i++) {
  linkSync(join(root, 'crowd/first'), join(root, `crowd/${String(i).padStart(220, '-')}`));
}

/** A client that takes the first bytes of an answer and no more, until it is told to: then all, up to the end. */
function stall({ port, tls }: Address, target: string): Promise<() => Promise<number>> {
  return new Promise((resolve, reject) => {
    const options = { port, host: '127.0.0.1' };
    const socket = tls
      ? connectTls({ ...options, rejectUnauthorized: false })
      : connectTcp(options);
    let received = 0;
    socket.once(tls ? 'secureConnect' : 'connect', () => socket.write(requestBytes(target)));
    socket.once('error', reject);
    socket.once('data', () => {
      socket.pause();
      resolve(async () => {
        const closed = new Promise((done) => socket.once('close', done));
        socket.resume();
        await closed;
        return received;
      });
    });
    socket.on('data', (chunk) => {
      received += chunk.length;
    });
  });
}

onEveryCarrier(
  t,
  async (t, serve) => {
    const { address, host, stats } = await serve({ root, listing: true, logLevel: 'silent' });
    // What reading and rendering take, and the page itself.
    for (let i = 0; i < 3; i++) await request(address, '/crowd/');
    const page = (await request(address, '/crowd/')).body.length;
    await host.collect();
    const before = residentOf(host.pid);
    const clients = Array.from({ length: CLIENTS }, (_, i) =>
      // No key of its own for a query that says nothing.
      stall(address, `/crowd/?of=${i}`),
    );
    const finish = await Promise.all(clients);
    await host.collect();
    const grown = residentOf(host.pid) - before;
    t.ok(page > 10 * MIB, `the page has ${page} bytes`);
    t.ok(
      grown < (CLIENTS * page) / 4,
      `${CLIENTS} clients that take it slowly: ${(grown / MIB).toFixed(1)} MiB more in memory`,
    );
    const received = await Promise.all(finish.map((end) => end()));
    t.ok(
      received.every((bytes) => bytes > page),
      'all of it came to each',
    );
    const { byStrategy } = await stats();
    t.equal(byStrategy.bytes?.responses, CLIENTS + 4);
    t.equal(byStrategy.bytes?.bytes, (CLIENTS + 4) * page);
  },
  speaksHttp1,
);

const [native] = CARRIERS;
const reason = native && missing(native);

t.test(
  'a page that is no longer true gives its memory back',
  { skip: reason ?? false },
  async (t) => {
    if (native === undefined) throw new Error('no carrier');
    const host = startHost(t, native);
    const { address } = await startOrigin(native, host, { root, listing: true });
    const residentAfterChanges = async () => {
      for (let i = 0; i < CHANGES; i++) {
        writeFileSync(join(root, 'crowd/new'), '');
        await request(address, '/crowd/');
        rmSync(join(root, 'crowd/new'));
      }
      // What is found to be free is given back in the next turn.
      for (let i = 0; i < 2; i++) await host.collect();
      return residentOf(host.pid);
    };
    const page = (await request(address, '/crowd/')).body.length;
    // The collector may be a round late, and the heap may grow; what is never given back is missing from every round.
    const growths: number[] = [];
    let before = await residentAfterChanges();
    for (let round = 0; round < ROUNDS; round++) {
      const now = await residentAfterChanges();
      growths.push(now - before);
      before = now;
    }
    const said = growths.map((bytes) => (bytes / MIB).toFixed(1)).join(', ');
    t.ok(Math.min(...growths) < (CHANGES * page) / 2, `${CHANGES} pages a round: ${said} MiB more`);
  },
);
