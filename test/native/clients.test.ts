// What the engine knows of its clients' addresses; and the same table for the carriers of this process.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { NATIVE } from '../support/native.ts';
import { buildProgram, SANITIZERS } from '../support/native-program.ts';

const parts = ['client_key', 'network', 'presence', 'request_rates'].map((name) =>
  join(NATIVE, 'net', `${name}.cc`),
);

for (const [how, flags] of Object.entries({
  'threads, watched for races': ['-g', '-fsanitize=thread'],
  'threads, watched for bad memory': SANITIZERS,
  'as it is': ['-O2'],
})) {
  t.test(how, async (t) => {
    const program = buildProgram(t, 'clients_test.cc', parts, flags);
    const lines = execFileSync(program, { encoding: 'utf8' }).trim().split('\n');
    const claims = lines.filter((line) => !line.startsWith('#'));
    t.ok(claims.length > 15, 'all were tried');
    for (const line of claims) t.ok(line.startsWith('ok '), line.replace(/^(not )?ok /, ''));
    t.comment(lines.at(-1));
  });
}
