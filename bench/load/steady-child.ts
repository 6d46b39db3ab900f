// The process of the steady load: requests at a fixed rate, whatever becomes of those before.
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { countAnswer, load, measure, recordLatency, requestOf } from './meter.ts';

const rate = load.rate ?? 1000;

/** The first half second warms this process up; its latencies don't count. */
const WARM_UP_MS = 500;

await measure(keepAsking);

/**
 * One connection's requests. Each is due an interval after the one before; when an answer comes so
 * late that the next request is overdue, that one's latency counts from when it was due (no
 * coordinated omission). When the timer is late, it counts from when it was sent.
 */
async function keepAsking(index: number, began: number): Promise<void> {
  const counted = began + WARM_UP_MS;
  const end = counted + load.seconds * 1000;
  const interval = (load.connections / rate) * 1000;
  const agent = new Agent({ keepAlive: load.keepAlive, maxSockets: 1 });
  let due = began + (interval * index) / load.connections;
  for (let turn = index; due < end; turn += 1) {
    const wait = due - performance.now();
    if (wait > 0) {
      await sleep(wait);
      due = performance.now();
    }
    await ask(turn, agent);
    const took = performance.now() - due;
    if (due >= counted) recordLatency(took);
    due += interval;
  }
  agent.destroy();
}

async function ask(turn: number, agent: Agent): Promise<void> {
  const { path, headers } = requestOf(turn);
  const request = get(new URL(path, load.url), { agent, headers });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  await countAnswer(response, response.statusCode === load.status);
}
