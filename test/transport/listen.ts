// A carrier on a port of the loopback, for tests of carriers alone.
import { closeSync } from 'node:fs';
import { type Listener, plainListener } from '../../src/rules/listeners.ts';
import type { Transport } from '../../src/transport/transport.ts';
import type { Teardown } from '../support/tree.ts';

export function onLoopback(port: number, tls = false): Listener {
  return { ...plainListener({ host: '127.0.0.1', port }), tls };
}

/** Resolves to its port. It listens until the carrier is closed, or the test ends. */
export async function listenOn(
  t: Teardown,
  transport: Pick<Transport, 'listen'>,
  { tls = false } = {},
): Promise<number> {
  const { address, descriptors } = await transport.listen(onLoopback(0, tls));
  t.teardown(() => {
    for (const descriptor of descriptors) closeSync(descriptor);
  });
  return address.path === undefined ? address.port : 0;
}
