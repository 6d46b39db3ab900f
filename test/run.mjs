// Runs test files, each in a process of its own: `npm test`, `npm test -- FILE…`.
//   --jobs=N             so many at a time: one more than two cores, for some wait for a time or a child
//   --timeout=S          seconds for each
//   --output-file=FILE   what they say, as one TAP stream
// tap's own runner follows what every process loads, those that tests start too, and draws a page for each assertion: a
// third of the suite's time.
import { spawn } from 'node:child_process';
import { createWriteStream, readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';

/** Folders whose files take long: they begin first, so that none is left alone at the end. */
const LONG = ['native', 'faults', 'command', 'http', 'browser', 'bench', ''];

/** From a file's own timeout, which tells what it waits for, to its end by force. */
const GRACE_MS = 10_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    jobs: { type: 'string', default: '3' },
    timeout: { type: 'string', default: '240' },
    'output-file': { type: 'string', default: '/dev/null' },
  },
});

const files = positionals.length > 0 ? positionals : findTests();
files.sort((one, other) => placeOf(one) - placeOf(other));
const output = createWriteStream(values['output-file']);
output.write(`TAP version 14\n1..${files.length}\n`);
const failed = [];
let done = 0;
await Promise.all(Array.from({ length: Number(values.jobs) }, work));
output.end();
console.log(`${files.length - failed.length} files passed, ${failed.length} failed`);
for (const file of failed) console.log(`FAILED ${file}`);
process.exitCode = failed.length > 0 || files.length === 0 ? 1 : 0;

function findTests() {
  const names = readdirSync('test', { recursive: true });
  return names
    .filter((name) => name.endsWith('.test.ts') && !/(?:^|\/)(?:\.|node_modules\/)/.test(name))
    .map((name) => `test/${name}`);
}

function placeOf(file) {
  const [, folder = ''] = /^test\/(?:(\w+)\/)?/.exec(file) ?? [];
  const place = LONG.indexOf(folder);
  return place < 0 ? LONG.length : place;
}

/** Takes one file after the other, until none is left. */
async function work() {
  for (let file = files[done]; file !== undefined; file = files[done]) {
    const number = ++done;
    const { end, stdout, stderr, ms } = await run(file);
    const ok = end === 0 ? 'ok' : 'not ok';
    output.write(`# Subtest: ${file}\n${stdout.replace(/^(?=.)/gm, '    ')}`);
    output.write(`${ok} ${number} - ${file} # time=${ms}ms\n`);
    console.log(`${ok} ${number} of ${files.length}: ${file}, ${(ms / 1000).toFixed(1)} s`);
    if (end === 0) continue;
    failed.push(file);
    console.log(`${failuresIn(stdout)}\n${stderr}\nends with ${end}`);
  }
}

/** Resolves when the process has ended and its output too. */
function run(file) {
  const began = performance.now();
  const child = spawn(process.execPath, ['--import=tsx', file], {
    env: { ...process.env, TAP: '1', TAP_TIMEOUT: values.timeout },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) {
    child[stream].setEncoding('utf8').on('data', (text) => {
      said[stream] += text;
    });
  }
  const end = () => {
    child.kill('SIGKILL');
    // A process that the test has started may hold them open.
    for (const stream of [child.stdout, child.stderr]) stream.destroy();
  };
  const timer = setTimeout(end, Number(values.timeout) * 1000 + GRACE_MS);
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ ...said, end: code ?? signal, ms: Math.round(performance.now() - began) });
    });
  });
}

/** The assertions that failed, each with what it says of itself. */
function failuresIn(tap) {
  const lines = tap.split('\n');
  let inside = false;
  return lines
    .filter((line) => {
      if (/^\s*not ok /.test(line)) inside = true;
      else if (/^\s*(?:ok |\d+\.\.|# Subtest)/.test(line)) inside = false;
      return inside;
    })
    .join('\n');
}
