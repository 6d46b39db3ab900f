// Bodies that are made while they are sent: carriers that send them, and files that grow meanwhile.
import { appendFileSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import type { FileEntry } from '../../src/files/entry.ts';
import { openGrowing } from '../../src/files/growing-file.ts';
import type { OpenFeed } from '../../src/plan/types.ts';
import type { Handler } from '../../src/site/answer.ts';
import { createHttp1Transport } from '../../src/transport/node/http1.ts';
import { startTransfers } from '../../src/transport/node/transfers.ts';
import { makeTree, pattern, type Teardown } from '../support/tree.ts';
import { type AnyCarrier, everyCarrier } from './every.ts';
import { answer, LIMITS, memoryLog } from './fixtures.ts';
import { listenOn } from './listen.ts';

const { addon } = loadNative();

export const BY_TRANSFERS = 'node:http with an engine thread';

/** Also node:http with transfers. */
export function everySender(t: Teardown): AnyCarrier[] {
  const carriers = everyCarrier(t, makeTree(t, {}));
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
export async function growingFile(t: Test, size: number, carrier: AnyCarrier, seed = 0) {
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
