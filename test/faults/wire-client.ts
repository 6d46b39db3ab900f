// The clients of wire.ts, and the storm over the files that they ask for. Prints the harvest.
import { harvest, type StormFile, startStorm } from './storm.ts';

const [root = '', port = '', requests = ''] = process.argv.slice(2);
const files: readonly StormFile[] = [64, 256, 1024].map((kib) => ({
  name: `${kib}k.bin`,
  size: kib * 1024,
}));
const release: Array<() => unknown> = [];
const storm = await startStorm(
  { teardown: (each) => release.push(each) },
  { root, files, pauseMs: 1 },
);
const address = { host: '10.9.1.1', port: Number(port) };
const sum = await harvest(address, files, { requests: Number(requests), clients: 8 });
console.log(JSON.stringify({ ...sum, mixed: sum.mixed.length, changes: await storm.stop() }));
for (const each of release) await each();
process.exit();
