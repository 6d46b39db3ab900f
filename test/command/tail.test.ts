// zcserve tail: each byte once and in order, whatever happens to the connection, the reader or the process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { type Asked, readTail } from '../../src/command/tail/asked.ts';
import { MAX_EVENT } from '../../src/command/tail/events.ts';
import { tail } from '../../src/command/tail/tail.ts';
import { answer, broken, cut, type Step, serveScript } from '../support/log-server.ts';
import { plainCommand } from '../support/plain-command.ts';
import { makeTree } from '../support/tree.ts';

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const TSX = import.meta.resolve('tsx');

const BYTES = { 'content-type': 'application/octet-stream' };
const JSON_TYPE = { 'content-type': 'application/json' };
const CLOSED = { 'stream-closed': 'true', 'stream-up-to-date': 'true' };
const UP_TO_DATE = { 'stream-up-to-date': 'true', 'stream-cursor': '7' };

/** What is there at first: a stream that ends at this offset. */
const found = (offset: string, type = BYTES): Step => ({
  status: 200,
  headers: { ...type, 'stream-next-offset': offset },
});

interface Ended {
  readonly status: number;
  readonly out: string;
  readonly told: readonly string[];
  /** Behind the method. */
  readonly targets: readonly string[];
}

/** What a command line asks for. */
async function asked(...args: readonly string[]): Promise<Asked> {
  const read = await readTail(args);
  if (typeof read === 'string' || 'help' in read) throw new Error('nothing was asked for');
  return read;
}

/** In this process, against a server that answers by this script. */
async function follow(
  t: Test,
  steps: readonly Step[],
  ...flags: readonly string[]
): Promise<Ended> {
  const { url, asked: requests } = await serveScript(t, steps);
  const read = await asked(url, ...flags);
  const told: string[] = [];
  const tell = (line: string) => told.push(line.replace(url, 'URL'));
  const log = { info: tell, warn: tell, error: tell };
  const out: Uint8Array[] = [];
  const status = await tail({ ...read, log }, async (bytes) => {
    out.push(Uint8Array.from(bytes));
  });
  const targets = requests.map(({ method, target }) => `${method} ${target.replace('/log', '')}`);
  return { status, out: Buffer.concat(out).toString(), told, targets };
}

t.test('from its start to the end of a stream that is closed', async (t) => {
  const steps: Step[] = [
    found('3'),
    { status: 200, headers: { 'stream-next-offset': '2' }, body: 'ab' },
    { status: 200, headers: { 'stream-next-offset': '3', ...CLOSED }, body: 'c' },
  ];
  t.same(await follow(t, steps, '--from-start'), {
    status: 0,
    out: 'abc',
    told: [],
    targets: ['HEAD ', 'GET ?offset=-1', 'GET ?offset=2'],
  });
});

t.test('what is there is read, then what comes is waited for, with the cursor', async (t) => {
  const steps: Step[] = [
    found('1'),
    { status: 200, headers: { 'stream-next-offset': '1', ...UP_TO_DATE } },
    { status: 200, headers: { 'stream-next-offset': '2', 'stream-cursor': '8' }, body: 'b' },
    { status: 204, headers: { 'stream-next-offset': '2', ...CLOSED } },
  ];
  const { out, targets } = await follow(t, steps);
  t.equal(out, 'b', 'from the end as it was');
  t.same(targets.slice(1), [
    'GET ?offset=1',
    'GET ?cursor=7&live=long-poll&offset=1',
    'GET ?cursor=8&live=long-poll&offset=2',
  ]);
});

t.test('an answer without news that was no wait is not asked for in a circle', async (t) => {
  const empty: Step = { status: 204, headers: { 'stream-next-offset': '1', ...UP_TO_DATE } };
  const closed: Step = { status: 204, headers: { 'stream-next-offset': '1', ...CLOSED } };
  const began = performance.now();
  const { targets } = await follow(t, [found('1'), empty, empty, empty, empty, closed]);
  t.equal(targets.length, 6);
  // The least that three pauses can be: the first is 50 ms or more, each later one as much again.
  t.ok(performance.now() - began >= 50 + 100 + 200, 'it waits longer each time');
});

t.test('--no-follow ends where the stream ends now', async (t) => {
  const steps: Step[] = [
    found('3'),
    { status: 200, headers: { 'stream-next-offset': '2' }, body: 'ab' },
    { status: 200, headers: { 'stream-next-offset': '3', ...UP_TO_DATE }, body: 'c' },
  ];
  const { out, status, targets } = await follow(t, steps, '--no-follow');
  t.same({ out, status }, { out: 'abc', status: 0 });
  t.equal(targets[1], 'GET ?offset=-1', 'all of it');
});

