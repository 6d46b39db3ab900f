// The suite's client for HTTP/2: takes requests as HTTP/1 writes them, sends each on a stream of one session, and gives
// their answers in the order of the requests.
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectSession,
} from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Address, Answer, Connection } from './client.ts';

/** What HTTP/1 says of a connection, and HTTP/2 does not (RFC 9113 §8.2.2). */
const OF_CONNECTION = new Set(['connection', 'keep-alive']);

export async function connectHttp2({
  port,
  host = '127.0.0.1',
  tls,
  from,
}: Address): Promise<Connection> {
  const local = from === undefined ? {} : { localAddress: from };
  const socket = tls
    ? connectTls({ port, host, ...local, rejectUnauthorized: false, ALPNProtocols: ['h2'] })
    : connectTcp({ port, host, ...local, noDelay: true });
  const session = connectSession(`${tls ? 'https' : 'http'}://${host}:${port}`, {
    createConnection: () => socket,
    // The suite's own order: as many as it likes at a time.
    peerMaxConcurrentStreams: 1000,
  });
  session.on('error', () => {});
  await new Promise<void>((resolve, reject) => {
    session.once('connect', () => resolve()).once('error', reject);
  });
  return over(session, socket);
}

function over(session: ClientHttp2Session, socket: Socket): Connection {
  const answers: Array<Promise<Answer>> = [];
  const streams = new Set<ClientHttp2Stream>();
  let text = '';
  let paused = false;
  const closed = new Promise<void>((resolve) => session.once('close', resolve));

  function ask(head: string, body: string): void {
    const stream = session.request(fieldsOf(head), { endStream: body === '' });
    streams.add(stream);
    stream.once('close', () => streams.delete(stream));
    if (body !== '') stream.end(Buffer.from(body, 'latin1'));
    const answer = answerOn(stream, () => paused);
    // Whoever does not read it does not care how it ends.
    answer.catch(() => {});
    answers.push(answer);
  }

  return {
    socket,
    async send(bytes) {
      text += typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1');
      for (;;) {
        const end = text.indexOf('\r\n\r\n');
        if (end < 0) return;
        const head = text.slice(0, end);
        const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
        if (text.length < end + 4 + length) return;
        ask(head, text.slice(end + 4, end + 4 + length));
        text = text.slice(end + 4 + length);
      }
    },
    end: () => session.close(),
    async read() {
      const next = answers.shift();
      if (next === undefined) throw new Error('closed inside a head: ""');
      return next;
    },
    async rest() {
      await closed;
      return Buffer.alloc(0);
    },
    pause() {
      paused = true;
      for (const stream of streams) stream.pause();
    },
    resume() {
      paused = false;
      for (const stream of streams) stream.resume();
    },
    reset: () => void socket.destroy(),
    close: () => session.destroy(),
  };
}

/** A head as HTTP/1 writes it. */
function fieldsOf(head: string): Record<string, string | string[]> {
  const [first = '', ...lines] = head.split('\r\n');
  const [, method = '', path = ''] = /^(\S+) (.*) HTTP\/1\.1$/.exec(first) ?? [];
  const fields: Record<string, string | string[]> = { ':method': method, ':path': path };
  for (const line of lines) {
    const [, sent = '', value = ''] = /^([^:]*):[\t ]*(.*?)[\t ]*$/.exec(line) ?? [];
    const name = sent.toLowerCase() === 'host' ? ':authority' : sent.toLowerCase();
    if (OF_CONNECTION.has(name)) continue;
    const before = fields[name];
    fields[name] = before === undefined ? value : [before, value].flat();
  }
  return fields;
}

function answerOn(stream: ClientHttp2Stream, isPaused: () => boolean): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let head: Omit<Answer, 'body'> | undefined;
    let ended = false;
    stream.once('response', (fields) => {
      head = headOf(fields);
    });
    stream.on('data', (chunk) => chunks.push(chunk));
    if (isPaused()) stream.pause();
    stream.once('end', () => {
      ended = true;
    });
    stream.on('error', () => {});
    stream.once('close', () => {
      const body = Buffer.concat(chunks);
      const cut = stream.rstCode !== 0 || !ended;
      if (head === undefined) reject(new Error(`closed inside a head: "${stream.rstCode}"`));
      else if (cut) reject(new Error(`closed after ${body.length} body bytes`));
      else resolve({ ...head, body });
    });
  });
}

function headOf(fields: Readonly<Record<string, unknown>>): Omit<Answer, 'body'> {
  const lines = Object.entries(fields)
    .filter(([name]) => !name.startsWith(':'))
    .flatMap(([name, values]) => [values].flat().map((value) => [name, String(value)] as const));
  return {
    version: 'HTTP/2',
    status: Number(fields[':status']),
    reason: '',
    lines,
    field: (name) => lines.find(([each]) => each === name.toLowerCase())?.[1],
  };
}
