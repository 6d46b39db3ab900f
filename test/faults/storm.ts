// Serves files that a storm changes, and tells bodies of one version from mixtures.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Address, type Answer, type Connection, connect } from '../support/client.ts';
import { pattern, type Teardown } from '../support/tree.ts';

export interface StormFile {
  readonly name: string;
  readonly size: number;
}

export interface StormOrder {
  readonly root: string;
  readonly files: readonly StormFile[];
  /** Between two changes. */
  readonly pauseMs: number;
}

export interface Storm {
  /** Ends it; the number of changes. */
  stop(): Promise<number>;
}

/** A process of its own, so that changes fall between any two system calls of a server. */
export async function startStorm(t: Teardown, order: StormOrder): Promise<Storm> {
  const script = fileURLToPath(new URL('./storm-writer.ts', import.meta.url));
  const child = fork(script, [JSON.stringify(order)], { execArgv: ['--import=tsx'] });
  const ended = once(child, 'exit');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(`${order.root}.new`, { recursive: true, force: true });
  });
  await once(child, 'message');
  return {
    async stop() {
      child.send('stop');
      const [turns] = (await once(child, 'message')) as [number];
      return turns;
    },
  };
}

/** What became of the requests of one storm. */
export interface Harvest {
  /** Bodies that came to their end and hold one version. */
  whole: number;
  /** Sizes of bodies that came to their end and hold bytes of two versions, or bytes that were in none. */
  readonly mixed: number[];
  /** Answers whose connection closed before their end. */
  cut: number;
  /** Answers other than 200: the file was empty or away for a moment. */
  other: number;
  /** Bytes of whole bodies, each compared. */
  bytes: number;
}

const nothing = (): Harvest => ({ whole: 0, mixed: [], cut: 0, other: 0, bytes: 0 });

/** Asks for the files in turn, on `clients` connections that live as long as the server lets them. */
export async function harvest(
  address: Address,
  files: readonly StormFile[],
  { requests, clients }: { readonly requests: number; readonly clients: number },
): Promise<Harvest> {
  const sum = nothing();
  let asked = 0;
  const live = async () => {
    let connection: Connection | undefined;
    while (asked < requests) {
      const file = files[asked++ % files.length];
      connection ??= await connect(address);
      const answer = await ask(connection, `/${file?.name}`);
      count(sum, answer);
      if (answer === undefined || answer.field('connection') === 'close') {
        connection.close();
        connection = undefined;
      }
    }
    connection?.close();
  };
  await Promise.all(Array.from({ length: clients }, live));
  return sum;
}

async function ask(connection: Connection, target: string): Promise<Answer | undefined> {
  try {
    await connection.send(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    return await connection.read();
  } catch {
    return undefined;
  }
}

function count(sum: Harvest, answer: Answer | undefined): void {
  if (answer === undefined) sum.cut++;
  else if (answer.status !== 200) sum.other++;
  else if (!isOneVersion(answer.body)) sum.mixed.push(answer.body.length);
  else {
    sum.whole++;
    sum.bytes += answer.body.length;
  }
}

const FIRST_VERSION = wordsOf(pattern(2 ** 21));

/** A `pattern` of some seed, cut anywhere: each word differs from that of seed 0 by the same bits. */
export function isOneVersion(body: Buffer): boolean {
  const words = wordsOf(body);
  const seed = (words[0] ?? 0) ^ (FIRST_VERSION[0] ?? 0);
  for (let i = 1; i < words.length; i++) {
    if (((words[i] ?? 0) ^ (FIRST_VERSION[i] ?? 0)) !== seed) return false;
  }
  return true;
}

/** Whole words only: a body may be cut inside one. */
function wordsOf(bytes: Buffer): Int32Array {
  const aligned = Uint8Array.prototype.slice.call(bytes, 0, bytes.length - (bytes.length % 4));
  return new Int32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
}
