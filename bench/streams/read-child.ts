// The process of one reader: asks for a part of a file, or for a stream from an offset up to its tail, and prints how many
// bytes came.
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import type { Reading } from './catch-up.ts';

const { url, offset, range } = JSON.parse(process.argv[2] ?? '') as Reading;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let bytes = 0;
let at = offset;
for (let isThere = false; !isThere; ) {
  const target = at === undefined ? url : `${url}?offset=${at}`;
  const headers = range === undefined ? {} : { range };
  const [answer] = (await once(get(target, { agent, headers }), 'response')) as [IncomingMessage];
  if (answer.statusCode !== (range === undefined ? 200 : 206))
    throw new Error(`${target}: ${answer.statusCode}`);
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  await once(answer, 'end');
  at = answer.headers['stream-next-offset']?.toString();
  isThere = at === undefined || answer.headers['stream-up-to-date'] === 'true';
}
agent.destroy();
console.log(bytes);
