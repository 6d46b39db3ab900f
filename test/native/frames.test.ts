// HTTP/2's frames as values, by a table: type, flags, length and stream to an error and its scope.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { CXX_FLAGS, findCompiler, NATIVE } from '../support/native.ts';
import { makeTree } from '../support/tree.ts';

const compiler = findCompiler();

t.test('frames', { skip: compiler ? false : 'no C++ compiler' }, async (t) => {
  const program = join(makeTree(t), 'frame_test');
  const sources = ['http2/frame.cc', 'http2/priority.cc', 'test/frame_test.cc'];
  const paths = sources.map((name) => join(NATIVE, name));
  execFileSync(compiler ?? '', [...CXX_FLAGS, '-o', program, ...paths]);
  const claims = execFileSync(program, { encoding: 'utf8' }).trim().split('\n');
  t.ok(claims.length > 70, 'all were tried');
  for (const line of claims) t.ok(line.startsWith('ok '), line.replace(/^(not )?ok /, ''));
});