t.test('a connection lost in the middle of a body: what is written is passed over', async (t) => {
  const next = { 'stream-next-offset': '6' };
  const steps: Step[] = [
    found('6'),
    broken(next, 'abc'),
    broken(next, 'abcd'),
    cut,
    { status: 503, headers: { 'retry-after': '0' }, body: 'later' },
    { status: 200, headers: { ...next, ...CLOSED }, body: 'abcdef' },
  ];
  const { out, status, told, targets } = await follow(t, steps, '--from-start');
  t.same({ out, status }, { out: 'abcdef', status: 0 });
  t.same([...new Set(targets.slice(1))], ['GET ?offset=-1'], 'from the last offset');
  t.ok(told.every((line) => line.endsWith('trying again')));
});

t.test('messages of JSON, one a line, each byte as it was; none twice', async (t) => {
  const next = { 'stream-next-offset': '2', ...JSON_TYPE };
  const whole = '[{"a":[1, 2.0],\n "b":"[,\\"]"},\n"x\\\\",{},[], 1e3]';
  const steps: Step[] = [
    found('2', JSON_TYPE),
    broken(next, whole.slice(0, 3)),
    broken(next, whole.slice(0, 20)),
    broken(next, whole.slice(0, 38)),
    { status: 200, headers: next, body: whole },
    { status: 200, headers: { ...next, ...CLOSED }, body: '[]' },
  ];
  const { out } = await follow(t, steps, '--from-start');
  t.equal(out, '{"a":[1,2.0],"b":"[,\\"]"}\n"x\\\\"\n{}\n[]\n1e3\n');
});

const SSE = { 'content-type': 'text/event-stream' };
const control = (told: object) => `event: control\ndata: ${JSON.stringify(told)}\n\n`;

t.test('events: their data is written when the offset behind it is known', async (t) => {
  const first = `event: data\ndata: YWI=\n\n${control({ streamNextOffset: '3', streamCursor: '9' })}`;
  const lost = 'event: data\ndata: Y2Q=\n\n';
  const last = `event: data\ndata: Y2\ndata: RlZg==\n\n${control({ streamNextOffset: '7', streamClosed: true })}`;
  const headers = { ...SSE, 'stream-sse-data-encoding': 'base64' };
  const steps: Step[] = [
    found('1'),
    { status: 200, headers: { 'stream-next-offset': '1', ...UP_TO_DATE } },
    broken(headers, first + lost),
    { status: 200, headers, body: last },
  ];
  const { out, status, targets } = await follow(t, steps, '--live=sse');
  t.same({ out, status }, { out: 'abcdef', status: 0 });
  t.same(targets.slice(2), ['GET ?cursor=7&live=sse&offset=1', 'GET ?cursor=9&live=sse&offset=3']);
});

t.test('events of JSON and of text; the server ends them now and then', async (t) => {
  const cases = [
    [JSON_TYPE, 'data: [\ndata: {"k":"v"},\ndata: {"k": "w"}\ndata: ]', '{"k":"v"}\n{"k":"w"}\n'],
    [{ 'content-type': 'text/plain' }, 'data: a\ndata:  b\ndata: ', 'a\n b\n'],
  ] as const;
  for (const [type, data, expected] of cases) {
    const steps: Step[] = [
      found('1', type),
      {
        status: 200,
        headers: { 'stream-next-offset': '1', ...UP_TO_DATE },
        ...(type === JSON_TYPE && { body: '[]' }),
      },
      { status: 200, headers: SSE, body: control({ streamNextOffset: '1', upToDate: true }) },
      {
        status: 200,
        headers: SSE,
        body: `: still here\n\nevent: data\r\n${data}\r\n\r\n${control({ streamNextOffset: '2', streamClosed: true })}`,
      },
    ];
    t.equal((await follow(t, steps, '--live=sse')).out, expected, type['content-type']);
  }
});

t.test('an event without an end is refused before it fills the memory', async (t) => {
  const steps: Step[] = [
    found('1', { 'content-type': 'text/plain' }),
    { status: 200, headers: { 'stream-next-offset': '1', ...UP_TO_DATE } },
    (_, response) => {
      response.writeHead(200, SSE).write('event: data\n');
      const line = `data: ${'x'.repeat(2 ** 20)}\n`;
      const more = () => {
        if (response.destroyed) return;
        response.write(line, more);
      };
      more();
    },
  ];
  const { status, told } = await follow(t, steps, '--live=sse');
  t.equal(status, 1);
  t.match(told.join(), `an event has more than ${MAX_EVENT} characters`);
});

