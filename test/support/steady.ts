// Clients that ask without a pause, on connections that they keep: whoever is told that his is over comes anew.
import { type ClientHttp2Session, connect as connectSession } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { type Address, type Connection, connect, requestBytes } from './client.ts';
import { dial } from './dial.ts';

export interface SteadyClients {
  /** Requests that were answered so far. */
  readonly answered: number;
  /** What went wrong, in words. */
  readonly failures: readonly string[];
  /** Resolves when each has had so many answers more. */
  more(answers: number): Promise<void>;
  /** Resolves when all have had their last answer. */
  stop(): Promise<void>;
}

/** Status and body. */
type Ask = () => Promise<string>;

interface Asking {
  readonly ask: Ask;
  close(): void;
}

/** `count` of them. `isRight`: of status and body, as "200 hello". */
export function steadyClients(
  address: Address,
  count: number,
  target: string,
  isRight: (answer: string) => boolean,
): SteadyClients {
  const failures: string[] = [];
  const answered = Array.from({ length: count }, () => 0);
  let stopped = false;

  async function run(at: number): Promise<void> {
    const client = address.http2 ? byHttp2(address, target) : byHttp1(address, target);
    while (!stopped && failures.length < 10) {
      try {
        const answer = await client.ask();
        if (!isRight(answer)) failures.push(answer);
      } catch (error) {
        failures.push(String((error as NodeJS.ErrnoException).code ?? error));
      }
      answered[at] = (answered[at] ?? 0) + 1;
    }
    client.close();
  }

  const running = Promise.all(answered.map((_, at) => run(at)));
  return {
    get answered() {
      return answered.reduce((sum, each) => sum + each, 0);
    },
    failures,
    async more(answers) {
      const wanted = answered.map((each) => each + answers);
      const isDone = () => answered.every((each, i) => each >= (wanted[i] ?? 0));
      while (!isDone() && failures.length === 0) {
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async stop() {
      stopped = true;
      await running;
    },
  };
}

function byHttp1(address: Address, target: string): Asking {
  let connection: Connection | undefined;
  const bytes = requestBytes(target, { fields: { connection: 'keep-alive' } });
  return {
    async ask() {
      connection ??= await connect(address);
      const one = connection;
      await one.send(bytes);
      const { status, body, field } = await one.read();
      if (field('connection')?.toLowerCase() === 'close') {
        connection = undefined;
        one.close();
      }
      return `${status} ${body}`;
    },
    close: () => connection?.close(),
  };
}

function byHttp2(address: Address, target: string): Asking {
  let session: ClientHttp2Session | undefined;
  const open = (): ClientHttp2Session => {
    const raw = dial(address);
    const { host = '127.0.0.1', port, tls } = address;
    const socket = tls
      ? connectTls({ socket: raw, rejectUnauthorized: false, ALPNProtocols: ['h2'] })
      : raw;
    const opened = connectSession(`http://${host}:${port}`, { createConnection: () => socket });
    const forget = () => {
      if (session === opened) session = undefined;
    };
    opened.on('goaway', forget).on('close', forget).on('error', forget);
    return opened;
  };
  return {
    ask: () =>
      new Promise((resolve, reject) => {
        session ??= open();
        const stream = session.request({ ':path': target });
        let status: number | undefined;
        const chunks: Buffer[] = [];
        stream.once('response', (fields) => {
          status = fields[':status'];
        });
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.once('end', () => resolve(`${status} ${Buffer.concat(chunks)}`));
        stream.once('error', reject);
        stream.once('close', () => reject(new Error('the stream was closed without an answer')));
      }),
    close: () => session?.close(),
  };
}
