// zcserve append: each byte once and in order, however often it has to be sent.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { append } from '../../src/command/append/append.ts';
import { readAppend } from '../../src/command/append/asked.ts';
import { answer, cut, type LogServer, type Step, serveScript } from '../support/log-server.ts';
import { plainCommand } from '../support/plain-command.ts';
import { makeTree } from '../support/tree.ts';

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const TSX = import.meta.resolve('tsx');

const BYTES = { 'content-type': 'application/octet-stream' };
const JSON_TYPE = { 'content-type': 'application/json' };
const found = (type = BYTES, more = {}): Step => ({
  status: 200,
  headers: { ...type, 'stream-next-offset': '0', ...more },
});
const taken: Step = { status: 200, headers: { 'stream-next-offset': '9' } };

interface Ended {
  readonly status: number;
  readonly told: readonly string[];
  /** What was posted: its sequence number, its bytes, and whether it closes. */
  readonly appends: readonly string[];
  readonly asked: LogServer['asked'];
}

/** In this process, of a file with this content, against a server that answers by this script. */
async function run(
  t: Test,
  steps: readonly Step[],
  content: string | Uint8Array,
  ...flags: readonly string[]
): Promise<Ended> {
  const file = join(makeTree(t, { input: content }), 'input');
  const { url, asked } = await serveScript(t, steps);
  const read = await readAppend([url, file, ...flags]);
  if (typeof read === 'string' || 'help' in read) throw new Error('nothing was asked for');
  const told: string[] = [];
  const tell = (line: string) => told.push(line.replace(url, 'URL'));
  const status = await append({ ...read, log: { info: tell, warn: tell, error: tell } });
  const appends = asked
    .filter(({ method }) => method === 'POST')
    .map(({ headers, body }) => {
      const closes = headers['stream-closed'] === 'true' ? ' closed' : '';
      return `${headers['producer-seq']} ${body.toString()}${closes}`;
    });
  return { status, told, appends, asked };
}

t.test('batches in order, numbered, by one producer', async (t) => {
  const { status, appends, asked, told } = await run(
    t,
    [found(), taken, taken, taken],
    'abcdefg',
    '--batch-size=3',
  );
  t.equal(status, 0);
  t.same(appends, ['0 abc', '1 def', '2 g']);
  const ids = asked.slice(1).map(({ headers }) => headers['producer-id']);
  t.match(ids[0], /^zcserve-[0-9a-f-]{36}$/);
  t.equal(new Set(ids).size, 1);
  t.match(asked[1]?.headers, { ...BYTES, 'producer-epoch': '0', 'content-length': '3' });
  t.same(told, ['7 bytes appended in 3 requests; the stream ends at 9']);
});

t.test('what is not answered is sent again under its number', async (t) => {
  const again: Step = { status: 204, headers: { 'stream-next-offset': '9' } };
  const busy: Step = { status: 429, headers: { 'retry-after': '0' } };
  const steps = [found(), cut, again, busy, { status: 503 }, taken];
  const { status, appends, told } = await run(t, steps, 'abcdef', '--batch-size=3');
  t.equal(status, 0);
  t.same(appends, ['0 abc', '0 abc', '1 def', '1 def', '1 def']);
  t.match(told[0], /^the connection broke \(ECONNRESET\): trying again$/);
});

t.test('413: half as much, under the same number', async (t) => {
  const tooLarge: Step = {
    status: 413,
    headers: { 'content-type': 'text/plain' },
    body: 'it is more than can be appended at a time\n',
  };
  const bytes = await run(t, [found(), tooLarge, tooLarge, taken, taken, taken, taken], 'abcdefgh');
  t.same(bytes.appends, ['0 abcdefgh', '0 abcd', '0 ab', '1 cd', '2 ef', '3 gh']);
  t.equal(bytes.status, 0);
  const steps = [found(), tooLarge, taken, taken, taken];
  const lines = await run(t, steps, 'a\nbcd\ne\n', '--lines');
  t.same(lines.appends, ['0 a\nbcd\ne\n', '0 a\n', '1 bcd\n', '2 e\n']);
  const one = await run(t, [found(), tooLarge, tooLarge], 'abc\nd\n', '--lines');
  t.equal(one.status, 1);
  t.match(
    one.told.join(),
    /no append of 4 bytes \(it is more than can be appended at a time\)$/,
    'a line is never cut',
  );
});

t.test('a JSON stream takes a message a line, several in an array', async (t) => {
  const input = '{"a": 1}\n\n[1,2]\n"x"';
  const { appends } = await run(t, [found(JSON_TYPE), taken, taken], input, '--batch-size=16');
  t.same(appends, ['0 [{"a": 1},[1,2]]', '1 ["x"]']);
  const wrong = await run(t, [found(JSON_TYPE), taken], '1\n2\n{\n', '--batch-size=4');
  t.same(wrong.appends, ['0 [1,2]']);
  t.match(wrong.told.join(), /URL: line 3 is no JSON: one message a line$/);
});

t.test('--create: where there is none', async (t) => {
  const created: Step = {
    status: 201,
    headers: { 'content-type': 'text/plain', 'stream-next-offset': '0' },
  };
  const { asked, appends } = await run(
    t,
    [{ status: 404 }, created, taken],
    'abc',
    '--create',
    '--content-type=text/plain',
  );
  t.match(asked[1], { method: 'PUT', headers: { 'content-type': 'text/plain' } });
  t.match(asked[2]?.headers, { 'content-type': 'text/plain' });
  t.same(appends, ['0 abc']);
  const none = await run(t, [{ status: 404 }], 'abc');
  t.match(none.told, ['URL: 404: there is no such stream or file']);
  const file = await run(t, [{ status: 200 }], 'abc', '--create');
  t.match(file.told, ['URL: this is no stream']);
});

