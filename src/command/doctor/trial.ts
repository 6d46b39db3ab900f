// Tries a strategy for real: serves a file of the root to itself and looks which way it went.
import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Native } from '../../addon/load.ts';
import type { Options } from '../../options/options.ts';
import { createServer } from '../../server/server.ts';
import { type Finding, finding, messageOf } from './finding.ts';

/** Requests after which a file that can be cached is cached: its copy is made in the background. */
const MAX_TRIALS = 100;

/** Serves the sample to itself until the strategy has carried it, and compares the bytes. */
export async function tryStrategy(
  subject: string,
  options: Options,
  { addon }: Native,
  sample: string,
  forced: Pick<Options, 'strategy'> & Partial<Options>,
): Promise<Finding> {
  if (addon === undefined) return finding(subject, false, 'needs the engine');
  const server = await createServer({
    root: options.root,
    symlinks: options.symlinks,
    port: 0,
    transport: 'native',
    logLevel: 'silent',
    serverTiming: true,
    mmapMinUses: 1,
    mmapMax: MAX_SAMPLE,
    cacheSize: 2 * MAX_SAMPLE,
    ...forced,
  }).catch(messageOf);
  if (typeof server === 'string') return finding(subject, false, server);
  try {
    const bytes = readFileSync(join(options.root, sample));
    const target = `/${sample.split('/').map(encodeURIComponent).join('/')}`;
    let way = '';
    for (let i = 0; i < MAX_TRIALS && !way.startsWith(forced.strategy); i++) {
      const response = await fetch(server.url + target, {
        headers: { 'accept-encoding': 'identity' },
      });
      if (!bytes.equals(new Uint8Array(await response.arrayBuffer()))) {
        return finding(subject, false, `${sample} arrived with other bytes`);
      }
      way = /desc="([^"]*)"/.exec(response.headers.get('server-timing') ?? '')?.[1] ?? '';
    }
    const good = way.startsWith(forced.strategy);
    const text = good ? `carried ${sample} (${bytes.length} bytes)` : `${sample} went by ${way}`;
    return finding(subject, good, text);
  } catch (error) {
    return finding(subject, false, messageOf(error));
  } finally {
    await server.close();
  }
}

const MAX_SAMPLE = 2 ** 24;

/** Names looked at before the search for a sample ends. */
const MAX_NAMES = 1000;

/** Root-relative path of a regular, visible file that is neither empty nor large. */
export function findSample(root: string): string | undefined {
  const folders = [''];
  let names = 0;
  for (const folder of folders) {
    for (const entry of entriesOf(join(root, folder))) {
      if (names++ > MAX_NAMES) return undefined;
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile() && isSample(join(root, path))) return path;
    }
  }
  return undefined;
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function isSample(path: string): boolean {
  const { size } = statSync(path, { throwIfNoEntry: false }) ?? { size: 0 };
  return size > 0 && size <= MAX_SAMPLE;
}
