// The plan says which request fields it reads: every carrier delivers exactly these.
import t from 'tap';
import { errorPlan } from '../../src/plan/errors.ts';
import { REQUEST_FIELDS, type RequestHead } from '../../src/plan/request.ts';
import { connect } from '../support/client.ts';
import { makeTree } from '../support/tree.ts';
import { everyCarrier } from './every.ts';
import { memoryLog } from './fixtures.ts';
import { listenOn } from './listen.ts';

/** Others that clients send. */
const OTHERS = [
  'accept-language',
  'proxy-authorization',
  'cookie',
  'referer',
  'user-agent',
  'x-other',
];

/** Host takes no spaces. */
const sentAs = (name: string) => (name === 'host' ? 'a' : `of ${name}`);

for (const { title, tls, create } of everyCarrier(t, makeTree(t, {}))) {
  t.test(title, async (t) => {
    const asked: Array<Pick<RequestHead, 'method' | 'target' | 'fields'>> = [];
    const transport = create(({ method, target, fields }) => {
      asked.push({ method, target, fields });
      return errorPlan(404);
    }, memoryLog());
    const port = await listenOn(t, transport, { tls });
    t.teardown(() => transport.close(0));
    const connection = await connect({ port, tls });
    t.teardown(() => connection.close());

    const names = [...REQUEST_FIELDS, ...OTHERS];
    const lines = names.map((name) => `${name}: ${sentAs(name)}\r\n`).join('');
    await connection.send(`GET /all?q HTTP/1.1\r\n${lines}\r\n`);
    await connection.read();
    await connection.send('GET /twice HTTP/1.1\r\nHost: a\r\nAccept: a\r\nAccept: b\r\n\r\n');
    await connection.read();
    await connection.send('GET /none HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n');
    await connection.read();

    const all = Object.fromEntries(REQUEST_FIELDS.map((name) => [name, sentAs(name)]));
    t.strictSame(asked, [
      { method: 'GET', target: '/all?q', fields: all },
      { method: 'GET', target: '/twice', fields: { host: 'a', accept: 'a, b' } },
      { method: 'GET', target: '/none', fields: { host: 'a' } },
    ]);
  });
}
