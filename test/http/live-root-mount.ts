// In a mount namespace of its own: another directory is mounted over the root and taken off again. Prints what was served.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { TransportName } from '../../src/server/choose.ts';
import { createServer } from '../../src/server/server.ts';
import { request } from '../support/client.ts';

const [place = '', transport] = process.argv.slice(2);
const root = join(place, 'root');
const server = await createServer({
  root,
  port: 0,
  transport: transport as TransportName,
  revalidate: 0,
  watch: false,
  logLevel: 'silent',
});
const served: string[] = [];
const ask = async () => {
  for (let turn = 0; turn < 4; turn++) {
    served.push((await request({ port: server.port }, '/a.txt')).body.toString());
  }
};
await ask();
execFileSync('mount', ['--bind', join(place, 'other'), root]);
await ask();
// Lazily: files of it are open.
execFileSync('umount', ['--lazy', root]);
await ask();
await server.close();
console.log(served.join(' '));
