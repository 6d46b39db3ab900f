// HTTP/2 under mutated frames, with the address and undefined-behaviour sanitizers: on a stream of records, with answers
// at once, later and never, timeouts, and the end at any time.
import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { CXX_FLAGS, findCompiler, NATIVE, sourcesUpTo } from '../support/native.ts';
import { makeTree } from '../support/tree.ts';

/** For a longer run: a million take a core a minute and more. */
const sequences = process.env.ZCSERVE_FUZZ_SEQUENCES ?? '50000';
/** Fixed, so that a failure is the same failure tomorrow; another seed is others. */
const seed = process.env.ZCSERVE_FUZZ_SEED ?? '9113';

const compiler = findCompiler();
const skip = compiler ? false : 'no C++ compiler';
const sanitizers = ['-g', '-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

t.test(`${sequences} mutated sequences of frames (seed ${seed})`, { skip }, async (t) => {
  const program = join(makeTree(t), 'http2_fuzz');
  const sources = sourcesUpTo('http2').filter((path) => !path.includes('/http1/'));
  const command = [...CXX_FLAGS, ...sanitizers, '-o', program, ...sources];
  execFileSync(compiler ?? '', [...command, join(NATIVE, 'test/http2_fuzz.cc')]);
  const { stdout } = await promisify(execFile)(program, [sequences, seed]);
  t.match(stdout, `${sequences} sequences, seed ${seed}`);
});
