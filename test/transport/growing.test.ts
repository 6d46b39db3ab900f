// Files to whose end bytes are added while they are sent: what there was of them leaves as ever, and is cut off where it is cut.
import { appendFileSync, openSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import type { NativeAddon } from '../../src/addon/types.ts';
import type { FileEntry } from '../../src/files/entry.ts';
import { type GrowingFile, openGrowing } from '../../src/files/growing-file.ts';
import type { Body, Span } from '../../src/plan/types.ts';
import { connect, requestBytes } from '../support/client.ts';
import { makeTree, pattern } from '../support/tree.ts';
import { everyCarrier } from './every.ts';
import { answer, memoryLog, tableHandler, until } from './fixtures.ts';
import { listenOn } from './listen.ts';

const SIZE = 5_000_003;
const bytes = pattern(SIZE);
const { addon } = loadNative();

async function openLog(t: Test, by: NativeAddon | undefined) {
  const path = join(makeTree(t, { 'a.log': bytes }), 'a.log');
  const file = await openGrowing(openSync(path, 'r'), 'a.log', by);
  t.teardown(() => file.release());
  let growing = true;
  t.teardown(() => {
    growing = false;
  });
  const grow = async () => {
    while (growing) {
      appendFileSync(path, 'added meanwhile');
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { path, file, grow };
}

function spanOf(file: GrowingFile, kind: 'sendfile' | 'read', span: Span): Body<FileEntry> {
  return { kind, reason: 'forced', file, span };
}

for (const carrier of everyCarrier(t, makeTree(t, {}))) {
  const native = carrier.title.startsWith('native') ? addon : undefined;
  t.test(carrier.title, async (t) => {
    const { path, file, grow } = await openLog(t, native);
    const parts = (kind: 'sendfile' | 'read'): Body<FileEntry> => ({
      kind: 'parts',
      strategy: kind,
      reason: 'forced',
      file,
      parts: [{ head: '[', span: { start: 1, end: SIZE } }],
      tail: ']',
    });
    const of = (length: number, body: Body<FileEntry>) =>
      answer(200, ['Content-Length', String(length)], body);
    const handler = tableHandler({
      '/sendfile': () => of(SIZE - 1, spanOf(file, 'sendfile', { start: 1, end: SIZE })),
      '/read': () => of(SIZE - 1, spanOf(file, 'read', { start: 1, end: SIZE })),
      '/small': () => of(5, spanOf(file, 'read', { start: SIZE - 5, end: SIZE })),
      '/parts/sendfile': () => of(SIZE + 1, parts('sendfile')),
      '/parts/read': () => of(SIZE + 1, parts('read')),
      '/added': () => of(20, spanOf(file, 'sendfile', { start: SIZE - 5, end: SIZE + 15 })),
    });
    const log = memoryLog();
    const transport = carrier.create(handler, log);
    const { tls, http2 = false } = carrier;
    const port = await listenOn(t, transport, { tls });
    t.teardown(() => transport.close(0));
    void grow();
    const connection = await connect({ port, tls, http2 });
    t.teardown(() => connection.close());
    const read = async (target: string) => {
      await connection.send(requestBytes(target, { fields: { connection: 'keep-alive' } }));
      return (await connection.read()).body;
    };
    const rest = bytes.subarray(1);
    t.ok((await read('/sendfile')).equals(rest));
    t.ok((await read('/read')).equals(rest));
    t.ok((await read('/small')).equals(bytes.subarray(-5)));
    const array = Buffer.concat([Buffer.from('['), rest, Buffer.from(']')]);
    t.ok((await read('/parts/sendfile')).equals(array));
    t.ok((await read('/parts/read')).equals(array));
    t.equal((await read('/added')).toString(), `${bytes.subarray(-5)}added meanwhile`);
    if (carrier.title === 'native') {
      t.equal(transport.stats().byStrategy['sendfile:forced']?.responses, 3);
    }

    for (const target of ['/sendfile', '/read', '/parts/sendfile', '/parts/read']) {
      truncateSync(path, 2_000_000);
      const cut = await connect({ port, tls, http2 });
      await cut.send(requestBytes(target));
      await t.rejects(cut.read(), /closed/, `${target}: it has lost what was to be sent`);
      cut.close();
    }
    await until(() => log.lines.length === 4);
    t.equal(transport.stats().truncated, 4);
    for (const line of log.lines) t.match(line, /a\.log: (truncated|changed) while it was sent/);
  });
}
