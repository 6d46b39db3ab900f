// Power that goes while a process appends: of what was not synced, the disk has kept whatever it liked.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import type { Durability, Stream } from '../../src/streams/store/types.ts';
import { buildShim } from '../faults/shim.ts';
import { makeTree } from '../support/tree.ts';
import { contentOf, startStore } from './fixture.ts';
import { faultOf, missing, readAcknowledgements } from './messages.ts';
import { afterCut, readJournal, type Step } from './power.ts';

const CUTS = Number(process.env.ZCSERVE_ROUNDS ?? 3) * 20;
/** Enough for a sidecar to be written anew. */
const APPENDS: Readonly<Record<Durability, number>> = {
  none: 3000,
  async: 3000,
  group: 3000,
  sync: 400,
};

const built = buildShim(t, 'power.c');
const CHILD = fileURLToPath(new URL('writer-child.ts', import.meta.url));

async function journalOf(t: Test, durability: Durability): Promise<readonly Step[]> {
  const directory = makeTree(t);
  const disk = join(directory, 'disk');
  mkdirSync(disk);
  const journal = join(directory, 'journal');
  const args = [disk, durability, 0, 2, APPENDS[durability]].map(String);
  const child = spawn(process.execPath, ['--import=tsx', CHILD, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, LD_PRELOAD: built.library, ZC_DISK: disk, ZC_JOURNAL: journal },
  });
  await once(child, 'close');
  return readJournal(readFileSync(journal));
}

function saidIn(steps: readonly Step[]): string {
  return steps.map((step) => (step.kind === 'say' ? step.text : '')).join('');
}

async function cutting(t: Test, durability: Durability): Promise<void> {
  const steps = await journalOf(t, durability);
  const all = readAcknowledgements(saidIn(steps));
  t.equal(all.length, APPENDS[durability], 'everything was acknowledged');
  const seen = { whole: 0, lost: 0, refused: 0, none: 0 };
  for (let i = 0; i < CUTS; i++) {
    const at = Math.floor(Math.random() * (steps.length + 1));
    const directory = makeTree(t);
    for (const [name, content] of afterCut(steps.slice(0, at), Math.random)) {
      writeFileSync(join(directory, name), content);
    }
    const acknowledged = readAcknowledgements(saidIn(steps.slice(0, at)));
    const { store } = await startStore(t, { directory, options: { durability } });
    const stream = await look(store.find('s'));
    if (typeof stream === 'string') {
      if (stream === 'none') seen.none++;
      else seen.refused++;
      const isPromised = durability !== 'none' && acknowledged.length > 0;
      if (isPromised || (stream !== 'none' && durability !== 'none'))
        t.fail(`${stream}, cut at step ${at}`);
    } else {
      const content = contentOf(directory, 's');
      const lost = missing(content, acknowledged);
      const fault = content === '' ? undefined : faultOf(content);
      if (fault !== undefined) t.fail(`${fault}, cut at step ${at}`);
      if (content.length !== stream.tail) t.fail(`more than its tail, cut at step ${at}`);
      const isPromised = durability === 'group' || durability === 'sync';
      if (isPromised && lost.length > 0) t.fail(`${lost.length} are lost, cut at step ${at}`);
      if (lost.length > 0) seen.lost++;
      else seen.whole++;
    }
    await store.close();
  }
  t.equal(seen.whole + seen.lost + seen.refused + seen.none, CUTS);
  t.comment(`${durability}: ${CUTS} cuts in ${steps.length} steps: ${JSON.stringify(seen)}`);
}

async function look(found: unknown): Promise<Stream | string> {
  try {
    return ((await found) as Stream | undefined) ?? 'none';
  } catch (error) {
    return String(error);
  }
}

for (const durability of ['none', 'async', 'group', 'sync'] as const) {
  const skip = built.library === undefined ? built.reason : false;
  t.test(durability, { skip }, (t) => cutting(t, durability));
}
