// A program of node:cluster: forks a worker whenever it is told to, each serves the same root on the same port.
import cluster from 'node:cluster';
import { createServer } from '../../src/server/server.ts';

/** What a worker does, by its variables. */
export interface WorkerVariables {
  readonly ROOT: string;
  readonly PORT: string;
  readonly TRANSPORT: string;
  /** A path of a Unix socket, in the place of the port. */
  readonly SOCKET?: string;
  /** Servers that one worker starts. */
  readonly SERVERS?: string;
  readonly [name: string]: string | undefined;
}

/** What the program is told: to fork a worker with these variables, or to let all of them go. */
export type Order = { readonly fork: WorkerVariables } | 'disconnect';

/** What it says of a worker. */
export type Said =
  | {
      readonly pid: number;
      readonly event: 'listening';
      readonly transport: string;
      readonly port: number;
    }
  | { readonly pid: number; readonly event: 'failed'; readonly message: string }
  | { readonly pid: number; readonly event: 'ended'; readonly code: number | null };

if (cluster.isPrimary) {
  cluster.on('message', (_worker, message) => process.send?.(message));
  cluster.on('exit', ({ process: { pid = 0 } }, code) => {
    process.send?.({ pid, event: 'ended', code } satisfies Said);
  });
  process.on('message', (order: Order) => {
    if (order === 'disconnect') cluster.disconnect();
    else cluster.fork(order.fork);
  });
  process.once('disconnect', () => process.exit());
} else {
  await work(process.env as unknown as WorkerVariables);
}

async function work({
  ROOT,
  PORT,
  SOCKET,
  TRANSPORT,
  SERVERS = '1',
}: WorkerVariables): Promise<void> {
  const { pid } = process;
  try {
    for (let started = 0; started < Number(SERVERS); started++) {
      const { transport, port } = await createServer({
        root: ROOT,
        ...(SOCKET ? { listen: `unix:${SOCKET}` } : { port: PORT }),
        transport: TRANSPORT as 'native',
        headers: { '**': { 'x-worker': String(pid) } },
        logLevel: 'silent',
        grace: 0,
      });
      process.send?.({ pid, event: 'listening', transport, port } satisfies Said);
    }
  } catch (error) {
    const { message } = error as Error;
    process.send?.({ pid, event: 'failed', message } satisfies Said);
  }
}
