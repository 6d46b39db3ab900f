// Clients that ask for one thing again and again, each as soon as it has its answer; and single answers over a bare socket.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

const REQUEST = requestOf('/');
const ASKING = 8;

/** What `answerOf` sends for a path. */
export function requestOf(path: string, fields = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
}

/** Microseconds, the 99th percentile. */
export async function ask(at: number, ms: number): Promise<number> {
  const histogram = createHistogram({ lowest: 1, highest: 60_000_000, figures: 3 });
  const until = performance.now() + ms;
  await Promise.all(Array.from({ length: ASKING }, () => askOn(at, until, histogram)));
  return histogram.percentile(99);
}

async function askOn(at: number, until: number, histogram: RecordableHistogram): Promise<void> {
  const socket = await open(at);
  while (performance.now() < until) {
    const began = performance.now();
    await answerOf(socket);
    histogram.record(Math.max(1, Math.round((performance.now() - began) * 1000)));
  }
  socket.destroy();
}

export async function open(at: number): Promise<Socket> {
  const socket = connect({ port: at, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Sends a request, and waits for the whole answer: its head. Rejects where the server closes. */
export function answerOf(socket: Socket, request = REQUEST): Promise<string> {
  return new Promise((resolve, reject) => {
    let got = Buffer.of();
    const gone = () => reject(new Error('the server has closed'));
    const take = (chunk: Buffer) => {
      got = Buffer.concat([got, chunk]);
      const end = got.indexOf('\r\n\r\n');
      const head = got.toString('latin1', 0, Math.max(0, end));
      const length = /content-length: (\d+)/i.exec(head)?.[1];
      if (end < 0 || got.length < end + 4 + Number(length)) return;
      socket.off('data', take).off('close', gone);
      resolve(head);
    };
    socket.on('data', take).once('close', gone);
    socket.write(request);
  });
}
