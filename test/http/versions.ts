// A file that is rewritten in place where nobody watches: its next answer is of one version, the new one.
import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { type Address, connect, request, requestBytes } from '../support/client.ts';

/** Asked this often a file is in memory, or prepared in the engine. */
const HEAT = 6;

/**
 * Sizes that a file of `BEFORE` bytes gets, in turn: shorter, longer, the same again. (A smaller file may be a snapshot
 * in memory: that is one version, head and bytes, and may be as old as `revalidate`.)
 */
export const BEFORE = 200_000;
const SIZES = [150_000, 200_500, 200_500, 100_000, 200_000];

/** The options that let an old version live longest, but for snapshots: with TLS these files would be some. */
export const UNWATCHED = {
  watch: false,
  revalidate: '1h',
  mmapMax: '32k',
  logLevel: 'silent',
} as const;

/** Bytes that tell versions apart wherever they are cut. */
export function bytesOf(version: number, size: number): Buffer {
  return Buffer.alloc(size, `version ${version}\n`);
}

/** Claims that GET and Range follow each rewrite of root/`name` at once, with a validator of its own. */
export async function checkRewritten(
  t: Test,
  address: Address,
  root: string,
  name: string,
): Promise<void> {
  const range = { range: 'bytes=-10' };
  const parts = { range: 'bytes=0-9,100-109' };
  const tags = new Set<string | undefined>();
  for (const [version, size] of SIZES.entries()) {
    const connection = await connect(address);
    const keep = { connection: 'keep-alive' };
    for (let i = 0; i < HEAT; i++) {
      for (const fields of [keep, { ...keep, ...range }, { ...keep, ...parts }]) {
        await connection.send(requestBytes(`/${name}`, { fields }));
        tags.add((await connection.read('GET')).field('etag'));
      }
    }
    connection.close();
    t.equal(tags.size, version + 1, 'each version had one tag of its own');

    const bytes = bytesOf(version, size);
    writeFileSync(join(root, name), bytes);
    // Apart even within one tick of the file system's clock.
    utimesSync(join(root, name), 1_000_000_000 + version, 1_000_000_000.5 + version);
    const part = await request(address, `/${name}`, { fields: range });
    t.equal(part.status, 206, `${size} bytes: 206`);
    t.equal(part.field('content-range'), `bytes ${size - 10}-${size - 1}/${size}`);
    t.ok(part.body.equals(bytes.subarray(-10)), 'the new bytes');
    const lists = await request(address, `/${name}`, { fields: parts });
    t.match(lists.body.toString('latin1'), `/${size}\r\n`, 'multipart of the new version');
    const whole = await request(address, `/${name}`);
    t.equal(whole.status, 200);
    t.ok(whole.body.equals(bytes), 'all new bytes');
    t.notOk(tags.has(whole.field('etag')), 'under another ETag');
    const [old] = tags;
    const fields = { 'if-none-match': old ?? '' };
    t.equal((await request(address, `/${name}`, { fields })).status, 200, 'the first tag is over');
  }
}
