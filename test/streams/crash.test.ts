// A process that is killed while it appends, over and over: what it has acknowledged is there, where it said.
// ZCSERVE_ROUNDS: how often, for each durability.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import type { Durability } from '../../src/streams/store/types.ts';
import { makeTree } from '../support/tree.ts';
import { contentOf, found, startStore } from './fixture.ts';
import { faultOf, missing, readAcknowledgements } from './messages.ts';

const ROUNDS = Number(process.env.ZCSERVE_ROUNDS ?? 3);
const APPENDS = 10_000;
const WRITERS = 5;

const CHILD = fileURLToPath(new URL('writer-child.ts', import.meta.url));

/** What it has said until it was killed: behind so many acknowledgements. */
async function runUntil(
  directory: string,
  durability: Durability,
  round: number,
  acknowledged: number,
): Promise<string> {
  const args = [directory, durability, round, WRITERS, APPENDS].map(String);
  const child = spawn(process.execPath, ['--import=tsx', CHILD, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  let lines = 0;
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    said += text;
    lines += text.split('\n').length - 1;
    if (lines >= acknowledged) child.kill('SIGKILL');
  });
  const end = await once(child, 'close');
  if (lines < acknowledged) throw new Error(`ended by ${end}: ${lines} of ${acknowledged}`);
  return said;
}

async function killing(t: Test, durability: Durability): Promise<void> {
  const directory = makeTree(t);
  let before = '';
  let tail = 0;
  let cut = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const wanted = 1 + Math.floor(Math.random() * APPENDS * 0.9);
    const said = await runUntil(directory, durability, round, wanted);
    const acknowledged = readAcknowledgements(said);
    if (acknowledged.length < wanted)
      throw new Error(`${acknowledged.length} of ${wanted}: ${said.length} ${said.slice(-60)}`);
    const { store, lines } = await startStore(t, { directory, options: { durability } });
    const stream = await found(store, 's');
    const content = contentOf(directory, 's');
    t.equal(content.length, stream.tail, 'nothing is behind the tail');
    t.equal(faultOf(content), undefined, 'each message is whole, once, in order');
    t.ok(content.startsWith(before), 'offsets are what they were');
    // The kernel has what was written, though the process is gone: so it is with every durability.
    t.same(missing(content, acknowledged), [], `${acknowledged.length} that were acknowledged`);
    t.ok(stream.tail > tail);
    cut += lines.length;
    before = content;
    ({ tail } = stream);
    await store.close();
  }
  t.comment(`${durability}: killed ${ROUNDS} times, ${tail} bytes, cut ${cut} times`);
}

for (const durability of ['none', 'async', 'group', 'sync'] as const) {
  t.test(durability, (t) => killing(t, durability));
}
