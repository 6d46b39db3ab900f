// What node:http hands files to: there from the start, or said to be missing.
import t from 'tap';
import type { NativeAddon } from '../../src/addon/types.ts';
import { chooseTransport, withTransfers } from '../../src/server/choose.ts';
import { LIMITS, memoryLog } from '../transport/fixtures.ts';

t.test('without room for an engine, node:http sends bytes, and one line says so', async (t) => {
  const addon = {
    openRoot: () => ({ close() {} }),
    createEngine() {
      throw Object.assign(new Error('EMFILE: no descriptor left'), { code: 'EMFILE' });
    },
  } as unknown as NativeAddon;
  const native = { addon, file: 'zcserve.node' };
  const noUws = async () =>
    ({ library: undefined, installed: false, reason: 'not wanted' }) as const;
  const best = await chooseTransport(
    { transport: 'http1', tls: false, plain: true, h2c: false },
    native,
    noUws,
  );
  t.equal(best.reach, 'socket');
  const log = memoryLog();
  t.match(await withTransfers(best, native, LIMITS, log), {
    reach: 'memory',
    transfers: undefined,
  });
  t.match(log.lines, ['no sendfile, files are read: EMFILE: no descriptor left']);

  const secure = await chooseTransport(
    { transport: 'http1', tls: true, plain: false, h2c: false },
    native,
    noUws,
  );
  t.equal(await withTransfers(secure, native, LIMITS, log), secure, 'TLS needs none');
  t.equal(log.lines.length, 1);
});
