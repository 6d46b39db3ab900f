// A plan that comes too late, when its file is closed: costs one answer, never the process.
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { openRoot } from '../../src/files/open.ts';
import type { Log } from '../../src/log/log.ts';
import { errorPlan } from '../../src/plan/errors.ts';
import type { Handler } from '../../src/site/answer.ts';
import { createNativeTransport } from '../../src/transport/engine/engine.ts';
import { createHttp1Transport } from '../../src/transport/node/http1.ts';
import type { Transport } from '../../src/transport/transport.ts';
import { loadUws } from '../../src/transport/uws/library.ts';
import { createUwsTransport } from '../../src/transport/uws/uws.ts';
import { connect, request, requestBytes } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import { fileAnswer, LIMITS, memoryLog, openEntry, tableHandler } from './fixtures.ts';

const tree = makeTree(t, { 'small.bin': { size: 1000 }, 'large.bin': { size: 10 ** 6 } });
const tls = {
  cert: fileURLToPath(new URL('../support/tls/cert.pem', import.meta.url)),
  key: fileURLToPath(new URL('../support/tls/key.pem', import.meta.url)),
};
const limits = LIMITS;
const { addon } = loadNative();
const { library } = await loadUws();

type Create = (handler: Handler, log: Log) => Transport;
const CARRIERS = new Map<string, Create>([
  ['node:http', (handler, log) => createHttp1Transport({ handler, log, common: [], limits })],
  ['node:https', (handler, log) => createHttp1Transport({ handler, log, common: [], limits, tls })],
]);
if (library) {
  CARRIERS.set('uws', (handler, log) =>
    createUwsTransport({ library, handler, log, common: [], limits }),
  );
  CARRIERS.set('uws, TLS', (handler, log) =>
    createUwsTransport({ library, handler, log, common: [], limits, tls }),
  );
}
if (addon) {
  const root = openRoot(tree, 'inside', addon);
  t.teardown(() => root.close());
  CARRIERS.set('native', (handler, log) => {
    if (root.native === undefined) throw new Error('no native root');
    return createNativeTransport({
      addon,
      root: root.native,
      symlinks: 'inside',
      threads: 1,
      limits,
      handler,
      log,
      common: [],
      maxHot: 16,
      onStale() {},
      onRefused() {},
      onFault() {},
      lookAtRoot: async () => root.native,
    });
  });
}

for (const [title, create] of CARRIERS) {
  t.test(title, async (t) => {
    const closed = async (path: string) => {
      const entry = await openEntry(t, tree, path, { addon });
      entry.file.close();
      const retain = () => {
        throw new Error(`${path} is closed: retained too late`);
      };
      return Object.defineProperty({ ...entry }, 'retain', { value: retain });
    };
    const small = fileAnswer(await closed('small.bin'), 'read');
    const large = fileAnswer(await closed('large.bin'), 'sendfile');
    const log = memoryLog();
    const handler = tableHandler({
      '/small': () => small,
      '/small-later': async () => small,
      '/large': () => large,
      '/large-later': async () => large,
      '/other': () => errorPlan(404),
    });
    const transport = create(handler, log);
    const port = await transport.listen('127.0.0.1', 0);
    t.teardown(() => transport.close(0));
    const address = { port, tls: title.includes('https') || title.includes('TLS') };
    for (const target of ['/small', '/small-later', '/large', '/large-later']) {
      const connection = await connect(address);
      await connection.send(requestBytes(target));
      t.notMatch(
        (await connection.rest()).toString('latin1'),
        'HTTP/1.1 200',
        `${target}: cut off, or told so`,
      );
      connection.close();
      t.equal((await request(address, '/other')).status, 404, 'others are served');
    }
    t.match(log.lines[0], /unexpected: /);
    t.equal(transport.stats().transfers, 0);
  });
}
