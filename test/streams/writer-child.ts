// A process that appends until it has done so or is killed:
//   node writer-child.ts DIRECTORY DURABILITY ROUND WRITERS APPENDS
// Each writer has a few appends under way. It says each when it is acknowledged, and why it cannot begin.
import { writeSync } from 'node:fs';
import { loadNative } from '../../src/addon/load.ts';
import { createLog } from '../../src/log/log.ts';
import { openStreamStore } from '../../src/streams/store/open-store.ts';
import type { Durability, Stream } from '../../src/streams/store/types.ts';
import { OPTIONS, TEXT } from './fixture.ts';
import { acknowledgement, textOf } from './messages.ts';

const UNDER_WAY = 4;

const [directory = '', durability = '', ...numbers] = process.argv.slice(2);
const [round = 0, writers = 0, appends = 0] = numbers.map(Number);

/** At once, and all of it: whoever kills this process believes what it has said. Its pipe may be full. */
function say(text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

async function append(stream: Stream, writer: number, seq: number): Promise<void> {
  const bytes = Buffer.from(textOf({ round, writer, seq }));
  const producer = { id: `${writer}`, epoch: round, seq };
  const appended = await stream.append({ bytes, producer, close: false });
  if (appended.kind !== 'appended') throw new Error(appended.kind);
  say(acknowledgement({ round, writer, seq, tail: appended.tail }));
}

async function write(stream: Stream, writer: number): Promise<void> {
  const running = new Set<Promise<void>>();
  for (let seq = 0; seq < appends / writers; seq++) {
    const one = append(stream, writer, seq).finally(() => running.delete(one));
    running.add(one);
    if (running.size === UNDER_WAY) await Promise.race(running);
  }
  await Promise.all(running);
}

try {
  const { addon } = loadNative();
  const options = { ...OPTIONS, durability: durability as Durability };
  const store = await openStreamStore(directory, options, { addon, log: createLog() });
  await store.create('s', TEXT);
  const stream = await store.find('s');
  if (stream === undefined || stream === 'soft-deleted') throw new Error('no stream');
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(stream, writer)));
  await store.close();
} catch (error) {
  say(`${error instanceof Error ? error.message : error}\n`);
}
