// The process of the resuming load: a connection for each request, each with the session ticket of an earlier one.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, get } from 'node:https';
import { createSecureContext, type TLSSocket } from 'node:tls';
import { clientTls } from '../certificate.ts';
import { countAnswer, load, measure, recordLatency, requestOf } from './meter.ts';

// The agent keeps the last ticket of a server and offers it by itself. One context serves all: making one costs more
// than a handshake.
const agent = new Agent({ keepAlive: false, secureContext: createSecureContext(clientTls()) });

// For the first ticket.
await ask(0);
await measure(async (index, began) => {
  const end = began + load.seconds * 1000;
  for (let turn = index; performance.now() < end; turn += 1) await ask(turn);
});

/** A connection whose session is not resumed is an error: its handshake was another one. */
async function ask(turn: number): Promise<void> {
  const { path, headers } = requestOf(turn);
  const asked = performance.now();
  const request = get(new URL(path, load.url), { agent, headers });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const resumed = (response.socket as TLSSocket).isSessionReused();
  await countAnswer(response, resumed && response.statusCode === load.status);
  recordLatency(performance.now() - asked);
}
