// The parser and the body drain under mutated input, with the address and undefined-behaviour sanitizers.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t from 'tap';
import { SANITIZERS } from '../support/native-program.ts';
import { buildParser } from '../support/parser-program.ts';

/** For a quicker run while working, or a longer one. */
const heads = process.env.ZCSERVE_FUZZ_HEADS ?? '500000';
/** Fixed, so that a failure is the same failure tomorrow; another seed is another million. */
const seed = process.env.ZCSERVE_FUZZ_SEED ?? '9112';

const program = buildParser(t, 'parser_fuzz.cc', SANITIZERS);

t.test(`${heads} mutated heads break no promise of the parser (seed ${seed})`, async (t) => {
  const { stdout } = await promisify(execFile)(program, [heads, seed]);
  t.match(stdout, `${heads} heads and `);
});
