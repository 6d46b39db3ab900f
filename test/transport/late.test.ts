// A plan that comes too late, when its file is closed: costs one answer, never the process.
import t from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { errorPlan } from '../../src/plan/errors.ts';
import { connect, request, requestBytes } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import { everyCarrier } from './every.ts';
import { fileAnswer, memoryLog, openEntry, tableHandler } from './fixtures.ts';
import { listenOn } from './listen.ts';

const tree = makeTree(t, { 'small.bin': { size: 1000 }, 'large.bin': { size: 10 ** 6 } });
const { addon } = loadNative();

for (const { title, tls, create } of everyCarrier(t, tree)) {
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
    const port = await listenOn(t, transport, { tls });
    t.teardown(() => transport.close(0));
    const address = { port, tls };
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
