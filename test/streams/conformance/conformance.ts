// npm run test:streams: the suite of Durable Streams for servers, whole, against each carrier. `npm run test:streams -- http1`
// for one of them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadNative } from '../../../src/addon/load.ts';
import type { OptionsInput } from '../../../src/options/options.ts';
import { createServer } from '../../../src/server/server.ts';
import { TLS_OPTIONS } from '../../support/tls.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));

const CARRIERS: Readonly<Record<string, OptionsInput>> = {
  native: { transport: 'native' },
  'native TLS': { transport: 'native', ...TLS_OPTIONS },
  http1: { transport: 'http1' },
};

/** Tests that fail here, by their full names, and why that is as it should be. */
const EXCEPTIONS: Readonly<Record<string, string>> = {};

/** The suite's own paths. */
const PREFIX = '/v1/stream';

/** Of vitest's report in JSON. */
interface Report {
  readonly testResults: ReadonlyArray<{
    readonly assertionResults: ReadonlyArray<{
      readonly fullName: string;
      readonly status: 'passed' | 'failed' | 'skipped' | 'pending' | 'todo';
      readonly failureMessages: readonly string[];
    }>;
  }>;
}

async function runSuite(url: string, output: string): Promise<Report> {
  const report = ['--reporter=json', `--outputFile=${output}`];
  // One of them makes 100,000 comparisons.
  const args = ['run', `--root=${HERE}`, '--testTimeout=30000', ...report];
  const child = spawn(join(HERE, 'node_modules/.bin/vitest'), args, {
    env: { ...process.env, CONFORMANCE_TEST_URL: url, NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await once(child, 'exit');
  return JSON.parse(readFileSync(output, 'utf8')) as Report;
}

/** Did all pass that are no exceptions? */
async function conforms(name: string, carrier: OptionsInput): Promise<boolean> {
  const root = await mkdtemp(join(tmpdir(), 'zcserve-streams-'));
  const server = await createServer({
    ...{ root, port: 0, streams: PREFIX, cors: ['*'], logLevel: 'error' },
    ...carrier,
    // Shorter than the suite's patience with one test.
    longPollTimeout: '3s',
    // Its largest append: node's fetch fails where it is refused while it is sent.
    maxAppend: '16m',
  });
  try {
    const report = await runSuite(server.url, join(root, 'report.json'));
    const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
    const passed = tests.filter(({ status }) => status === 'passed');
    const failed = tests.filter(({ status }) => status === 'failed');
    const unexpected = failed.filter(({ fullName }) => EXCEPTIONS[fullName] === undefined);
    const healed = passed.filter(({ fullName }) => EXCEPTIONS[fullName] !== undefined);
    const skipped = tests.length - passed.length - failed.length;
    console.log(`${name}: ${passed.length} passed, ${failed.length} failed, ${skipped} skipped`);
    for (const { fullName, failureMessages } of unexpected) {
      console.log(`  ${fullName}\n    ${failureMessages[0]?.split('\n', 1)}`);
    }
    for (const { fullName } of healed) console.log(`  passes, and is an exception: ${fullName}`);
    return passed.length > 0 && unexpected.length + healed.length === 0;
  } finally {
    await server.close();
    await rm(root, { recursive: true });
  }
}

const asked = process.argv.slice(2);
const hasNative = loadNative().addon !== undefined;
let all = true;
for (const [name, carrier] of Object.entries(CARRIERS)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  if (carrier.transport === 'native' && !hasNative) console.log(`${name}: is not to be had here`);
  else all = (await conforms(name, carrier)) && all;
}
process.exitCode = all ? 0 : 1;
