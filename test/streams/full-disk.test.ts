// A disk that is full while clients append and follow: whoever is refused is told so, nothing else comes to anybody, and it
// goes on when there is room. On a small tmpfs, mounted in a namespace.
import { spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import t from 'tap';
import { CLI } from '../support/cli.ts';
import { startProgram } from '../support/command.ts';
import { makeTree } from '../support/tree.ts';

const NAMESPACE = ['--map-root-user', '--mount'];
const MOUNT = 'mount -t tmpfs -o size=1m none "$1" && shift && exec "$@"';
const place = makeTree(t);
const { status } = spawnSync('unshare', [...NAMESPACE, 'sh', '-c', MOUNT, 'sh', place, 'true']);
const skip = status !== 0 && 'no mount namespace here';

const TEXT = { 'content-type': 'text/plain' };
const WRITERS = 4;
/** Of one message, bytes: no divisor of a page. */
const SIZE = 3001;

t.test('appends and tails on a full disk', { skip }, async (t) => {
  const flags = ['--streams=/s', `--streams-dir=${place}`, '--streams-min-free=0'];
  const command = [process.execPath, ...CLI, makeTree(t), ...flags];
  const shell = ['sh', '-c', MOUNT, 'sh', place, ...command];
  const {
    port,
    process: child,
    ended,
  } = await startProgram(t, 'unshare', [...NAMESPACE, ...shell]);
  const ask = (path: string, method: string, body?: string) =>
    fetch(`http://127.0.0.1:${port}/s/${path}`, { method, headers: TEXT, ...(body && { body }) });

  t.equal((await ask('ballast', 'PUT', 'b'.repeat(400_000))).status, 201);
  t.equal((await ask('log', 'PUT')).status, 201);
  const events = await ask('log?offset=-1&live=sse', 'GET');
  const followed: string[] = [];
  const following = (async () => {
    for await (const line of createInterface({
      input: Readable.fromWeb(events.body as ReadableStream),
    })) {
      if (/^data: ?m/.test(line)) followed.push(...line.replace(/^data: ?/, '').split(';'));
    }
  })();

  const taken: string[] = [];
  const append = async (name: string) => {
    const message = `m${name}`.padEnd(SIZE - 1, '.');
    const { status } = await ask('log', 'POST', `${message};`);
    if (status === 204 || status === 200) taken.push(message);
    return status;
  };
  const fill = async (writer: number) => {
    for (let n = 0; ; n++) {
      const status = await append(`${writer}-${n}`);
      if (status !== 204) return status;
    }
  };
  const refused = await Promise.all(Array.from({ length: WRITERS }, (_, writer) => fill(writer)));
  t.same(refused, Array(WRITERS).fill(507));
  t.ok(taken.length > 50, `${taken.length} messages before that`);
  const messagesIn = (text: string) => text.split(';').filter((message) => message !== '');
  const read = async () => messagesIn(await (await ask('log?offset=-1', 'GET')).text());
  t.same((await read()).toSorted(), taken.toSorted(), 'whole, and no others');

  t.equal((await ask('ballast', 'DELETE')).status, 204);
  t.equal(await append('after'), 204);
  t.same((await read()).at(-1), taken.at(-1), 'there is room again');

  const offset = (await ask('log', 'HEAD')).headers.get('stream-next-offset');
  const polling = ask(`log?offset=${offset}&live=long-poll`, 'GET');
  t.equal((await ask('log', 'DELETE')).status, 204);
  t.equal((await polling).status, 404, 'whoever waited is told');
  await following;
  const came = messagesIn(followed.join(';'));
  t.same(came.toSorted(), taken.toSorted(), 'whoever followed has the same, and its end');
  child.kill('SIGTERM');
  t.equal((await ended).code, 0);
});
