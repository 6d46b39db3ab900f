// Run by wire.test.ts in network and mount namespaces of its own: a server and clients with a router between them whose
// interface copies what it sends. On loopback the receiver's queue holds the file's own pages even when it has
// acknowledged them, so only here can be seen what --sendfile-verify promises for a network.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const [root = '', wire = '', requests = '', ...flags] = process.argv.slice(2);
const NODE = [process.execPath, '--import=tsx'];
const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const ip = (line: string) => execFileSync('ip', line.split(' '));

mkdirSync('/run/netns', { recursive: true });
execFileSync('mount', ['-t', 'tmpfs', 'none', '/run/netns']);
for (const [name, near, far, net] of [
  ['server', 's0', 'r0', '10.9.1'],
  ['client', 'c0', 'r1', '10.9.2'],
] as const) {
  ip(`netns add ${name}`);
  ip(`link add ${near} netns ${name} type veth peer name ${far}`);
  ip(`-n ${name} addr add ${net}.1/24 dev ${near}`);
  ip(`-n ${name} link set ${near} up`);
  ip(`-n ${name} route add default via ${net}.2 dev ${near} onlink`);
  ip(`addr add ${net}.2/24 dev ${far}`);
  ip(`link set ${far} up`);
}
writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
execFileSync(wire, ['r1']);

const within = (name: string, ...args: readonly string[]) =>
  spawn('ip', ['netns', 'exec', name, ...NODE, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
const site = [root, `--host=10.9.1.1`, '--port=0', '--json', '--log-level=silent'];
const server = within('server', path('../../src/cli.ts'), ...site, '--strategy=sendfile', ...flags);
const [line] = (await once(createInterface({ input: server.stdout }), 'line')) as [string];
const { port } = new URL((JSON.parse(line) as { readonly url: string }).url);
const client = within('client', path('./wire-client.ts'), root, port, requests);
process.stdout.write(await text(client.stdout));
server.kill();
await once(server, 'exit');
