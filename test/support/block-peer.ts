// The least of HTTP/2 that a client of node:http2 talks to: header blocks are taken as they come, and answered by blocks
// as they are.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Teardown } from './tree.ts';

const PREFACE_SIZE = 24;
const HEAD_SIZE = 9;
/** SETTINGS_MAX_FRAME_SIZE, unless somebody says more. */
const FRAME_SIZE = 16384;
const TYPE = { headers: 1, settings: 4, continuation: 9 } as const;
const FLAG = { ack: 1, endStream: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const;

export interface BlockPeer {
  readonly origin: string;
  /** Of all requests, in their order. */
  readonly blocks: readonly string[];
}

/** table: SETTINGS_HEADER_TABLE_SIZE. answer: the block that answers request number `nth`. */
export async function listenForBlocks(
  t: Teardown,
  table: number,
  answer: (nth: number) => string,
): Promise<BlockPeer> {
  const blocks: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const frames = new FrameReader();
    const parts: Buffer[] = [];
    const send = (...written: readonly Buffer[]) => socket.write(Buffer.concat(written));
    send(tableSize(table));
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      for (const { type, flags, id, payload } of frames.read(chunk)) {
        if (type === TYPE.settings && !(flags & FLAG.ack)) send(frame(TYPE.settings, FLAG.ack, 0));
        if (type === TYPE.headers) parts.push(unpadded(payload, flags));
        if (type === TYPE.continuation) parts.push(payload);
        if (parts.length === 0 || !(flags & FLAG.endHeaders)) continue;
        send(...headers(id, Buffer.from(answer(blocks.length), 'latin1')));
        blocks.push(Buffer.concat(parts.splice(0)).toString('latin1'));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, blocks };
}

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
}

/** Of what a client sends: its preface is dropped. */
class FrameReader {
  #pending = Buffer.alloc(0);
  #dropping = PREFACE_SIZE;

  *read(chunk: Buffer): Iterable<Frame> {
    const dropped = Math.min(this.#dropping, chunk.length);
    this.#dropping -= dropped;
    this.#pending = Buffer.concat([this.#pending, chunk.subarray(dropped)]);
    while (this.#pending.length >= HEAD_SIZE) {
      const head = this.#pending;
      const end = HEAD_SIZE + head.readUIntBE(0, 3);
      if (head.length < end) return;
      this.#pending = head.subarray(end);
      yield {
        type: head.readUInt8(3),
        flags: head.readUInt8(4),
        id: head.readUInt32BE(5),
        payload: head.subarray(HEAD_SIZE, end),
      };
    }
  }
}

function unpadded(payload: Buffer, flags: number): Buffer {
  const padding = flags & FLAG.padded ? (payload[0] ?? 0) : 0;
  const begin = (flags & FLAG.padded ? 1 : 0) + (flags & FLAG.priority ? 5 : 0);
  return payload.subarray(begin, payload.length - padding);
}

function tableSize(size: number): Buffer {
  const setting = Buffer.alloc(6);
  setting.writeUInt16BE(1);
  setting.writeUInt32BE(size, 2);
  return frame(TYPE.settings, 0, 0, setting);
}

/** A whole answer: there is no body. */
function headers(id: number, block: Buffer): Buffer[] {
  const count = Math.max(1, Math.ceil(block.length / FRAME_SIZE));
  return Array.from({ length: count }, (_, i) => {
    const part = block.subarray(i * FRAME_SIZE, (i + 1) * FRAME_SIZE);
    const end = i === count - 1 ? FLAG.endHeaders : 0;
    if (i > 0) return frame(TYPE.continuation, end, id, part);
    return frame(TYPE.headers, end | FLAG.endStream, id, part);
  });
}

function frame(type: number, flags: number, id: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(HEAD_SIZE);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, payload]);
}
