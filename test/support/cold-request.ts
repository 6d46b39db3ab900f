// Which modules of a checkout's src run for one cold request, by V8's precise coverage.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { Session } from 'node:inspector/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The part of zcserve that any version has. */
interface Package {
  createServer(options: object): Promise<{
    readonly url: string;
    readonly transport: string;
    close(): Promise<void>;
  }>;
}

/** For what an answer leaves to do: a watch, an offer to the engine. */
const SETTLING_MS = 200;

/**
 * The files of `src` with a function that is called for the first request of a path, from the engine's record to
 * what follows the answer. Another file of the same folder was asked for before. Loads the package: once a process.
 */
export async function filesOfColdRequest(src: string): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'zcserve-'));
  // Not at the top: what others do in the system's folder would be hints of another root.
  const root = join(folder, 'root');
  mkdirSync(root);
  for (const name of ['known.html', 'cold.html']) writeFileSync(join(root, name), '<p>a page</p>');
  const loaded: Package = await import(pathToFileURL(join(src, 'index.ts')).href);
  const server = await loaded.createServer({ root, port: 0, logLevel: 'silent' });
  try {
    if (server.transport !== 'native') throw new Error(`served by ${server.transport}`);
    const takeCalled = await startCoverage();
    await ask(`${server.url}/known.html`);
    await takeCalled();
    await ask(`${server.url}/cold.html`);
    const called = (await takeCalled()).map((file) => relative(src, file));
    return called.filter((file) => !file.startsWith('..')).sort();
  } finally {
    await server.close();
    rmSync(folder, { recursive: true });
  }
}

/** Returns what names the files with a function that was called since the last time. */
async function startCoverage(): Promise<() => Promise<string[]>> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  return async () => {
    const { result } = await session.post('Profiler.takePreciseCoverage');
    return result
      .filter(({ url }) => url.startsWith('file:'))
      .filter(({ functions }) =>
        functions.some(({ ranges }) => ranges.some((one) => one.count > 0)),
      )
      .map(({ url }) => fileURLToPath(url));
  };
}

async function ask(url: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    get(url, { agent: false }, (response) => response.resume().on('end', resolve)).on(
      'error',
      reject,
    );
  });
  await sleep(SETTLING_MS);
}
