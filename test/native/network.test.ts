// Networks of addresses in the engine, compared with Node's, which middleware and node's carriers go by.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { inNetworks, parseNetwork } from '../../src/rules/networks.ts';
import { cases, randomOf, replay } from '../fuzz/mutate.ts';
import { NATIVE } from '../support/native.ts';
import { buildProgram } from '../support/native-program.ts';

const program = buildProgram(t, 'network_cli.cc', [join(NATIVE, 'net/network.cc')]);

function ask(rows: ReadonlyArray<readonly [network: string, address: string]>): string[] {
  const input = rows.map((row) => `${row.join(' ')}\n`).join('');
  return execFileSync(program, { input, encoding: 'utf8' }).trimEnd().split('\n');
}

function askNode(network: string, address: string): string {
  if (parseNetwork(network) === undefined) return 'none';
  return inNetworks([network])(address) ? 'yes' : 'no';
}

t.test('an address is in a network or not, whichever of its two forms it has', (t) => {
  const rows = [
    ['10.0.0.0/8', '10.255.0.1', 'yes'],
    ['10.0.0.0/8', '11.0.0.1', 'no'],
    ['10.1.2.3/8', '10.9.9.9', 'yes'],
    ['127.0.0.1', '127.0.0.1', 'yes'],
    ['127.0.0.1', '127.0.0.2', 'no'],
    ['192.168.0.0/23', '192.168.1.255', 'yes'],
    ['192.168.0.0/23', '192.168.2.0', 'no'],
    ['0.0.0.0/0', '203.0.113.9', 'yes'],
    ['0.0.0.0/0', '2001:db8::1', 'no'],
    ['::/0', '203.0.113.9', 'yes'],
    ['10.0.0.0/8', '::ffff:10.1.1.1', 'yes'],
    ['::ffff:10.0.0.0/104', '10.1.1.1', 'yes'],
    ['2001:db8::/32', '2001:db8:ffff::', 'yes'],
    ['2001:db8::/32', '2001:db9::', 'no'],
    ['2001:db8::/33', '2001:db8:8000::', 'no'],
    ['10.0.0.0/33', '10.0.0.1', 'none'],
    ['::1/129', '::1', 'none'],
    ['10.0.0/8', '10.0.0.1', 'none'],
    ['10.0.0.0/', '10.0.0.1', 'none'],
    ['10.0.0.0/-1', '10.0.0.1', 'none'],
    ['fe80::1%lo', 'fe80::1', 'none'],
    ['example.org', '10.0.0.1', 'none'],
  ] as const;
  const answers = ask(rows.map(([network, address]) => [network, address]));
  for (const [i, [network, address, wanted]] of rows.entries()) {
    t.equal(answers[i], wanted, `${address} in ${network}`);
    t.equal(askNode(network, address), wanted);
  }
  t.end();
});

t.test('both agree on random ones', (t) => {
  for (const number of cases(20)) {
    const random = randomOf(number);
    const four = () => Array.from({ length: 4 }, () => random(3) * 85).join('.');
    const six = () => Array.from({ length: 8 }, () => (random(3) * 0x5555).toString(16)).join(':');
    const address = () => [four, six, () => `::ffff:${four()}`][random(3)]?.() ?? '';
    const rows = Array.from({ length: 200 }, () => {
      return [`${address()}/${random(random(2) === 0 ? 33 : 130)}`, address()] as const;
    });
    const wanted = rows.map(([network, one]) => askNode(network, one));
    t.same(ask(rows), wanted, replay(number));
  }
  t.end();
});
