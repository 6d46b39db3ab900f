// A server of streams that is killed and started again, on the same port, while clients use it.
import { freePort } from '../../bench/servers/server.ts';
import { type Running, startCommand } from '../support/command.ts';
import { makeTree, type Teardown } from '../support/tree.ts';

export interface KilledServer {
  /** Below the prefix. */
  readonly url: string;
  /** By SIGKILL; resolves when another one serves. */
  restart(): Promise<void>;
  /** By SIGTERM: resolves to the exit code. */
  stop(): Promise<number | null>;
}

export async function startKilled(
  t: Teardown,
  flags: readonly string[] = [],
): Promise<KilledServer> {
  const root = makeTree(t);
  const streams = makeTree(t);
  const port = await freePort();
  const start = (): Promise<Running> =>
    startCommand(t, [root, `--port=${port}`, '--streams=/s', `--streams-dir=${streams}`, ...flags]);
  let running = await start();
  const end = async (signal: NodeJS.Signals) => {
    running.process.kill(signal);
    return (await running.ended).code;
  };
  return {
    url: `http://127.0.0.1:${port}/s`,
    async restart() {
      await end('SIGKILL');
      running = await start();
    },
    stop: () => end('SIGTERM'),
  };
}

/** Between two attempts, milliseconds. */
const PAUSE_MS = 10;

/** `fetch` of those who outlive a server: they ask again until they have the whole answer. */
export function persistentFetch(onFailure: () => void = () => {}): typeof fetch {
  return async (...asked) => {
    for (;;) {
      try {
        const answer = await fetch(...asked);
        const body = await answer.arrayBuffer();
        const { status, headers } = answer;
        if (status !== 503) return new Response(status === 204 ? null : body, { status, headers });
      } catch {
        // It is being killed, or not there yet.
      }
      onFailure();
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  };
}