const ENDS: readonly (readonly [step: Step, words: RegExp])[] = [
  [{ status: 404 }, /URL: 404: there is no such stream or file$/],
  [{ status: 401 }, /401: the server wants to know who asks: --token-file/],
  [{ status: 410 }, /410: it is gone/],
  [
    { status: 301, headers: { location: 'https://x/log' } },
    /301: it is elsewhere: https:\/\/x\/log$/,
  ],
];

t.test('what no patience helps ends with 1 and says why', async (t) => {
  for (const [step, words] of ENDS) {
    const { status, told } = await follow(t, [step]);
    t.equal(status, 1);
    t.match(told.join('\n'), words);
  }
  const gone = await follow(t, [
    found('1'),
    { status: 410, body: 'an earlier offset', headers: { 'content-type': 'text/plain' } },
  ]);
  t.match(
    gone.told.join(),
    /410: it is gone: .*\(an earlier offset\)$/,
    'with what the server says',
  );
  const nobody = await serveScript(t, []);
  const read = await asked(nobody.url.replace(/:\d+/, ':1'));
  t.equal(await tail({ ...read, log: { info() {}, warn() {}, error() {} } }), 1, 'nobody there');
});

t.test('patience ends: --retry-for', async (t) => {
  const { status, told } = await follow(t, [found('1'), cut], '--retry-for=0');
  t.equal(status, 1);
  t.match(told.join(), /the connection broke \(ECONNRESET\); given up after 1 attempts$/);
});

const LENGTH = { 'content-length': '3', 'accept-ranges': 'bytes' };
const ranged = (from: number, total: string, body: string): Step => ({
  status: 206,
  headers: {
    'content-range': `bytes ${from}-${total === '*' ? 2 ** 53 - 1 : from + body.length - 1}/${total}`,
  },
  body,
});

t.test('a live file (RFC 8673) is followed from byte to byte', async (t) => {
  const ranges: unknown[] = [];
  const noting =
    (step: Step): Step =>
    (asked, response) => {
      ranges.push(asked.headers.range);
      if (typeof step === 'function') step(asked, response);
      else answer(response, step);
    };
  const lost: Step = (_, response) => {
    response.writeHead(206, { 'content-range': `bytes 3-${2 ** 53 - 1}/*` });
    response.write('de', () => response.destroy());
  };
  const steps: Step[] = [
    { status: 200, headers: LENGTH },
    noting(lost),
    noting(ranged(5, '*', 'fg')),
    noting({ status: 416, headers: { 'content-range': 'bytes */2' } }),
    noting({ status: 410 }),
  ];
  const { status, out, told } = await follow(t, steps);
  t.same({ status, out }, { status: 1, out: 'defg' });
  t.same(
    ranges,
    [3, 5, 7, 0].map((from) => `bytes=${from}-${2 ** 53 - 1}`),
  );
  t.match(told.join('\n'), /the file is shorter than before: from its start\n.*410/);
});

t.test('any file: what is there with --no-follow; asked again where nobody sends', async (t) => {
  const head: Step = { status: 200, headers: LENGTH };
  const all = await follow(t, [head, { status: 200, body: 'abc' }], '--no-follow');
  t.same({ out: all.out, status: all.status }, { out: 'abc', status: 0 });
  const part = await follow(t, [head, ranged(1, '3', 'bc')], '--no-follow', '--offset=1');
  t.equal(part.out, 'bc');
  const none = await follow(
    t,
    [head, { status: 416, headers: { 'content-range': 'bytes */3' } }],
    '--no-follow',
    '--offset=3',
  );
  t.same({ out: none.out, status: none.status }, { out: '', status: 0 });
  const polled = await follow(t, [
    head,
    ranged(3, '5', 'de'),
    ranged(5, '6', 'f'),
    { status: 404 },
  ]);
  t.equal(polled.out, 'def');
  t.match(polled.told[0], /does not offer this file live/);
  const whole = await follow(t, [head, { status: 200, body: 'abcdef' }], '--offset=2');
  t.match(whole.told.join(), /does not send a part/, 'never from another byte');
  const other = await follow(t, [head, ranged(1, '3', 'bc')], '--offset=2');
  t.match(other.told.join(), /another part/);
});

t.test('--offset-file: a restart goes on where the last run ended', async (t) => {
  const file = join(makeTree(t), 'position');
  const next = { 'stream-next-offset': '6', ...UP_TO_DATE };
  const first = await follow(
    t,
    [found('6'), broken(next, 'abc'), { status: 404 }],
    '--from-start',
    `--offset-file=${file}`,
  );
  t.same({ out: first.out, status: first.status }, { out: 'abc', status: 1 });
  t.equal(readFileSync(file, 'utf8'), '-1 +3\n', 'within an answer, what has been written of it');
  const flags = ['--no-follow', `--offset-file=${file}`];
  const second = await follow(
    t,
    [found('6'), { status: 200, headers: next, body: 'abcdef' }],
    ...flags,
  );
  t.equal(second.out, 'def');
  t.equal(readFileSync(file, 'utf8'), '6\n');
  const third = await follow(t, [found('6'), { status: 200, headers: next }], ...flags);
  t.match(third.targets, ['HEAD ', 'GET ?offset=6']);
  writeFileSync(file, 'what is this\n');
  await t.rejects(follow(t, [found('6')], ...flags), /holds no offset/);
});

