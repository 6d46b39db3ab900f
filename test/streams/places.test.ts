import t from 'tap';
import { parseTarget } from '../../src/http/target.ts';
import { namedIn, placeOf } from '../../src/streams/places.ts';

const RESERVED = { kind: 'reserved' };
const stream = (name: string) => ({ kind: 'stream', name });

t.test('which stream a path names', async (t) => {
  const cases: ReadonlyArray<readonly [target: string, place: unknown]> = [
    ['/logs/a', stream('a')],
    ['/logs/a/b?offset=-1', stream('a/b')],
    ['/logs/a%20b', stream('a b')],
    ['/logs/%C3%BC', stream('ü')],
    ['/logs//a/./b', stream('a/b')],
    ['http://example.org/logs/a', stream('a')],
    ['/logs/.hidden', stream('.hidden')],
    ['/logs/__dsx', stream('__dsx')],
    ['/logs', RESERVED],
    ['/logs/', RESERVED],
    ['/logs/a/', RESERVED],
    ['/logs/__ds', RESERVED],
    ['/logs/__ds/subscriptions/1', RESERVED],
    ['/logs/a/../__ds/x', RESERVED],
    ['/log', undefined],
    ['/logsa', undefined],
    ['/', undefined],
    ['/logs/../a', undefined],
    ['/logs/a%2fb', undefined],
    ['/logs/a%5cb', undefined],
    ['/logs/%00', undefined],
    ['*', undefined],
  ];
  for (const [target, place] of cases) t.same(placeOf(parseTarget(target), '/logs'), place, target);
});

t.test('which stream a field names', async (t) => {
  t.equal(namedIn('/logs/a/b', '/logs'), 'a/b');
  for (const none of ['a', '', '/other/a', '/logs', 'logs/a', '/logs/a%2fb']) {
    t.equal(namedIn(none, '/logs'), undefined, none);
  }
});
