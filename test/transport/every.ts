// Every transport that can run here, by the handler that it asks.
import type { EngineLimits } from '../../src/addon/engine.ts';
import { loadNative } from '../../src/addon/load.ts';
import { openRoot } from '../../src/files/open.ts';
import type { Log } from '../../src/log/log.ts';
import type { Handler } from '../../src/site/answer.ts';
import { createNativeTransport } from '../../src/transport/engine/engine.ts';
import { createHttp1Transport } from '../../src/transport/node/http1.ts';
import type { Transport } from '../../src/transport/transport.ts';
import { loadUws } from '../../src/transport/uws/library.ts';
import { createUwsTransport } from '../../src/transport/uws/uws.ts';
import { TEST_TLS } from '../support/tls.ts';
import type { Teardown } from '../support/tree.ts';
import { LIMITS } from './fixtures.ts';

export interface AnyCarrier {
  readonly title: string;
  readonly tls: boolean;
  readonly http2?: boolean;
  create(handler: Handler, log: Log, limits?: EngineLimits): Transport;
}

const { addon } = loadNative();
const { library } = await loadUws();

/** `tree`: the root that the engine opens. */
export function everyCarrier(t: Teardown, tree: string): AnyCarrier[] {
  const carriers: AnyCarrier[] = [];
  for (const secure of [false, true]) {
    const tls = secure ? TEST_TLS : undefined;
    const reach = secure ? 'tls' : 'memory';
    carriers.push({
      title: secure ? 'node:https' : 'node:http',
      tls: secure,
      create: (handler, log, limits = LIMITS) =>
        createHttp1Transport({ handler, reach, log, common: [], limits, tls }),
    });
    if (library === undefined) continue;
    carriers.push({
      title: secure ? 'uws, TLS' : 'uws',
      tls: secure,
      create: (handler, log, limits = LIMITS) =>
        createUwsTransport({ library, handler, reach, log, common: [], limits, tls }),
    });
  }
  if (addon === undefined) return carriers;
  const root = openRoot(tree, 'inside', addon);
  t.teardown(() => root.close());
  for (const { title, tls, http2 } of NATIVE) {
    carriers.push({
      title,
      tls,
      http2,
      create(handler, log, limits = LIMITS) {
        if (root.native === undefined) throw new Error('no native root');
        return createNativeTransport({
          addon,
          sites: [
            {
              names: [],
              root: root.native,
              rules: [],
              downloads: false,
              live: false,
              symlinks: 'inside',
              revalidateMs: LIMITS.revalidateMs,
              handler,
              log,
              onStale() {},
              onRefused() {},
              onFault() {},
              lookAtRoot: async () => ({ root: root.native, rules: [] }),
              templates: {
                group: () => '',
                of: () => undefined,
                tried: () => undefined,
                missPage: undefined,
              },
              readNames: async (directories) => directories.map(() => undefined),
              watch() {},
              unwatch() {},
              onMet() {},
            },
          ],
          reach: tls ? 'engine-tls' : 'engine',
          tls: tls ? TEST_TLS : undefined,
          http2,
          threads: 1,
          limits: { ...limits, h2c: http2 && !tls },
          log,
          common: [],
          maxHot: 16,
          keeping: undefined,
        });
      },
    });
  }
  return carriers;
}

const NATIVE = [
  { title: 'native', tls: false, http2: false },
  { title: 'native, TLS', tls: true, http2: false },
  { title: 'native, h2c', tls: false, http2: true },
  { title: 'native, h2', tls: true, http2: true },
];
