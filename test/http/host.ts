// Servers in a process of their own: started, asked and stopped over its message channel.
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { OptionsInput } from '../../src/options/options.ts';
import type { TransportName } from '../../src/server/choose.ts';
import type { ServerStats } from '../../src/server/server.ts';
import { makeTree, type Teardown } from '../support/tree.ts';

export type Command =
  | { readonly kind: 'start'; readonly options: OptionsInput }
  | { readonly kind: 'stats'; readonly url: string }
  | { readonly kind: 'close'; readonly url: string }
  | { readonly kind: 'reload'; readonly url: string }
  | { readonly kind: 'collect' }
  | { readonly kind: 'block'; readonly file: string };

export interface Reply {
  readonly error?: string;
  readonly port?: number;
  readonly url?: string;
  readonly transport?: TransportName;
  readonly admin?: string | undefined;
  readonly stats?: ServerStats;
}

export interface HostedServer {
  readonly port: number;
  readonly transport: TransportName;
  /** Where its admin listener is, if it has one. */
  readonly admin: string | undefined;
  stats(): Promise<ServerStats>;
  close(): Promise<void>;
  /** Has it read its certificates again. */
  reload(): Promise<void>;
}

/** A process that can run several servers. */
export interface Host {
  readonly pid: number;
  /** For its sockets; goes with the test. */
  readonly folder: string;
  /** Starts a server on a free port; log lines of all levels are kept. */
  start(options: OptionsInput): Promise<HostedServer>;
  /** What its servers have logged. */
  readonly lines: readonly string[];
  /** Settles when the process has ended, to its exit code or the signal that killed it. */
  readonly ended: Promise<number | string | null>;
  /** Collects garbage until its pages have gone back to the system. */
  collect(): Promise<void>;
  /** Holds the JavaScript thread from when `file` appears until it is removed. */
  block(file: string): Promise<void>;
}

/**
 * Forks a host, which ends with the test. Without `addon` its servers run as where none is built; `env` is added to
 * this process's.
 */
export function startHost(
  t: Teardown,
  { addon, env = {} }: { readonly addon: boolean; readonly env?: Readonly<Record<string, string>> },
): Host {
  const script = fileURLToPath(new URL('./host-process.ts', import.meta.url));
  const child = fork(script, {
    // What V8 keeps for young objects is Node's, and grows when it likes by tens of MiB: it would hide our own.
    execArgv: ['--import=tsx', '--expose-gc', '--max-semi-space-size=2'],
    env: { ...process.env, ...env, ZCSERVE_NO_ADDON: addon ? '' : '1', NODE_NO_WARNINGS: '1' },
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  const lines: string[] = [];
  let rest = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    const [last = '', ...whole] = (rest + text).split('\n').reverse();
    lines.push(...whole.reverse());
    rest = last;
  });
  const ended = new Promise<number | string | null>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal));
  });
  t.teardown(() => {
    child.kill('SIGKILL');
    return ended;
  });
  const tell = createTell(child, ended, lines);
  return {
    pid: child.pid ?? 0,
    folder: makeTree(t),
    lines,
    ended,
    async start(options) {
      const command: Command = { kind: 'start', options: { port: 0, grace: 0, ...options } };
      const { port = 0, url = '', transport = 'http1', admin } = await tell(command);
      return {
        port,
        transport,
        admin,
        async stats() {
          const { stats } = await tell({ kind: 'stats', url });
          if (stats === undefined) throw new Error('no stats came');
          return stats;
        },
        close: async () => void (await tell({ kind: 'close', url })),
        reload: async () => void (await tell({ kind: 'reload', url })),
      };
    },
    collect: async () => void (await tell({ kind: 'collect' })),
    block: async (file) => void (await tell({ kind: 'block', file })),
  };
}

function createTell(
  child: ChildProcess,
  ended: Promise<unknown>,
  lines: readonly string[],
): (command: Command) => Promise<Reply> {
  const waiting = new Map<number, (reply: Reply) => void>();
  let last = 0;
  child.on('message', ({ id, reply }: { id: number; reply: Reply }) => {
    waiting.get(id)?.(reply);
    waiting.delete(id);
  });
  ended.then((how) => {
    for (const settle of waiting.values()) {
      settle({ error: `the server process ended (${how}): ${lines.slice(-5).join(' | ')}` });
    }
  });
  return async (command) => {
    const id = ++last;
    const reply = await new Promise<Reply>((resolve) => {
      waiting.set(id, resolve);
      child.send({ id, command }, (error) => error && resolve({ error: error.message }));
    });
    if (reply.error !== undefined) throw new Error(reply.error);
    return reply;
  };
}
