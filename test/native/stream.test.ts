// The engine's HTTP/1 on a stream that is no socket: what holds for it will hold for TLS.
import { execFileSync } from 'node:child_process';
import t from 'tap';
import { sourcesUpTo } from '../support/native.ts';
import { buildProgram } from '../support/native-program.ts';

const SOURCES = sourcesUpTo('http1');

const PROGRAMS = {
  'a stream of records': ['stream_test.cc', 80],
  'answers that leave together': ['gathered_test.cc', 35],
} as const;

for (const [title, [source, least]] of Object.entries(PROGRAMS)) {
  const program = buildProgram(t, source, SOURCES);
  t.test(title, async (t) => {
    const claims = execFileSync(program, { encoding: 'utf8' }).trim().split('\n');
    t.ok(claims.length > least, 'all were tried');
    for (const line of claims) t.ok(line.startsWith('ok '), line.replace(/^(not )?ok /, ''));
  });
}
