// Who is let in costs what who is not does; and a flood of either costs no more than one after the other.
import bcryptjs from 'bcryptjs';
import t from 'tap';
import { createBcrypt } from '../../src/auth/bcrypt.ts';
import { parseUsers } from '../../src/auth/htpasswd.ts';
import { Verdicts } from '../../src/auth/verdicts.ts';

const hashOf = (password: string) => bcryptjs.hashSync(password, 4);
const [ANN, BOB] = [hashOf('of ann'), hashOf('of bob')];
const users = parseUsers(`ann:${ANN}\nbob:${BOB}\n`);

/** Remembers what it compares, and answers when it is told to. */
function fakeBcrypt() {
  const compared: Array<readonly [password: string, hash: string]> = [];
  const waiting: Array<() => void> = [];
  return {
    compared,
    waiting,
    compare: (password: string, hash: string) => {
      compared.push([password, hash]);
      return new Promise<boolean>((resolve) => {
        waiting.push(() => resolve(bcryptjs.compareSync(password, hash)));
      });
    },
    close: () => {},
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

t.test('whoever is not there costs one comparison too, with a hash of the file', async (t) => {
  const bcrypt = fakeBcrypt();
  const verdicts = new Verdicts({ bcrypt });
  for (const [user, password, wanted] of [
    ['ann', 'of ann', 'granted'],
    ['ann', 'wrong', 'denied'],
    ['nobody', 'of ann', 'denied'],
    ['nobody', 'of bob', 'denied'],
  ] as const) {
    const before = bcrypt.compared.length;
    const verdict = verdicts.judge(users, { user, password });
    await settled();
    bcrypt.waiting.shift()?.();
    t.equal(await verdict, wanted, `${user}:${password}`);
    t.equal(bcrypt.compared.length, before + 1);
    t.ok([ANN, BOB].includes(bcrypt.compared.at(-1)?.[1] ?? ''));
  }
  const [third, fourth] = bcrypt.compared.slice(-2);
  t.equal(third?.[1], fourth?.[1], 'always the same for one name');
});

t.test('a pair is hashed once, whatever comes of it, and is not kept as it is', async (t) => {
  const bcrypt = fakeBcrypt();
  const verdicts = new Verdicts({ bcrypt });
  for (const [password, wanted] of [
    ['of ann', 'granted'],
    ['wrong', 'denied'],
  ] as const) {
    const before = bcrypt.compared.length;
    const asked = [1, 2, 3].map(() => verdicts.judge(users, { user: 'ann', password }));
    await settled();
    bcrypt.waiting.shift()?.();
    t.same(await Promise.all(asked), [wanted, wanted, wanted], 'at the same time');
    t.equal(verdicts.judge(users, { user: 'ann', password }), wanted, 'and at once from then on');
    t.equal(bcrypt.compared.length, before + 1);
  }
  verdicts.forget();
  t.type(
    verdicts.judge(users, { user: 'ann', password: 'of ann' }),
    Promise,
    'until the users are others',
  );
});

t.test('one after the other, and not any number of them', async (t) => {
  const bcrypt = fakeBcrypt();
  const verdicts = new Verdicts({ bcrypt, maxWaiting: 3 });
  const flood = [1, 2, 3, 4, 5].map((i) =>
    verdicts.judge(users, { user: 'ann', password: `${i}` }),
  );
  t.same(flood.slice(3), ['busy', 'busy'], 'the others are told at once');
  for (let i = 1; i <= 3; i++) {
    await settled();
    t.equal(bcrypt.compared.length, i);
    bcrypt.waiting.shift()?.();
    t.equal(await flood[i - 1], 'denied');
  }
  const next = verdicts.judge(users, { user: 'bob', password: 'of bob' });
  await settled();
  bcrypt.waiting.shift()?.();
  t.equal(await next, 'granted', 'then there is room again');
});

t.test('a thread that cannot run lets nobody in, and is tried again', async (t) => {
  let broken = true;
  const verdicts = new Verdicts({
    bcrypt: {
      compare: async () => {
        if (broken) throw new Error('no room');
        return true;
      },
      close: () => {},
    },
  });
  await t.rejects(
    Promise.resolve(verdicts.judge(users, { user: 'ann', password: 'a' })),
    /no room/,
  );
  broken = false;
  t.equal(await verdicts.judge(users, { user: 'ann', password: 'a' }), 'granted');
});

t.test('the thread keeps nothing waiting when it ends', async (t) => {
  const bcrypt = createBcrypt();
  t.equal(await bcrypt.compare('of ann', ANN), true);
  const cut = bcrypt.compare('of ann', bcryptjs.hashSync('of ann', 12));
  bcrypt.close();
  await t.rejects(cut, /has ended/);
  t.equal(await bcrypt.compare('of bob', ANN), false, 'another one starts');
  bcrypt.close();
});