t.test('--close: with the last append, or alone where there is none', async (t) => {
  const whole = await run(t, [found(), taken, taken], 'abcdef', '--batch-size=3', '--close');
  t.same(whole.appends, ['0 abc', '1 def closed']);
  const empty = await run(t, [found(), { status: 204 }], '', '--close');
  t.same(empty.appends, ['0  closed']);
});

const REFUSALS: readonly (readonly [step: Step, words: RegExp])[] = [
  [
    { status: 409, headers: { 'stream-closed': 'true', 'stream-next-offset': '4' } },
    /the stream is closed$/,
  ],
  [
    { status: 409, headers: { 'producer-expected-seq': '0', 'producer-received-seq': '1' } },
    /the server expects append 0, and this is 1: it has lost what it had taken$/,
  ],
  [{ status: 409 }, /409: the stream is of another content type/],
  [
    { status: 403, headers: { 'producer-epoch': '5' } },
    /another writer of this name has taken over: its epoch is 5, this one's 0$/,
  ],
  [{ status: 403 }, /403: the server does not allow it$/],
  [{ status: 410 }, /410: it is gone/],
  [{ status: 507 }, /507: the server has no room/],
];

t.test('what no patience helps ends with 1, says why, and sends nothing more', async (t) => {
  for (const [step, words] of REFUSALS) {
    const { status, told, appends } = await run(
      t,
      [found(), taken, step],
      'abcdef',
      '--batch-size=2',
    );
    t.equal(status, 1);
    t.match(told.join(), words);
    t.same(appends, ['0 ab', '1 cd']);
  }
  const closed = await run(t, [found(BYTES, { 'stream-closed': 'true' })], 'abc');
  t.match(closed.told, ['URL: the stream is closed']);
});

t.test(
  '--producer-id: a later run has a later epoch; one that is named is not used twice',
  async (t) => {
    const before = Date.now();
    const named = await run(t, [found(), taken], 'abc', '--producer-id=ci');
    const epoch = Number(named.asked[1]?.headers['producer-epoch']);
    t.ok(epoch >= before && epoch <= Date.now());
    t.equal(named.asked[1]?.headers['producer-id'], 'ci');
    const twice = [found(), { status: 204 }];
    const used = await run(t, twice, 'abc', '--producer-id=ci', '--producer-epoch=3');
    t.match(used.told.join(), /ci has been here with epoch 3 before: give it a later one$/);
    await t.rejects(readAppend(['http://x/', '--producer-epoch=3']), {
      message: /needs --producer-id/,
    });
  },
);

const there = (body: string, type = BYTES): Step => ({
  status: 200,
  headers: { ...type, 'stream-next-offset': '5', 'stream-up-to-date': 'true' },
  body,
});

t.test('--resume goes on behind what is there, which is compared', async (t) => {
  const { status, appends, told } = await run(
    t,
    [found(), there('abc'), taken],
    'abcdef',
    '--resume',
  );
  t.equal(status, 0);
  t.same(appends, ['0 def']);
  t.match(told[0], /^3 bytes were there, 3 bytes appended in 1 request/);
  const other = await run(t, [found(), there('abX')], 'abcdef', '--resume');
  t.match(other.told.join(), /the stream has other bytes behind byte 0: nothing is appended$/);
  const longer = await run(t, [found(), there('abcdefg')], 'abcdef', '--resume');
  t.match(longer.told.join(), /the stream has more than this input$/);
  const messages = await run(
    t,
    [found(JSON_TYPE), there('[1,{"a":2}]', JSON_TYPE), taken],
    '1\n\n{"a": 2}\n3\n',
    '--resume',
  );
  t.same(messages.appends, ['0 [3]']);
});

t.test('--resume of what is all there and closed has nothing to do', async (t) => {
  const closed = { 'stream-closed': 'true' };
  const step: Step = {
    status: 200,
    headers: { 'stream-next-offset': '3', ...closed },
    body: 'abc',
  };
  const done = await run(t, [found(BYTES, closed), step], 'abc', '--resume', '--close');
  t.same({ status: done.status, appends: done.appends }, { status: 0, appends: [] });
  const more = await run(t, [found(BYTES, closed), step], 'abcd', '--resume');
  t.match(more.told.join(), /the stream is closed$/);
});

t.test('standard input goes as it comes, and gathers while an append is under way', async (t) => {
  let go: () => void = () => {};
  const held: Step = (_, response) => {
    go = () => answer(response, { status: 200 });
  };
  const { url, asked } = await serveScript(t, [found(), held, taken]);
  const words = [`--import=${TSX}`, CLI, 'append', url, '--lines', '--close'];
  const child = spawn(...plainCommand(process.execPath, words), {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  child.stdin.write('one\ntw');
  while (asked.length < 2) await new Promise((resolve) => setImmediate(resolve));
  t.equal(asked[1]?.body.toString(), 'one\n', 'a line that is not whole waits');
  await new Promise<void>((resolve) => child.stdin.end('o\nthree\n', resolve));
  go();
  t.same(await once(child, 'close'), [0, null]);
  t.equal(
    asked
      .slice(2)
      .map(({ body }) => body.toString())
      .join(''),
    'two\nthree\n',
  );
  t.equal(asked.at(-1)?.headers['stream-closed'], 'true');
});

t.test('a file that is not there, and no address', async (t) => {
  const read = await readAppend(['http://127.0.0.1:1/', '/none/at/all']);
  if (typeof read === 'string' || 'help' in read) throw new Error('nothing was asked for');
  await t.rejects(append(read), { code: 'ENOENT' });
  await t.rejects(readAppend([]), { message: /^append needs an address/ });
});
