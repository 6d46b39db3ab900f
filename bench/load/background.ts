// Clients that keep a server busy beside the measured ones, in a process of their own.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { start } from '../process.ts';
import type { Background } from '../scenario.ts';

/** What the background process is told, as JSON in its argument. */
export interface BackgroundTask {
  readonly url: string;
  readonly clients: number;
  readonly paths: readonly string[];
  /** Files that are dropped from the page cache before they are asked for, in the order of paths. */
  readonly evict: readonly string[];
  readonly bytesPerSecond: number | undefined;
}

const CHILD = fileURLToPath(new URL('background-child.ts', import.meta.url));

/** Starts the clients; the returned function ends them and tells how many bytes they received. */
export async function startBackground(
  url: URL,
  root: string,
  background: Background,
  cores: string | undefined,
): Promise<() => Promise<number>> {
  const task: BackgroundTask = {
    url: url.href,
    clients: background.clients,
    paths: background.assets.map((asset) => asset.path),
    evict: background.cold ? background.assets.map((asset) => join(root, asset.path)) : [],
    bytesPerSecond: background.bytesPerSecond,
  };
  const child = start({
    program: process.execPath,
    args: ['--import=tsx', CHILD, JSON.stringify(task)],
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    cores,
  });
  await Promise.race([
    child.end,
    new Promise<void>((resolve) => {
      child.process.stdout?.once('data', () => resolve());
    }),
  ]);
  if (child.ended() !== undefined) throw new Error(`background clients: ${child.stderr().trim()}`);
  return async () => {
    await child.stop();
    return Number(/received (\d+)/.exec(child.stdout())?.[1] ?? 0);
  };
}
