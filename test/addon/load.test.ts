// Which of the prebuilt engines a process loads, and that it is one of the same version.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { systemOf } from '../../src/addon/load.ts';
import { differenceOf, WIRE } from '../../src/addon/wire.ts';
import { request } from '../support/client.ts';
import { startCommand } from '../support/command.ts';
import { makeTree } from '../support/tree.ts';

/** The start of an executable: an ELF header, and the path of its loader (PT_INTERP). */
const executable = (loader: string) =>
  Buffer.from(`\x7fELF\x02\x01\x01\0\0\0${loader}\0`, 'latin1');

t.test('the engine is the one for the C library that runs the program', async (t) => {
  t.equal(systemOf('x64', executable('/lib64/ld-linux-x86-64.so.2')), 'linux-x64');
  t.equal(systemOf('arm64', executable('/lib/ld-linux-aarch64.so.1')), 'linux-arm64');
  t.equal(systemOf('x64', executable('/lib/ld-musl-x86_64.so.1')), 'linux-x64-musl');
  t.equal(systemOf('arm64', executable('/lib/ld-musl-aarch64.so.1')), 'linux-arm64-musl');
  // Another system, or one that hides it: the usual library.
  t.equal(systemOf('x64', Buffer.of()), 'linux-x64');
});

t.test('a program that names its loader does so in its first page', async (t) => {
  const program = readFileSync(process.execPath);
  const [loader] =
    /\/lib[\w/]*\/ld-[\w.-]+\.so\.\d/.exec(program.toString('latin1', 0, 4096)) ?? [];
  t.type(loader, 'string');
});

t.test('the table across the border is compared by name, order and number', async (t) => {
  t.equal(differenceOf({ ...WIRE }), undefined, 'the same');
  t.equal(differenceOf({ ...WIRE, ways: [...WIRE.ways].reverse() }), 'ways', 'another order');
  t.equal(differenceOf({ ...WIRE, fields: [...WIRE.fields, 'x'] }), 'fields', 'one more');
  t.equal(differenceOf({ ...WIRE, closeShift: 9 }), 'closeShift', 'another number');
  t.equal(differenceOf({ ...WIRE, trailers: [] }), 'trailers', 'a list that only the addon has');
  t.equal(differenceOf(undefined), 'fields', 'no table at all');
});

t.test('with an addon of another version, node:http serves and says why', async (t) => {
  const addons = {
    'older.cjs': 'module.exports = {};',
    'newer.cjs': `exports.layout = () => (${JSON.stringify({ ...WIRE, ways: ['none'] })});`,
  };
  const folder = makeTree(t, { ...addons, 'index.html': 'hello' });
  for (const [name, difference] of [
    ['older.cjs', 'fields'],
    ['newer.cjs', 'ways'],
  ] as const) {
    const file = join(folder, name);
    const { report, port } = await startCommand(t, [folder], { env: { ZCSERVE_ADDON: file } });
    t.equal(report.transport, 'http1');
    t.match(report.reason, `addon and package are of different versions (${difference}): ${file}`);
    t.equal((await request({ port }, '/')).body.toString(), 'hello');
  }
});

t.test(
  'where node:fs takes no descriptor of the addon, node:http serves without it and says why',
  async (t) => {
    // As Deno's, whose table has only what it has opened itself.
    const folder = makeTree(t, {
      'alien.cjs': `exports.layout = () => (${JSON.stringify(WIRE)});
      exports.openRoot = () => ({ fd: 1_000_000, close() {} });`,
      'index.html': 'hello',
    });
    const env = { ZCSERVE_ADDON: join(folder, 'alien.cjs') };
    const why = "node:fs of this runtime does not take the addon's descriptors (EBADF)";
    const { report, port } = await startCommand(t, [folder], { env });
    t.match(report, { transport: 'http1', sendfile: false, reason: why });
    t.equal((await request({ port }, '/')).body.toString(), 'hello');
    const asked = await startCommand(t, [folder, '--transport', 'http1'], { env });
    t.match(asked.report, { sendfile: false, reason: `asked for; files by read: ${why}` });
  },
);
