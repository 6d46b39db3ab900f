// What lenient parsers let pass: table by field.
import t from 'tap';
import { asksToClose, type FramingFields, rejectionOf } from '../../src/transport/lenience.ts';

t.test(
  'heads whose framing or origin is in doubt are rejected (RFC 9112 §3.2, §6.1, §6.3)',
  async (t) => {
    const rows: ReadonlyArray<readonly [FramingFields, status: number | undefined]> = [
      [{ host: 'a' }, undefined],
      [{}, 400],
      [{ host: '' }, undefined],
      [{ host: '[::1]:80' }, undefined],
      [{ host: 'a, a' }, 400],
      [{ host: 'a b' }, 400],
      [{ host: 'u@a' }, 400],
      [{ host: 'a/b' }, 400],
      [{ host: '[::1' }, 400],
      [{ host: 'h:98777' }, 400],
      [{ host: 'a:80:80' }, 400],
      [{ host: '%zz' }, 400],
      [{ host: 'a', 'content-length': '5' }, undefined],
      [{ host: 'a', 'content-length': '' }, 400],
      [{ host: 'a', 'content-length': '5, 5' }, 400],
      [{ host: 'a', 'content-length': '+5' }, 400],
      [{ host: 'a', 'transfer-encoding': 'Chunked' }, undefined],
      [{ host: 'a', 'transfer-encoding': 'chunked', 'content-length': '5' }, 400],
      [{ host: 'a', 'transfer-encoding': 'gzip' }, 400],
      [{ host: 'a', 'transfer-encoding': 'gzip, chunked' }, 501],
      [{ host: 'a', 'transfer-encoding': 'chunked, gzip' }, 400],
      [{ host: 'a', 'transfer-encoding': 'chunked, chunked' }, 400],
    ];
    for (const [fields, status] of rows) {
      t.equal(rejectionOf('GET', fields, { major: 1, minor: 1 }), status, JSON.stringify(fields));
    }
    t.equal(rejectionOf('GET', {}, { major: 1, minor: 0 }), undefined, 'HTTP/1.0 needs no Host');
    const chunked = { 'transfer-encoding': 'chunked' };
    t.equal(
      rejectionOf('GET', chunked, { major: 1, minor: 0 }),
      400,
      'HTTP/1.0 knows no chunks (§6.1)',
    );
    t.equal(rejectionOf('GET', {}, { major: 2, minor: 0 }), 505, 'HTTP/2.0 over HTTP/1');
    t.equal(
      rejectionOf('G(T', { host: 'a' }, { major: 1, minor: 1 }),
      400,
      'a method that is no token',
    );
  },
);

t.test('close counts anywhere in the list (RFC 9112 §9.6)', async (t) => {
  for (const value of ['close', 'Close', 'keep-alive, close', 'close ,x', 'x,\tclose']) {
    t.ok(asksToClose({ connection: value }), value);
  }
  for (const value of [undefined, '', 'keep-alive', 'closed', 'no-close', 'x-close, y']) {
    t.notOk(asksToClose({ connection: value }), `${value}`);
  }
});
