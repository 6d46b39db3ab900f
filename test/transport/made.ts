// Bodies that are made while they are sent: carriers that send them, and files that grow meanwhile.
import { appendFileSync, openSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Test } from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import type { FileEntry } from '../../src/files/entry.ts';
import { openGrowing } from '../../src/files/growing-file.ts';
import type { OpenFeed } from '../../src/plan/types.ts';
import type { Handler } from '../../src/site/answer.ts';
import { Counters } from '../../src/transport/counters.ts';
import { createHttp1Transport } from '../../src/transport/node/http1.ts';
import { sendPlan } from '../../src/transport/node/respond.ts';
import { startTransfers } from '../../src/transport/node/transfers.ts';
import { Takers } from '../../src/transport/taker.ts';
import { makeTree, pattern, type Teardown } from '../support/tree.ts';
import { type AnyCarrier, everyCarrier } from './every.ts';
import { answer, LIMITS, memoryLog } from './fixtures.ts';
import { listenOn } from './listen.ts';

const { addon } = loadNative();

export const BY_TRANSFERS = 'node:http with an engine thread';

/** Also node:http with transfers, and the responses of node:http2 that middleware is given. */
export function everySender(t: Teardown): AnyCarrier[] {
  const carriers = [...everyCarrier(t, makeTree(t, {})), HTTP2];
  if (addon === undefined) return carriers;
  return [
    ...carriers,
    {
      title: BY_TRANSFERS,
      tls: false,
      create: (handler, log, limits = LIMITS) =>
        createHttp1Transport({
          ...{ handler, reach: 'socket', log, common: [], limits },
          transfers: startTransfers(addon, limits, log),
        }),
    },
  ];
}

const HTTP2: AnyCarrier = {
  title: 'node:http2',
  tls: false,
  http2: true,
  create(handler, log) {
    const counters = new Counters();
    const takers = new Takers();
    const outlet = {
      counters,
      log,
      takers,
      transfers: undefined,
      sendfileMin: 0,
      serverTiming: false,
    };
    const server = createServer(async ({ method, url }, response) => {
      const answer = await handler({ method, target: url, fields: {} }, 'memory');
      const res = response as unknown as ServerResponse;
      sendPlan(answer, res, { began: performance.now() }, outlet);
    });
    const sessions = new Set<ServerHttp2Session>();
    server.on('session', (session) => {
      sessions.add(session);
      session.once('close', () => sessions.delete(session));
    });
    return {
      async listen() {
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
        const { port } = server.address() as AddressInfo;
        return { address: { host: '127.0.0.1', port }, descriptors: [], close() {} };
      },
      async close(graceMs) {
        takers.end();
        const closed = new Promise((resolve) => server.close(resolve));
        if (graceMs === 0) for (const session of sessions) session.destroy();
        else for (const session of sessions) session.close();
        await closed;
      },
      stats: () => counters.snapshot(),
    };
  },
};

export function feed(open: OpenFeed<FileEntry>, live = false) {
  return answer(200, ['X-Fed', 'yes'], { kind: 'feed', open, live });
}

export async function start(
  t: Test,
  { create, tls, http2 = false }: AnyCarrier,
  handler: Handler,
  limits = LIMITS,
) {
  const log = memoryLog();
  const transport = create(handler, log, limits);
  const port = await listenOn(t, transport, { tls });
  t.teardown(() => transport.close(0));
  return { transport, log, address: { port, tls, http2 } };
}

/** A file of so many bytes; `grow` appends to it until the test ends. */
export async function growingFile(
  t: Test,
  size: number,
  carrier: Pick<AnyCarrier, 'title'>,
  seed = 0,
) {
  const path = join(makeTree(t, { 'a.log': pattern(size, seed) }), 'a.log');
  const native = carrier.title.startsWith('native') || carrier.title === BY_TRANSFERS;
  const file = await openGrowing(openSync(path, 'r'), 'a.log', native ? addon : undefined);
  let growing = true;
  t.teardown(() => {
    growing = false;
    file.release();
  });
  async function grow(): Promise<void> {
    while (growing) {
      appendFileSync(path, 'added meanwhile');
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return { path, file, grow };
}
