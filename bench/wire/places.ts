// Where server and client are: on loopback, or in network namespaces with a veth(4) pair between them.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

type Prefix = readonly [program: string, ...args: string[]];

export interface Place {
  readonly name: string;
  /** Commands that run another one there. */
  readonly server: Prefix;
  readonly client: Prefix;
  /** The server's, as the client sees it. */
  readonly address: string;
  prepare(): void;
}

const SERVER = '10.9.1.1';

const ip = (line: string) => execFileSync('ip', line.split(' '));
const within = (name: string): Prefix => ['ip', 'netns', 'exec', name];

/** To be called once, in network and mount namespaces of one's own. */
export function connectNamespaces(): void {
  ip('link set lo up');
  mkdirSync('/run/netns', { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', 'none', '/run/netns']);
  ip('netns add server');
  ip('netns add client');
  ip('link add s0 netns server type veth peer name c0 netns client');
  ip(`-n server addr add ${SERVER}/24 dev s0`);
  ip('-n client addr add 10.9.1.2/24 dev c0');
  ip('-n server link set s0 up');
  ip('-n client link set c0 up');
}

const between = { server: within('server'), client: within('client'), address: SERVER };

export const PLACES: readonly Place[] = [
  {
    name: 'loopback',
    server: ['env'],
    client: ['env'],
    address: '127.0.0.1',
    prepare() {},
  },
  {
    name: 'veth, offloads on',
    ...between,
    prepare() {},
  },
  {
    name: 'veth, offloads off',
    ...between,
    prepare() {
      // One packet of 1500 bytes at a time, with a checksum computed here: as on a card that helps with nothing.
      for (const end of ['server s0', 'client c0']) {
        const [name = '', device = ''] = end.split(' ');
        const off = ['tx', 'tso', 'gso', 'sg', 'gro'].flatMap((offload) => [offload, 'off']);
        execFileSync('ip', ['netns', 'exec', name, 'ethtool', '-K', device, ...off]);
      }
    },
  },
];
