// The engine's HTTP/1 on a stream that is no socket: what holds for it will hold for TLS.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { CXX_FLAGS, findCompiler, NATIVE, sourcesUpTo } from '../support/native.ts';
import { makeTree } from '../support/tree.ts';

const compiler = findCompiler();

t.test('a stream of records', { skip: compiler ? false : 'no C++ compiler' }, async (t) => {
  const program = join(makeTree(t), 'stream_test');
  const sources = [...sourcesUpTo('http1'), join(NATIVE, 'test/stream_test.cc')];
  execFileSync(compiler ?? '', [...CXX_FLAGS, '-O1', '-o', program, ...sources]);
  const claims = execFileSync(program, { encoding: 'utf8' }).trim().split('\n');
  t.ok(claims.length > 80, 'all were tried');
  for (const line of claims) t.ok(line.startsWith('ok '), line.replace(/^(not )?ok /, ''));
});
