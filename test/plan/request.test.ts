// The list of request fields that the plan reads is what it reads: not less, which types see to, and not more.
import t from 'tap';
import { createLog } from '../../src/log/log.ts';
import { errorPlan } from '../../src/plan/errors.ts';
import { liveAsked } from '../../src/plan/live.ts';
import { isNavigation } from '../../src/plan/negotiate.ts';
import { plan } from '../../src/plan/plan.ts';
import { REQUEST_FIELDS, type RequestFields, requestFields } from '../../src/plan/request.ts';
import { guarded } from '../../src/site/guard.ts';
import { readOperation } from '../../src/streams/operations.ts';
import { everyResolution, get, NOW, policy } from './given.ts';

t.test('every field of the list has a say in some answer', async (t) => {
  const read = new Set<string>();
  const spy = (fields: RequestFields) =>
    new Proxy(fields, {
      get(target, name) {
        read.add(String(name));
        return Reflect.get(target, name);
      },
    });
  for (const method of ['GET', 'OPTIONS']) {
    for (const resolution of everyResolution()) {
      for (const fields of [{}, { range: 'bytes=0-1' }]) {
        const terms = policy({ cors: ['https://a.example'], digest: true });
        plan(get(spy(fields), method), resolution, terms, NOW);
      }
    }
  }
  isNavigation(spy({}), false);
  const realm = { challenge: '', judge: () => 'denied' as const };
  const guard = guarded({
    handler: () => errorPlan(404),
    realms: { of: () => realm, close: () => {} },
    rewrites: () => undefined,
    common: [],
    log: createLog({ level: 'silent', format: 'text' }),
  });
  guard(get(spy({})), 'memory');
  const fork = { 'stream-forked-from': '/logs/a', 'stream-fork-offset': '-1' };
  for (const method of ['PUT', 'POST']) {
    for (const fields of [{}, { 'producer-id': 'a' }, fork]) {
      readOperation(get(spy(fields), method), '');
    }
  }
  liveAsked({ ...get(spy({ accept: 'text/event-stream' })), target: '/log?live' });
  t.same([...read].sort(), [...REQUEST_FIELDS].sort());
});

t.test('of what was received, the plan gets these and no others', async (t) => {
  const received = { 'user-agent': 'a', range: 'bytes=0-1', cookie: 'b', accept: undefined };
  t.strictSame(requestFields(received), { range: 'bytes=0-1' });
});
