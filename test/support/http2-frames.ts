// The least of HTTP/2 that a client of node:http2 talks to: header blocks are taken as they come, and answered by blocks
// as they are.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import type { Teardown } from './tree.ts';

const PREFACE_SIZE = 24;
const FRAME_SIZE = 16384;
const TYPE = { headers: 1, settings: 4, continuation: 9 } as const;
const FLAG = { ack: 1, endStream: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const;

export interface BlockPeer {
  readonly origin: string;
  /** Of all requests, in their order. */
  readonly blocks: readonly string[];
}

/** table: SETTINGS_HEADER_TABLE_SIZE. answer: the whole answer to request number `nth`. */
export async function listenForBlocks(
  t: Teardown,
  table: number,
  answer: (nth: number) => string,
): Promise<BlockPeer> {
  const blocks: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const setting = Buffer.alloc(6);
    setting.writeUInt16BE(1);
    setting.writeUInt32BE(table, 2);
    socket.write(frame(TYPE.settings, 0, 0, setting));
    let skipped = false;
    let pending = Buffer.alloc(0);
    let block = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      if (!skipped && pending.length < PREFACE_SIZE) return;
      if (!skipped) pending = pending.subarray(PREFACE_SIZE);
      skipped = true;
      for (;;) {
        if (pending.length < 9) return;
        const size = pending.readUIntBE(0, 3);
        if (pending.length < 9 + size) return;
        const [type, flags, id] = [pending[3], pending[4] ?? 0, pending.readUInt32BE(5)];
        const payload = pending.subarray(9, 9 + size);
        pending = pending.subarray(9 + size);
        if (type === TYPE.settings && !(flags & FLAG.ack)) {
          socket.write(frame(TYPE.settings, FLAG.ack, 0, Buffer.alloc(0)));
        }
        if (type !== TYPE.headers && type !== TYPE.continuation) continue;
        block = Buffer.concat([block, type === TYPE.headers ? unpadded(payload, flags) : payload]);
        if (!(flags & FLAG.endHeaders)) continue;
        socket.write(headers(id, Buffer.from(answer(blocks.length), 'latin1')));
        blocks.push(block.toString('latin1'));
        block = Buffer.alloc(0);
      }
    });
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, blocks };
}

function unpadded(payload: Buffer, flags: number): Buffer {
  const padding = flags & FLAG.padded ? (payload[0] ?? 0) : 0;
  const begin = (flags & FLAG.padded ? 1 : 0) + (flags & FLAG.priority ? 5 : 0);
  return payload.subarray(begin, payload.length - padding);
}

/** The whole answer: there is no body. */
function headers(id: number, block: Buffer): Buffer {
  const count = Math.max(1, Math.ceil(block.length / FRAME_SIZE));
  const parts = Array.from({ length: count }, (_, i) =>
    block.subarray(i * FRAME_SIZE, (i + 1) * FRAME_SIZE),
  );
  return Buffer.concat(
    parts.map((part, i) => {
      const end = i === count - 1 ? FLAG.endHeaders : 0;
      if (i > 0) return frame(TYPE.continuation, end, id, part);
      return frame(TYPE.headers, end | FLAG.endStream, id, part);
    }),
  );
}

function frame(type: number, flags: number, id: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, payload]);
}
