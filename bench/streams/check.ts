// Before anything is timed: what was appended is read back, byte for byte.
import type { RunningServer } from '../servers/server.ts';
import { create } from './appends.ts';
import { PREFIX } from './servers.ts';

export async function check(server: RunningServer): Promise<void> {
  const url = new URL(`${PREFIX}/check`, server.url);
  await create(url, 'text/plain');
  const messages = ['one,', 'two,', 'three'];
  for (const body of messages) await append(url, body, 'text/plain');
  const got = await (await fetch(`${url}?offset=-1`)).text();
  if (got !== messages.join('')) throw new Error(`${url}: read ${JSON.stringify(got)}`);
}

/** Resolves to where the next message will stand, if the server tells. */
export async function append(
  url: URL,
  body: string | Uint8Array<ArrayBuffer>,
  type: string,
): Promise<string> {
  const answer = await fetch(url, { method: 'POST', body, headers: { 'Content-Type': type } });
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`${url}: ${answer.status} to POST`);
  return answer.headers.get('stream-next-offset') ?? '';
}
