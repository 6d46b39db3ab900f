// Real requests, mutated, on raw sockets: never a crash, never 5 s of silence, never a byte from outside the root.

import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { times } from '../faults/effort.ts';
import { type Origin, onEveryCarrier } from '../http/carriers.ts';
import { connect, request } from '../support/client.ts';
import { seeds } from '../support/parser-corpus.ts';
import { makeTree } from '../support/tree.ts';
import { cases, FIELD_PIECES, mutate, PATH_PIECES, pick, randomOf, replay } from './mutate.ts';

const INSIDE = 'inside the root';
const OUTSIDE = 'OUTSIDE THE ROOT';
const SILENCE_MS = 5000;

const CORPUS: readonly string[] = [
  ...seeds,
  'GET /inside.txt HTTP/1.1\r\nHost: a\r\nRange: bytes=0-3,5-6\r\nIf-Range: "x"\r\n\r\n',
  'GET /inside.txt HTTP/1.1\r\nHost: a\r\nIf-None-Match: "x", *\r\nAccept-Encoding: br;q=0.5, gzip\r\n\r\n',
  'GET /%2e%2e/secret.txt HTTP/1.1\r\nHost: a\r\n\r\nGET /inside.txt HTTP/1.1\r\nHost: a\r\n\r\n',
  'HEAD /link.txt HTTP/1.1\r\nHost: a\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n',
  'GET /folder HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n',
];

const PIECES = [
  ...FIELD_PIECES,
  ...PATH_PIECES,
  ...[
    '\r\n',
    '\n',
    '\r\n\r\n',
    ':',
    'HTTP/1.0',
    'Content-Length: 3\r\n',
    'Transfer-Encoding: chunked\r\n',
  ],
  ...[
    'GET /inside.txt HTTP/1.1\r\nHost: a\r\n\r\n',
    'Range: bytes=0-0\r\n',
    'X: \0\r\n',
    'x'.repeat(9000),
  ],
];

onEveryCarrier(t, async (t, serve, { name }) => {
  const site = makeTree(t, {
    'secret.txt': OUTSIDE,
    'root/inside.txt': INSIDE,
    'root/inside.txt.gz': gzipSync(INSIDE),
    'root/folder/index.html': INSIDE,
    'root/link.txt': { link: '../secret.txt' },
    'root/.hidden': OUTSIDE,
  });
  const origin = await serve({ root: join(site, 'root'), listing: true, logLevel: 'silent' });
  const numbers = [...cases(times(name === 'https' || name === 'uws TLS' ? 300 : 1200, 50_000))];
  const answered = new Map<string, number>();
  const left = numbers.values();
  const worker = async () => {
    for (const number of left) {
      const status = await attempt(t, origin, number);
      answered.set(status, (answered.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  t.equal(
    (await request(origin.address, '/inside.txt')).body.toString(),
    INSIDE,
    'it still serves',
  );
  const statuses = [...answered].sort().map(([status, count]) => `${count} × ${status}`);
  t.comment(`${numbers.length} mutated requests: ${statuses.join(', ')}`);
});

/** Sends one case and judges what comes back. Returns the first answer's status. */
async function attempt(t: Test, { address }: Origin, number: number): Promise<string> {
  const random = randomOf(number);
  const bytes = Buffer.from(mutate(pick(CORPUS, random), PIECES, random), 'latin1');
  const cut = random(bytes.length + 1);
  const connection = await connect(address);
  connection.socket.on('error', () => {});
  // A server that has answered and closed may refuse the rest.
  await connection.send(bytes.subarray(0, cut)).catch(() => {});
  await connection.send(bytes.subarray(cut)).catch(() => {});
  connection.end();
  let silent: NodeJS.Timeout | undefined;
  const silence = new Promise<undefined>((resolve) => {
    silent = setTimeout(() => resolve(undefined), SILENCE_MS);
  });
  const all = await Promise.race([connection.rest(), silence]);
  clearTimeout(silent);
  connection.close();
  if (all === undefined) {
    t.fail(`no end after ${SILENCE_MS} ms: ${replay(number)}`);
    return 'silence';
  }
  if (all.includes(OUTSIDE)) t.fail(`bytes from outside the root: ${replay(number)}`);
  if (all.length === 0) return 'closed';
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(all.toString('latin1', 0, 16))?.[1];
  if (status === undefined) t.fail(`no status line: ${replay(number)}`);
  return status ?? 'garbage';
}
