// Limits by the address of a client, as values, by a clock that is a number. The engine's are in test/native/clients.test.ts.
import t from 'tap';
import { requestRate } from '../../src/options/request-rate.ts';
import { clientKeyOf } from '../../src/rules/networks.ts';
import { judgeOf, RequestRates } from '../../src/transport/clients.ts';
import { Counters } from '../../src/transport/counters.ts';
import { allows, isWithin, paced } from '../../src/transport/pace.ts';

const rateOf = (text: string) => {
  const rate = requestRate.parse(text);
  if (rate === undefined) throw new Error(text);
  return rate;
};

t.test('how often, as it is written', async (t) => {
  const rows = [
    ['10', 10, 1000, 10],
    ['10/s', 10, 1000, 10],
    ['10/s,1', 10, 1000, 1],
    ['30/m', 30, 60_000, 1],
    ['120/m', 120, 60_000, 2],
    ['1/m,5', 1, 60_000, 5],
    [10, 10, 1000, 10],
  ] as const;
  for (const [input, requests, periodMs, burst] of rows) {
    t.same(requestRate.parse(input), { requests, periodMs, burst }, String(input));
  }
  for (const input of ['', '0', '10/h', '10/s,0', '-1', '1.5', '10,', '9999999', 'ten', true, {}]) {
    t.equal(requestRate.parse(input), undefined, String(input));
  }
  t.equal(requestRate.show(rateOf('30/m')), '30/m,1');
});

t.test('a bucket empties and fills', async (t) => {
  const rows = [
    ['10/s,3', [0, 0, 0, 0, 99, 100, 100, 200], [0, 0, 0, 100, 1, 0, 100, 0]],
    ['10/s,1', [0, 50, 50, 50, 100], [0, 50, 50, 50, 0]],
    ['10/s,2', [0, 0, 5000, 5000, 5000], [0, 0, 0, 0, 100]],
    ['30/m,1', [0, 1, 1999, 2000], [0, 1999, 1, 0]],
    ['3/s,1', [0, 333, 334, 1000], [0, 1000 / 3 - 333, 0, 0]],
  ] as const;
  for (const [rate, times, waits] of rows) {
    const rates = new RequestRates(rateOf(rate));
    const said = times.map((now) => rates.take('a', now));
    for (const [i, wait] of waits.entries()) {
      t.ok(Math.abs((said[i] ?? -1) - wait) < 1e-6, `${rate} at ${times[i]}: ${said[i]}`);
    }
  }
});

t.test('of 65,536 clients, and no more', async (t) => {
  const rates = new RequestRates(rateOf('1/s,1'));
  rates.take('a', 0);
  for (let i = 1; i < 65_536; i++) rates.take(String(i), 0);
  t.not(rates.take('a', 0), 0, 'as many are known');
  rates.take('one more', 0);
  t.equal(rates.take('1', 0), 0, 'who asked longest ago starts anew');
  t.not(rates.take('a', 0), 0, 'not who asks all the time');
});

t.test('whom limits take for one client', async (t) => {
  const same = [
    ['203.0.113.7', '::ffff:203.0.113.7', '0000:0000:0000:0000:0000:ffff:cb00:7107'],
    ['2001:db8:0:1::1', '2001:db8:0:1:ffff:ffff:ffff:ffff', '2001:db8:0:1::203.0.113.7'],
    ['::1', '0:0:0:0:0:0:0:1'],
    ['fe80::1%lo', 'fe80::2%eth0'],
  ];
  const keys = same.map((addresses) => new Set(addresses.map(clientKeyOf)));
  for (const [i, each] of keys.entries()) t.equal(each.size, 1, String(same[i]));
  const others = ['203.0.113.8', '2001:db8:0:2::1', '::2', '127.0.0.1', '0.0.0.0'];
  const all = [...keys.flatMap((each) => [...each]), ...others.map(clientKeyOf)];
  t.equal(new Set(all).size, same.length + others.length, 'and for different ones');
  for (const none of ['', 'example.org', '/run/a.sock', '1.2.3'])
    t.equal(clientKeyOf(none), undefined);
});

t.test('who may ask', async (t) => {
  const counters = new Counters();
  const judge = (allow: string[], deny: string[]) =>
    judgeOf({ allow, deny, requestRate: undefined }, [], counters, () => 0);
  t.equal(judge([], []), undefined, 'without limits nobody is judged');
  const rows = [
    [['10.0.0.0/8'], [], '10.1.2.3', undefined],
    [['10.0.0.0/8'], [], '::ffff:10.1.2.3', undefined],
    [['10.0.0.0/8'], [], '11.1.2.3', 403],
    [['10.0.0.0/8'], ['10.1.0.0/16'], '10.1.2.3', 403],
    [['10.1.2.3'], ['10.0.0.0/8'], '10.1.2.3', 403],
    [[], ['2001:db8::/32'], '2001:db8::1', 403],
    [[], ['2001:db8::/32'], '2001:db9::1', undefined],
    [['10.0.0.0/8'], [], '', undefined],
  ] as const;
  for (const [allow, deny, address, status] of rows) {
    t.equal(
      judge([...allow], [...deny])?.(address)?.status,
      status,
      `${address} of ${allow}, not ${deny}`,
    );
  }
  t.equal(counters.forbidden, 4);
});

t.test('a body leaves no faster', async (t) => {
  const pace = { rate: 1000, after: 500 };
  t.equal(allows(pace, 0, 0), 1500, 'what is free, and the first second');
  t.equal(allows(pace, 1500, 0), 0);
  t.equal(allows(pace, 1500, 250), 250);
  t.equal(allows(pace, 5000, 250), 0);
  t.ok(isWithin(undefined, 1e12) && isWithin(pace, 1500) && !isWithin(pace, 1501));

  let now = 0;
  const sent: Array<readonly [at: number, bytes: number]> = [];
  const body = Uint8Array.from({ length: 3000 }, (_, i) => i % 251);
  let got = Buffer.of();
  const sink = paced(
    {
      write: async (chunk) => {
        sent.push([now, chunk.length]);
        got = Buffer.concat([got, chunk]);
        return got.length <= 3000;
      },
    },
    pace,
    () => now,
    async (ms) => {
      now += ms;
    },
  );
  t.equal(await sink.write(body.subarray(0, 1000)), true);
  t.equal(await sink.write(body.subarray(1000)), true);
  t.ok(got.equals(body), 'every byte, in order');
  t.same(sent.slice(0, 3), [
    [0, 1000],
    [0, 500],
    [128, 128],
  ]);
  t.equal(now, 1536, 'one and a half seconds for what is over, and a tick');
  t.equal(await sink.write(body), false, 'until the client is gone');
});
