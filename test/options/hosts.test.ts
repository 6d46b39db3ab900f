// The options of virtual hosts: what each may say, what it has from all, and how mistakes are called.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { gatherOptions, inWordsOf } from '../../src/command/config.ts';
import { isSiteOption } from '../../src/options/hosts.ts';
import { hostsOf, OPTIONS, type OptionsInput, resolveOptions } from '../../src/options/options.ts';
import { OptionError } from '../../src/options/table.ts';
import { createServer } from '../../src/server/server.ts';
import { makeTree } from '../support/tree.ts';

const resolveAny = (input: Readonly<Record<string, unknown>>) =>
  resolveOptions(input as OptionsInput);

const CERT = { tlsCert: 'all.pem', tlsKey: 'all-key.pem' };
const HOST_CERT = { root: 'r', tlsCert: 'c.pem', tlsKey: 'k.pem' };

t.test('a host has its own options, and those of all', async (t) => {
  const options = resolveOptions({
    root: 'all',
    index: 'a.html',
    revalidate: '5s',
    threads: 3,
    ...CERT,
    tlsStaple: 'all.der',
    hosts: {
      'Example.ORG, *.example.org,bücher.example': { root: 'one', revalidate: '7s', listing: true },
      'b.example': HOST_CERT,
    },
  });
  const [one, two] = hostsOf(options);
  t.same(one?.names, ['example.org', '*.example.org', 'xn--bcher-kva.example']);
  t.match(one?.options, { root: 'one', index: ['a.html'], revalidate: 7000, listing: true });
  t.match(one?.options, { threads: 3, tlsCert: ['all.pem'], tlsStaple: ['all.der'], hosts: {} });
  t.equal(one?.certified, false);
  t.match(two?.options, { root: 'r', revalidate: 5000, tlsCert: ['c.pem'], tlsKey: ['k.pem'] });
  t.equal(two?.options.tlsStaple, undefined, 'that of another certificate is not for its own');
  t.equal(two?.certified, true);
});

t.test('what is wrong is called by host and option', async (t) => {
  for (const [input, message] of [
    [{ 'a.example': {} }, 'option hosts["a.example"].root: each host needs one'],
    [{ 'a.example': { root: '' } }, /^option hosts\["a\.example"\]\.root: "" is not allowed/],
    [
      { 'a.example': { root: 'r', threads: 2 } },
      'option hosts["a.example"].threads: is the server\'s, for all hosts; expected beside option hosts',
    ],
    [{ 'a.example': { root: 'r', hosts: {} } }, /\.hosts: is the server's/],
    [
      { 'a.example': { root: 'r', listng: true } },
      'option hosts["a.example"].listng is unknown; did you mean option hosts["a.example"].listing?',
    ],
    [{ 'a.example': { root: 'r', revalidate: 'x' } }, /hosts\["a\.example"\]\.revalidate: "x"/],
    [{ 'a.example:80': { root: 'r' } }, /^option hosts\["a\.example:80"\]: .*no port/],
    [{ 'a..b': { root: 'r' } }, /a label is empty/],
    [{ '*': { root: 'r' } }, /beside hosts/],
    [{ 'a.example,': { root: 'r' } }, /a label is empty/],
    [{ 'a.example': { root: 'r' }, 'A.example.': { root: 's' } }, /is named twice/],
    [{ 'a.example': 'r' }, /expected an object of names of hosts/],
    [[], /expected an object of names of hosts/],
    [{ 'a.example': HOST_CERT }, /hosts\["a\.example"\]\.tlsCert needs option tlsCert beside/],
  ] as const) {
    t.throws(() => resolveAny({ hosts: input }), { name: 'OptionError', message }, String(message));
  }
  const half = { 'a.example': { root: 'r', tlsCert: 'c.pem' } };
  t.throws(
    () => resolveAny({ ...CERT, hosts: half }),
    /^option hosts\["a\.example"\]\.tlsCert needs option hosts\["a\.example"\]\.tlsKey too/,
  );
  t.throws(
    () => resolveAny({ ...CERT, transport: 'uws', hosts: { 'a.example': HOST_CERT } }),
    /hosts\["a\.example"\]\.tlsCert: option transport uws takes one option tlsCert/,
  );
});

t.test('whatever is the server’s is refused in a host', async (t) => {
  for (const name of Object.keys(OPTIONS).filter((each) => !isSiteOption(each))) {
    const hosts = { 'a.example': { root: 'r', [name]: 'x' } };
    const message = new RegExp(`hosts\\["a\\.example"\\]\\.${name}: is the server's`);
    t.throws(() => resolveAny({ hosts }), message, name);
  }
});

t.test('rules and roots are called by host and option too', async (t) => {
  const root = makeTree(t);
  const start = (host: object) =>
    createServer({ root, port: 0, logLevel: 'silent', hosts: { 'a.example': { root, ...host } } });
  const wrong = { redirects: [{ from: 'no slash', to: '/' }] };
  await t.rejects(start(wrong), /hosts\["a\.example"\]\.redirects/);
  await t.rejects(start({ root: join(root, 'none') }), /cannot serve .*none: no such directory/);
});

t.test(
  'in a config file, paths of hosts are relative to it, and mistakes are its own',
  async (t) => {
    const folder = makeTree(t);
    const file = join(folder, 'zcserve.json');
    const gather = (hosts: unknown, more = {}) => {
      writeFileSync(file, JSON.stringify({ root: 'all', hosts, ...more }));
      return gatherOptions({ config: file }, {});
    };
    const { options } = gather(
      { 'a.example': { root: 'a', tlsCert: ['c.pem'], tlsKey: 'k.pem', spa: 'app.html' } },
      { tlsCert: 'all.pem', tlsKey: 'all-key.pem' },
    );
    t.match(hostsOf(options)[0]?.options, {
      root: join(folder, 'a'),
      tlsCert: [join(folder, 'c.pem')],
      tlsKey: [join(folder, 'k.pem')],
      spa: 'app.html',
    });
    const wrongs: ReadonlyArray<readonly [hosts: unknown, message: string]> = [
      [
        { 'a.example': { root: 'a', port: 1 } },
        `${file}: hosts["a.example"].port: is the server's`,
      ],
      [{ 'a.example': {} }, `${file}: hosts["a.example"].root: each host needs one`],
      [{ 'a b': { root: 'a' } }, `${file}: hosts["a b"]: "a b": not a name`],
      ['a', `${file}: hosts: "a" is not allowed`],
    ];
    for (const [hosts, message] of wrongs) {
      try {
        gather(hosts);
        t.fail(message);
      } catch (error) {
        t.type(error, OptionError);
        t.equal((error as Error).message.slice(0, message.length), message);
      }
    }
    t.equal(
      inWordsOf((name) => name, 'other'),
      'other',
    );
  },
);
