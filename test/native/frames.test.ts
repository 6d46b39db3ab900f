// HTTP/2's frames as values, by a table: type, flags, length and stream to an error and its scope.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { NATIVE } from '../support/native.ts';
import { buildProgram } from '../support/native-program.ts';

const parts = ['http2/frame.cc', 'http2/priority.cc'].map((name) => join(NATIVE, name));
const program = buildProgram(t, 'frame_test.cc', parts);

t.test('frames', async (t) => {
  const claims = execFileSync(program, { encoding: 'utf8' }).trim().split('\n');
  t.ok(claims.length > 70, 'all were tried');
  for (const line of claims) t.ok(line.startsWith('ok '), line.replace(/^(not )?ok /, ''));
});
