// Servers for tests: on a free port, quiet, closed when the test ends.
import type { OptionsInput } from '../../src/options/options.ts';
import { createServer, type Server } from '../../src/server/server.ts';
import type { Teardown } from './tree.ts';

/** Starts a server on a free port of 127.0.0.1. */
export async function startServer(t: Teardown, options: OptionsInput): Promise<Server> {
  const server = await createServer({ port: 0, logLevel: 'silent', grace: 0, ...options });
  t.teardown(() => server.close());
  return server;
}
