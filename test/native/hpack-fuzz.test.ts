// HPACK's decoder under mutated blocks, with the address and undefined-behaviour sanitizers.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t from 'tap';
import { buildHpack } from '../support/hpack-program.ts';
import { SANITIZERS } from '../support/native-program.ts';

/** For a quicker run while working, or a longer one. */
const blocks = Number(process.env.ZCSERVE_FUZZ_BLOCKS ?? 200_000);
/** Fixed, so that a failure is the same failure tomorrow; another seed is others. */
const seed = process.env.ZCSERVE_FUZZ_SEED ?? '7541';

const program = buildHpack(t, 'hpack_fuzz.cc', SANITIZERS);

t.test(`${blocks} mutated blocks break no promise of the decoder (seed ${seed})`, async (t) => {
  const { stdout } = await promisify(execFile)(program, [String(blocks), seed]);
  const [ok = 0, tooLarge = 0, broken = 0] = stdout.match(/\d+/g)?.map(Number) ?? [];
  t.ok(ok + tooLarge + broken >= blocks, stdout.trim());
  for (const share of [ok, tooLarge, broken]) t.ok(share > blocks / 20, 'every result was had');
});
