// What downloads cost the server's process, as Linux counts it: memory, descriptors, mappings, bytes read.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import t, { type Test } from 'tap';
import { descriptorsOf, residentOf, until } from '../faults/process.ts';
import { type Address, connect, request, requestBytes } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import { type Origin, onEveryCarrier, type Serve, speaksHttp1 } from './carriers.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const root = makeTree(t, {
  'two.bin': { sparse: 2 * GIB },
  'half.bin': { sparse: GIB / 2 },
  'large.bin': { size: 8 * MIB },
  'small.bin': { size: 4096 },
});

/** Reads an answer away; the bytes that came, its head included. */
function download({ port, tls }: Address, target: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let received = 0;
    const onread = {
      buffer: Buffer.alloc(MIB),
      callback: (length: number) => {
        received += length;
        return true;
      },
    };
    const options = { port, host: '127.0.0.1', onread };
    const socket = tls
      ? connectTls({ ...options, rejectUnauthorized: false })
      : connectTcp(options);
    // A TLS socket has no onread.
    if (tls) socket.on('data', (chunk) => (received += chunk.length));
    socket.once(tls ? 'secureConnect' : 'connect', () => socket.write(requestBytes(target)));
    socket.once('close', () => resolve(received));
    socket.once('error', reject);
  });
}

/** The highest resident memory since this was called last, bytes. proc_pid_status(5), clear_refs in proc(5). */
function peakOf(pid: number): number {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
  return Number(kib) * 1024;
}

/**
 * Bytes that threads have read and not sent by sendfile, which counts in rchar and wchar of the same
 * thread (proc_pid_io(5)). Node reads files in threads that write nothing; the engine's sendmsg is no write.
 */
function readBytes(pid: number): Map<string, number> {
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => {
    const io = readFileSync(`/proc/${pid}/task/${thread}/io`, 'latin1');
    const count = (name: string) => Number(new RegExp(`${name}: (\\d+)`).exec(io)?.[1]);
    return [thread, count('rchar') - count('wchar')] as const;
  });
  return new Map(threads);
}

function readSince(before: Map<string, number>, pid: number): number {
  const grown = [...readBytes(pid)].map(([thread, bytes]) => bytes - (before.get(thread) ?? 0));
  return grown.reduce((sum, bytes) => sum + Math.max(0, bytes), 0);
}

/** Mappings of files, the arena's memfd among them; the heap's come and go. proc_pid_maps(5). */
function fileMappingsOf(pid: number): number {
  const maps = readFileSync(`/proc/${pid}/maps`, 'latin1').trimEnd().split('\n');
  return maps.filter((line) => line.split(/\s+/)[4] !== '0').length;
}

async function checkResident(t: Test, { address, host, carrier }: Origin): Promise<void> {
  const [target, size] = carrier.sendfile ? ['/two.bin', 2 * GIB] : ['/half.bin', GIB / 2];
  // Whatever the first download allocates once.
  await download(address, '/large.bin');
  await host.collect();
  const before = residentOf(host.pid);
  peakOf(host.pid);
  t.ok((await download(address, target)) > size, `${size} bytes came`);
  const grown = (peakOf(host.pid) - before) / MIB;
  t.ok(grown < 20, `and took ${grown.toFixed(1)} MiB of memory at the most`);
}

async function checkReads(t: Test, serve: Serve): Promise<void> {
  for (const [strategy, reads] of [
    ['auto', false],
    ['read', true],
  ] as const) {
    const { address, host, stats } = await serve({ root, strategy });
    const before = readBytes(host.pid);
    await download(address, '/half.bin');
    const read = readSince(before, host.pid);
    t.equal(read > GIB / 4, reads, `strategy ${strategy}: ${read} bytes were read`);
    if (reads) continue;
    const { byStrategy } = await stats();
    t.same(
      byStrategy,
      { 'sendfile:size': { responses: 1, bytes: GIB / 2 } },
      'and the counters know',
    );
  }
}

/** One client that resets its connection in the middle of an answer. */
async function vanish({ address, carrier }: Origin): Promise<void> {
  const connection = await connect(address);
  const begun = new Promise((resolve) => connection.socket.once('data', resolve));
  await connection.send(requestBytes('/large.bin'));
  await begun;
  // A TLS socket cannot be reset.
  if (carrier.tls) connection.close();
  else connection.reset();
}

/** Clients that pipeline and are gone before the first answer. */
async function pipelineAndVanish({ address, carrier }: Origin): Promise<void> {
  const connection = await connect(address);
  const one = requestBytes('/large.bin', { fields: { connection: 'keep-alive' } });
  await connection.send(Buffer.concat(Array(20).fill(one)));
  // A TLS socket cannot be reset.
  if (carrier.tls) connection.close();
  else connection.reset();
}

async function times(count: number, atOnce: number, run: () => Promise<void>): Promise<void> {
  let left = count;
  const worker = async () => {
    while (left-- > 0) await run();
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

async function checkVanishing(t: Test, origin: Origin): Promise<void> {
  const { host, stats, address } = origin;
  const settle = async () => {
    await until(async () => {
      const { connections, transfers } = await stats();
      return connections === 0 && transfers === 0;
    });
    await host.collect();
  };
  await request(address, '/small.bin');
  // Pools, heaps and tables reach their size.
  await times(300, 10, () => vanish(origin));
  await settle();
  const before = {
    descriptors: descriptorsOf(host.pid),
    mappings: fileMappingsOf(host.pid),
    memory: residentOf(host.pid),
  };
  await times(1000, 10, () => vanish(origin));
  await times(50, 5, () => pipelineAndVanish(origin));
  await settle();
  await until(async () => descriptorsOf(host.pid) <= before.descriptors);
  t.pass('1,000 clients that vanish, and 50 that pipeline before: as many descriptors as ever');
  const mappings = fileMappingsOf(host.pid) - before.mappings;
  const memory = (residentOf(host.pid) - before.memory) / MIB;
  t.ok(mappings <= 0, `${mappings} file mappings more`);
  // A leak of one answer's buffers for each client would be hundreds.
  t.ok(memory < 40, `${memory.toFixed(1)} MiB more`);
  t.equal((await request(address, '/small.bin')).status, 200, 'and the next is served');
}

onEveryCarrier(
  t,
  async (t, serve, carrier) => {
    const origin = await serve({ root, logLevel: 'silent' });
    await checkResident(t, origin);
    if (carrier.sendfile) await checkReads(t, serve);
    await checkVanishing(t, origin);
  },
  speaksHttp1,
);
