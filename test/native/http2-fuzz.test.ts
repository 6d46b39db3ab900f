// HTTP/2 under mutated frames, with the address and undefined-behaviour sanitizers: on a stream of records, with answers
// at once, later and never, timeouts, and the end at any time.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t from 'tap';
import { sourcesUpTo } from '../support/native.ts';
import { buildProgram, SANITIZERS } from '../support/native-program.ts';

/** For a longer run: a million take a core a minute and more. */
const sequences = process.env.ZCSERVE_FUZZ_SEQUENCES ?? '20000';
/** Fixed, so that a failure is the same failure tomorrow; another seed is others. */
const seed = process.env.ZCSERVE_FUZZ_SEED ?? '9113';

const sources = sourcesUpTo('http2').filter((path) => !path.includes('/http1/'));
const program = buildProgram(t, 'http2_fuzz.cc', sources, SANITIZERS);

t.test(`${sequences} mutated sequences of frames (seed ${seed})`, async (t) => {
  const { stdout } = await promisify(execFile)(program, [sequences, seed]);
  t.match(stdout, `${sequences} sequences, seed ${seed}`);
});
