// The engine's HTTP/1 on a stream that is no socket: what holds for it will hold for TLS.
import { execFileSync } from 'node:child_process';
import t from 'tap';
import { sourcesUpTo } from '../support/native.ts';
import { buildProgram } from '../support/native-program.ts';

const program = buildProgram(t, 'stream_test.cc', sourcesUpTo('http1'));

t.test('a stream of records', async (t) => {
  const claims = execFileSync(program, { encoding: 'utf8' }).trim().split('\n');
  t.ok(claims.length > 80, 'all were tried');
  for (const line of claims) t.ok(line.startsWith('ok '), line.replace(/^(not )?ok /, ''));
});
