// The options that say where to listen: what they make together, and what is refused before anything is bound.
import t from 'tap';
import { areLocal, listenersOf } from '../../src/options/listeners.ts';
import { type OptionsInput, resolveOptions } from '../../src/options/options.ts';
import { OptionError } from '../../src/options/table.ts';

const pair = { tlsCert: 'cert.pem', tlsKey: 'key.pem' };
const proxies = { proxyFrom: ['10.0.0.0/8'] };
const listenersFor = (input: OptionsInput) => listenersOf(resolveOptions(input));

t.test('a list, in any of its forms, survives being read twice', async (t) => {
  const listen = [':80', '[::]:443,plain', 'unix:/run/zc.sock,mode=0660'];
  for (const given of [listen, listen.join(), [listen.slice(0, 2).join(), listen[2] ?? '']]) {
    const options = resolveOptions({ listen: given });
    t.strictSame(options.listen, listen);
    t.strictSame(resolveOptions(options), options);
  }
});

t.test(
  'where there is a certificate, listeners speak TLS unless they are told not to',
  async (t) => {
    const tls = (input: OptionsInput) => listenersFor(input).map((each) => each.tls);
    t.strictSame(tls({}), [false]);
    t.strictSame(tls(pair), [true]);
    t.strictSame(tls({ ...pair, listen: ':443,unix:/a,:80,plain' }), [true, true, false]);
    t.strictSame(tls({ listen: ':443,unix:/a,:80,plain' }), [false, false, false]);
  },
);

t.test('[::] leaves the addresses of IPv4 to a listener that names them', async (t) => {
  const alone = (listen: string) => listenersFor({ listen }).map((each) => each.ipv6Only);
  t.strictSame(alone('[::]:80'), [false]);
  t.strictSame(alone('0.0.0.0:80,[::]:80'), [false, true]);
  t.strictSame(alone('[::]:80,192.0.2.1:80'), [true, false]);
  t.strictSame(alone('[::]:80,0.0.0.0:81'), [false, false]);
  t.strictSame(alone('[::]:80,[::1]:80'), [false, false]);
});

t.test('only loopback addresses without proxies are of this machine alone', async (t) => {
  const rows: ReadonlyArray<readonly [input: OptionsInput, local: boolean]> = [
    [{}, true],
    [{ host: '0.0.0.0' }, false],
    [{ listen: '127.0.0.1:80,[::1]:80,localhost:81' }, true],
    [{ listen: '127.0.0.1:80,:81' }, false],
    [{ listen: 'unix:/a' }, false],
    [{ listen: 'fd:3' }, false],
    [{ listen: '127.0.0.1:80,proxy', ...proxies }, false],
  ];
  for (const [input, local] of rows) {
    t.equal(areLocal(listenersFor(input)), local, JSON.stringify(input));
  }
});

t.test('what does not fit together is refused by the names of the options', async (t) => {
  const long = `unix:/${'a'.repeat(107)}`;
  const rows: ReadonlyArray<readonly [input: OptionsInput, message: RegExp]> = [
    [{ listen: [] }, /^option listen: \[\] is not allowed; expected \[host\]:port, unix:path/],
    [{ listen: 'nowhere' }, /^option listen: "nowhere" is not allowed/],
    [{ listen: ':80', port: 81 }, /^option port and option listen both say where to listen/],
    [{ listen: ':80', host: '::' }, /^option host and option listen both/],
    [{ listen: ':80', portFallback: true }, /^option portFallback and option listen both/],
    [{ listen: ':80,tls' }, /^option listen: :80: tls needs option tlsCert too$/],
    [{ listen: ':80,plain', ...pair }, /^option tlsCert: none of option listen speaks TLS$/],
    [
      { listen: long },
      /^option listen: unix:\/a+: the path of a socket has 107 bytes at most, this one 108$/,
    ],
    [{ listen: `unix:/${'ü'.repeat(54)}` }, /this one 109$/],
    [
      { listen: ':80,proxy' },
      /^option listen: :80: proxy needs option proxyFrom, the addresses of/,
    ],
    [proxies, /^option proxyFrom needs a listener with the mark proxy in option listen$/],
    [{ proxyFrom: ['10.0.0.0/33'] }, /^option proxyFrom: \["10.0.0.0\/33"\] is not allowed/],
    [
      { listen: 'fd:3', transport: 'uws' },
      /^option listen: fd:3: fd is not to be had with option transport uws$/,
    ],
    [{ listen: 'unix:/a,proxy', transport: 'uws' }, /unix:\/a: proxy is not to be had with/],
    [
      { listen: '0.0.0.0:80,[::]:80', transport: 'uws' },
      /\[::\]:80: IPv6 alone is not to be had with/,
    ],
    [
      { listen: ':443,:80,plain', hsts: 'max-age=1', ...pair },
      /^option hsts is for TLS only, and option listen: :80 is without/,
    ],
    [
      { listen: 'unix:/a', httpsRedirect: 80, ...pair },
      /^option httpsRedirect needs a port with TLS in option listen$/,
    ],
    [
      { listen: ':443', h2c: true, ...pair },
      /^option h2c is without TLS, option tlsCert is with it$/,
    ],
  ];
  for (const [input, message] of rows) {
    const claim = JSON.stringify(input);
    t.throws(() => resolveOptions(input), { message }, claim);
    t.throws(() => resolveOptions(input), OptionError, claim);
  }
});

t.test('what fits', async (t) => {
  const rows: readonly OptionsInput[] = [
    { listen: `unix:/${'a'.repeat(106)}` },
    { listen: 'unix:/a,proxy' },
    { listen: 'fd:3,proxy' },
    { listen: 'fd:3,proxy', ...proxies },
    { listen: ':80,proxy', ...proxies },
    { listen: ':443,:80,plain', h2c: true, httpsRedirect: 0, ...pair },
    { listen: ':443', hsts: 'max-age=1', httpsRedirect: 80, ...pair },
    { listen: 'unix:/a,:80', transport: 'uws' },
  ];
  for (const input of rows) t.ok(resolveOptions(input), JSON.stringify(input));
});
