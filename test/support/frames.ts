// A client of raw HTTP/2 frames: sends any, tells what comes back. RFC 9113.
import { connect as connectTcp, type Socket } from 'node:net';

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export const TYPES = [
  ...['DATA', 'HEADERS', 'PRIORITY', 'RST_STREAM', 'SETTINGS', 'PUSH_PROMISE', 'PING', 'GOAWAY'],
  ...['WINDOW_UPDATE', 'CONTINUATION'],
] as const;
export type FrameType = (typeof TYPES)[number];

export const END_STREAM = 1;
export const ACK = 1;
export const END_HEADERS = 4;

const ERRORS = [
  ...['NO_ERROR', 'PROTOCOL_ERROR', 'INTERNAL_ERROR', 'FLOW_CONTROL_ERROR', 'SETTINGS_TIMEOUT'],
  ...['STREAM_CLOSED', 'FRAME_SIZE_ERROR', 'REFUSED_STREAM', 'CANCEL', 'COMPRESSION_ERROR'],
  ...['CONNECT_ERROR', 'ENHANCE_YOUR_CALM', 'INADEQUATE_SECURITY', 'HTTP_1_1_REQUIRED'],
];

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export function frame(
  type: FrameType | number,
  flags: number,
  stream: number,
  payload: Buffer | string = '',
): Buffer {
  const body = Buffer.from(payload as string, 'latin1');
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head[3] = typeof type === 'number' ? type : TYPES.indexOf(type);
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
}

export function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

export function settings(...pairs: ReadonlyArray<readonly [id: number, value: number]>): Buffer {
  const entries = pairs.map(([id, value]) => Buffer.concat([Buffer.of(0, id), number(value)]));
  return frame('SETTINGS', 0, 0, Buffer.concat(entries));
}

/** RFC 9218 §7.1 */
export const priorityUpdate = (stream: number, priority: string) =>
  frame(16, 0, 0, Buffer.concat([number(stream), Buffer.from(priority)]));

export const windowUpdate = (stream: number, by: number) =>
  frame('WINDOW_UPDATE', 0, stream, number(by));

export type Line = readonly [name: string, value: string];

/** Field lines as RFC 7541 §6.2.2 writes them: literal, without a table, without Huffman's code. */
export function block(lines: readonly Line[]): Buffer {
  const text = (value: string) =>
    Buffer.concat([lengthOf(Buffer.byteLength(value, 'latin1')), Buffer.from(value, 'latin1')]);
  return Buffer.concat(lines.flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]));
}

/** RFC 7541 §5.1, with a prefix of seven bits. */
function lengthOf(length: number): Buffer {
  if (length < 127) return Buffer.of(length);
  const bytes = [127];
  let left = length - 127;
  for (; left >= 128; left >>= 7) bytes.push((left & 127) | 128);
  return Buffer.from([...bytes, left]);
}

export const GET: readonly Line[] = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':authority', 'localhost'],
];

/** A GET with further lines; without a body. */
export function get(stream: number, path: string, lines: readonly Line[] = []): Buffer {
  const all = [...GET, [':path', path] as const, ...lines];
  return frame('HEADERS', END_HEADERS | END_STREAM, stream, block(all));
}

export interface FrameClient {
  readonly socket: Socket;
  send(...frames: readonly Buffer[]): void;
  /** The next frame; undefined when the server has closed. */
  next(): Promise<Frame | undefined>;
  /** All events, in words, until so many of them are here, or the server has closed. */
  events(count: number): Promise<string[]>;
  close(): void;
}

/** Connects, and sends the preface and an empty SETTINGS unless `first` says what else. */
export async function connectFrames(
  port: number,
  first: readonly Buffer[] = [PREFACE, settings()],
): Promise<FrameClient> {
  const socket = connectTcp({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  let buffered = Buffer.alloc(0);
  let ended = false;
  let wake = () => {};
  socket.on('data', (chunk) => {
    buffered = Buffer.concat([buffered, chunk]);
    wake();
  });
  for (const event of ['end', 'close', 'error']) {
    socket.on(event, () => {
      ended = true;
      wake();
    });
  }
  async function next(): Promise<Frame | undefined> {
    for (;;) {
      const size = buffered.length < 9 ? Number.POSITIVE_INFINITY : 9 + buffered.readUIntBE(0, 3);
      if (buffered.length >= size) {
        const whole = buffered.subarray(0, size);
        buffered = buffered.subarray(size);
        const [type = 0, flags = 0] = whole.subarray(3);
        return { type, flags, stream: whole.readUInt32BE(5), payload: whole.subarray(9) };
      }
      if (ended) return undefined;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  const client: FrameClient = {
    socket,
    send: (...frames) => void socket.write(Buffer.concat(frames)),
    next,
    async events(count) {
      const words: string[] = [];
      while (words.length < count) {
        const frame = await next();
        const word = frame === undefined ? 'closed' : wordOf(frame);
        if (word !== undefined) words.push(word);
        if (frame === undefined) break;
      }
      return words;
    },
    close: () => void socket.destroy(),
  };
  client.send(...first);
  return client;
}

/** Undefined for what says nothing about a request. */
function wordOf({ type, flags, stream, payload }: Frame): string | undefined {
  switch (TYPES[type]) {
    case 'HEADERS':
      return `${stream}: ${statusOf(payload)}`;
    case 'RST_STREAM':
      return `${stream}: ${ERRORS[payload.readUInt32BE(0)]}`;
    case 'GOAWAY':
      return ERRORS[payload.readUInt32BE(4)];
    case 'PING':
      return flags & ACK ? 'open' : undefined;
    default:
      return undefined;
  }
}

/** Our blocks begin with the status: by RFC 7541's static table, or as its three digits. */
function statusOf(payload: Buffer): string {
  const at = payload[0] === 0x20 ? 1 : 0;
  const index = (payload[at] ?? 0) & 0x7f;
  const status = ['200', '204', '206', '304', '400', '404', '500'][index - 8];
  return (payload[at] ?? 0) >= 0x80 ? (status ?? '?') : payload.toString('latin1', at + 2, at + 5);
}