interface Process {
  readonly url: string;
  readonly child: ReturnType<typeof spawn>;
  /** Of the long-poll that waits. */
  readonly waiting: Promise<ServerResponse>;
  readonly ended: Promise<unknown[]>;
}

/** As a process of its own, at a stream that has `body` and waits for more. */
async function start(t: Test, body: string, ...flags: readonly string[]): Promise<Process> {
  let wait: (response: ServerResponse) => void = () => {};
  const waiting = new Promise<ServerResponse>((resolve) => {
    wait = resolve;
  });
  const { url } = await serveScript(t, [
    found('5'),
    { status: 200, headers: { 'stream-next-offset': '5', ...UP_TO_DATE }, body },
    (_, response) => wait(response),
  ]);
  const words = [`--import=${TSX}`, CLI, 'tail', url, '--from-start', ...flags];
  const child = spawn(...plainCommand(process.execPath, words), {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  return { url, child, waiting, ended: once(child, 'exit') };
}

t.test('a reader that has gone ends it as it ends tail(1)', async (t) => {
  const { child, waiting, ended } = await start(t, 'hello');
  await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
  child.stdout?.destroy();
  answer(await waiting, { status: 200, headers: { 'stream-next-offset': '6' }, body: 'x' });
  let told = '';
  child.stderr?.on('data', (chunk) => {
    told += chunk;
  });
  t.same(await ended, [141, null]);
  t.equal(told, '');
});

t.test('a reader that is slow slows the server down', async (t) => {
  const piece = Buffer.alloc(2 ** 20, 'x');
  const whole = 128;
  let sent = 0;
  const { url } = await serveScript(t, [
    found('5'),
    async (_, response) => {
      response.writeHead(200, { 'stream-next-offset': '6', ...CLOSED });
      for (; sent < whole; sent++) if (!response.write(piece)) await once(response, 'drain');
      response.end();
    },
  ]);
  let taken = 0;
  let ahead = 0;
  const status = await tail(await asked(url, '--from-start'), async (bytes) => {
    ahead = Math.max(ahead, sent - taken / piece.length);
    await new Promise((resolve) => setImmediate(resolve));
    taken += bytes.length;
  });
  t.same({ status, taken }, { status: 0, taken: whole * piece.length });
  t.ok(ahead < whole / 2, `${ahead} MiB were on their way, of ${whole}`);
});

t.test('a signal has its way between two writes, and the position is kept', async (t) => {
  const file = join(makeTree(t), 'position');
  const { child, waiting, ended } = await start(t, 'hello', `--offset-file=${file}`);
  await waiting;
  child.kill('SIGTERM');
  t.same(await ended, [null, 'SIGTERM']);
  t.equal(readFileSync(file, 'utf8'), '5\n');
  t.notOk(existsSync(`${file}.${child.pid}.tmp`));
});

t.test('what is wrong on its command line', async (t) => {
  await t.rejects(readTail([]), { message: /^tail needs an address/ });
  await t.rejects(readTail(['ftp://x/']), { message: /^ftp:\/\/x\/ is no address/ });
  await t.rejects(readTail(['http://x/', 'b']), { message: 'b: only one address can be followed' });
  await t.rejects(readTail(['http://x/', '--ofset=1']), { message: /did you mean --offset\?$/ });
  await t.rejects(readTail(['http://x/', '--offset=1', '--from-start']), { message: /exclude/ });
  await t.rejects(readTail(['http://x/', '--header=broken']), { message: /^--header: "broken"/ });
});

t.test('who asks: a token, fields, and the user in the address', async (t) => {
  const root = makeTree(t, { token: 'abc.def\n', bad: 'two words' });
  const read = async (...args: readonly string[]) => (await asked(...args)).target;
  t.match(await read('http://x/', `--token-file=${root}/token`), {
    fields: { authorization: 'Bearer abc.def' },
  });
  const named = await read('http://me:a%3Ab@x/l#f', '--header=X-A: 1', '--header', 'x-b:2');
  const authorization = `Basic ${Buffer.from('me:a:b').toString('base64')}`;
  t.same(named.fields, { authorization, 'x-a': '1', 'x-b': '2' });
  t.equal(named.url.href, 'http://x/l');
  await t.rejects(read('http://x/', `--token-file=${root}/bad`), { message: /is not one token/ });
});
