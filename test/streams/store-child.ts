// A store in a process of its own, so that a library may stand under it: `node store-child.ts DIRECTORY DURABILITY`. It does
// what it is sent, a message at a time, and sends what came of it.
import { loadNative } from '../../src/addon/load.ts';
import { createLog } from '../../src/log/log.ts';
import { openStreamStore } from '../../src/streams/store/open-store.ts';
import type { Append, Durability } from '../../src/streams/store/types.ts';
import { found, OPTIONS, TEXT, text } from './fixture.ts';

/** A call of the store, by its name, or of a stream. `appends`: all at once, of one producer that goes by the alphabet. */
export type Call =
  | { readonly call: 'create' | 'tail' | 'delete'; readonly stream: string }
  | { readonly call: 'appends'; readonly stream: string; readonly letters: readonly string[] }
  | { readonly call: 'lines' | 'waiting' | 'close' };

const [directory = '', durability = ''] = process.argv.slice(2);
const lines: string[] = [];
const { addon } = loadNative();
const store = await openStreamStore(
  directory,
  { ...OPTIONS, durability: durability as Durability },
  { addon, log: createLog({ write: (line) => lines.push(line) }) },
);

function appendOf(letter: string): Append {
  const seq = letter.charCodeAt(0) - 'a'.charCodeAt(0);
  return text(letter, { producer: { id: 'p', epoch: 0, seq }, seq: letter });
}

async function answer(call: Call): Promise<unknown> {
  switch (call.call) {
    case 'create':
      return (await store.create(call.stream, TEXT)).kind;
    case 'tail':
      return (await found(store, call.stream)).tail;
    case 'delete':
      return store.delete(call.stream);
    case 'appends': {
      const stream = await found(store, call.stream);
      return Promise.all(call.letters.map((letter) => stream.append(appendOf(letter))));
    }
    case 'lines':
      return lines;
    case 'waiting':
      return store.stats().waiting;
    case 'close':
      await store.close();
      process.disconnect();
      return undefined;
  }
}

process.on('message', async ({ id, call }: { readonly id: number; readonly call: Call }) => {
  const came = await answer(call).catch((error) => String(error));
  if (process.connected) process.send?.({ id, came });
});
process.send?.({ id: 0 });
