// The addon itself, built with the address and undefined-behaviour sanitizers, under the tests that load it. Node is not
// instrumented: the sanitizer's library goes before it, and leaks are not its business (V8 ends without freeing),
// nor is SIGBUS (mappings.test.ts sends one).
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const ADDON = `${REPOSITORY}native/build/address.node`;

/** Tests that use the addon in every way it has. */
const TESTS = [
  'test/faults/lifetime.test.ts',
  'test/faults/mappings.test.ts',
  'test/faults/clients.test.ts',
  'test/faults/storm.test.ts',
  'test/faults/tls.test.ts',
  'test/http/tls.test.ts',
  'test/http2/requests.test.ts',
  'test/http2/sending.test.ts',
  'test/http2/limits.test.ts',
  'test/http2/clients.test.ts',
  'test/http2/greeting.test.ts',
  'test/fuzz/requests.test.ts',
  'test/files/listing.test.ts',
  'test/files/warm.test.ts',
  'test/addon/memory.test.ts',
  'test/http/opened.test.ts',
  'test/differential/templates.test.ts',
  'test/http/listing.test.ts',
];

function libraries(): string | undefined {
  const found = ['libasan.so', 'libubsan.so'].map((name) =>
    spawnSync('c++', [`-print-file-name=${name}`], { encoding: 'utf8' }).stdout?.trim(),
  );
  return found.every((path) => path && existsSync(path)) ? found.join(' ') : undefined;
}

const preload = libraries();

t.test(
  'the addon',
  { skip: preload ? false : 'libasan and libubsan are not installed' },
  async (t) => {
    execFileSync(process.execPath, [`${REPOSITORY}native/build.mjs`, '--required'], {
      env: { ...process.env, ZCSERVE_SANITIZE: 'address' },
      stdio: 'inherit',
    });
    for (const test of TESTS) {
      const child = spawn(process.execPath, ['--import=tsx', test], {
        cwd: REPOSITORY,
        env: {
          ...process.env,
          ZCSERVE_ADDON: ADDON,
          LD_PRELOAD: preload,
          // Freed memory is kept for so long, to see who still uses it: some of the tests measure what is left.
          ASAN_OPTIONS: 'detect_leaks=0:handle_sigbus=0:abort_on_error=1:quarantine_size_mb=16',
          UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
          TAP_TIMEOUT: '600',
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
      const said = (out + err)
        .split('\n')
        .filter((line) => /Sanitizer|runtime error|^not ok/.test(line));
      t.strictSame(said, [], test);
      t.match(out, /^1\.\.[1-9]/m, `${test} ran to its end`);
    }
  },
);
