// --user: root binds and reads the keys; every file is opened by that user, and nothing of root is left.
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import t from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { loadUws } from '../../src/transport/uws/library.ts';
import { request } from '../support/client.ts';
import { runCommand, startCommand } from '../support/command.ts';
import { TLS_OPTIONS } from '../support/tls.ts';
import { makeTree, type Node, type Teardown } from '../support/tree.ts';

const isRoot = process.geteuid?.() === 0;
const { addon } = loadNative();

/** May anybody read this checkout? */
function isOpen(path: string): boolean {
  return (statSync(path).mode & 0o5) === 0o5 && (path === '/' || isOpen(dirname(path)));
}

const skip =
  (addon === undefined && 'no addon here') ||
  (!isRoot && 'only root may') ||
  (!isOpen(import.meta.dirname) && 'nobody else may read this checkout') ||
  false;

/** Linux's highest id that is no user's. */
const UID = 4_294_967_294;
const GID = 4_294_967_293;
const USER = `--user=${UID}:${GID}`;

/** That others may enter. */
function makeOpenTree(t: Teardown, nodes: Readonly<Record<string, Node>>): string {
  const root = makeTree(t, nodes);
  chmodSync(root, 0o755);
  return root;
}

/** What proc(5) says of a process's rights, once for each thread. */
function rightsOf(pid: number): Array<Readonly<Record<string, string>>> {
  return readdirSync(`/proc/${pid}/task`).map((thread) => {
    const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8');
    const lines = status.matchAll(/^(Uid|Gid|Groups|CapEff|CapPrm|CapAmb):\s*(.*)$/gm);
    return Object.fromEntries([...lines].map(([, name, value]) => [name, value?.trim()]));
  });
}

const four = (id: number) => Array(4).fill(id).join('\t');
const NOTHING = {
  Uid: four(UID),
  Gid: four(GID),
  Groups: String(GID),
  CapEff: '0'.repeat(16),
  CapPrm: '0'.repeat(16),
  CapAmb: '0'.repeat(16),
};

t.test(
  'all threads are of that user, without capabilities, on a port that was root’s',
  { skip },
  async (t) => {
    const uws = (await loadUws()).library;
    const root = makeOpenTree(t, {
      'a.txt': 'hello',
      'secret.txt': { text: 'secret', mode: 0o600 },
      'large.bin': { size: 100_000 },
    });
    for (const transport of ['native', 'http1', ...(uws ? ['uws'] : [])]) {
      const own = [`--transport=${transport}`, '--threads=3', '--port=700', '--port-fallback'];
      const running = await startCommand(t, [root, USER, ...own]);
      t.ok(running.port >= 700 && running.port < 1024, `${transport}: port ${running.port}`);
      for (let i = 0; i < 3; i++) {
        const statuses = ['/a.txt', '/large.bin', '/secret.txt'].map(async (path) => {
          return (await request({ port: running.port }, path)).status;
        });
        t.same(await Promise.all(statuses), [200, 200, 403], transport);
      }
      const rights = rightsOf(running.report.pid);
      t.ok(rights.length > 4, `${rights.length} threads`);
      for (const each of rights) t.same(each, NOTHING, transport);
      running.process.kill('SIGTERM');
      t.match(await running.ended, { code: 0 });
    }
  },
);

t.test('a name has the groups of its entry, or the one that is named', { skip }, async (t) => {
  const root = makeOpenTree(t, {});
  const nobody = readFileSync('/etc/passwd', 'utf8').match(/^nobody:[^:]*:(\d+):(\d+):/m);
  const [, uid, gid] = nobody?.map(Number) ?? [];
  if (uid === undefined || gid === undefined) return t.comment('no nobody here');
  for (const [name, group] of [
    [`nobody:${GID}`, GID],
    [`${uid}`, gid],
  ] as const) {
    const { report } = await startCommand(t, [root, `--user=${name}`]);
    for (const rights of rightsOf(report.pid)) {
      t.match(rights, { Uid: four(uid), Gid: four(group), CapPrm: '0'.repeat(16) }, name);
      t.ok(rights.Groups?.split(' ').includes(String(group)), `${name}: ${rights.Groups}`);
    }
  }
});

t.test('who takes its place is that user too, on its port that was root’s', { skip }, async (t) => {
  const root = makeOpenTree(t, { 'a.txt': 'hello' });
  const run = makeOpenTree(t, {});
  chownSync(run, UID, GID);
  const pidFile = join(run, 'a.pid');
  const own = ['--port=700', '--port-fallback', `--pid-file=${pidFile}`];
  const running = await startCommand(t, [root, USER, ...own]);
  const pid = () => Number(readFileSync(pidFile, 'utf8'));
  t.teardown(() => {
    if (existsSync(pidFile)) process.kill(pid(), 'SIGKILL');
  });
  const before = pid();
  const ended = once(running.process, 'exit');
  process.kill(before, 'SIGUSR2');
  t.same(await ended, [0, null]);
  t.not(pid(), before);
  t.equal((await request({ port: running.port }, '/a.txt')).body.toString(), 'hello');
  for (const each of rightsOf(pid())) t.same(each, NOTHING);
});

t.test(
  'the keys are root’s: they are read before, and HUP says that it cannot',
  { skip },
  async (t) => {
    const root = makeOpenTree(t, { 'a.txt': 'hello' });
    const keys = makeTree(t, {
      'cert.pem': readFileSync(TLS_OPTIONS.tlsCert),
      'key.pem': readFileSync(TLS_OPTIONS.tlsKey),
      'run/a.pid': '',
    });
    const [cert, key] = [join(keys, 'cert.pem'), join(keys, 'key.pem')];
    const own = [USER, `--tls-cert=${cert}`, `--tls-key=${key}`];
    const running = await startCommand(t, [root, ...own, `--pid-file=${join(keys, 'run/a.pid')}`]);
    t.equal(readFileSync(join(keys, 'run/a.pid'), 'utf8'), `${running.report.pid}\n`);
    const lines = createInterface({ input: running.process.stderr as Readable });
    const told = new Promise<string>((resolve) => {
      lines.on('line', (line) => line.includes('SIGHUP') && resolve(line));
    });
    running.process.kill('SIGHUP');
    t.match(await told, /SIGHUP: all stays as it was: .*cert\.pem: no permission/);
    const answer = await request({ port: running.port, tls: true }, '/a.txt');
    t.equal(answer.body.toString(), 'hello');
    running.process.kill('SIGTERM');
    const { code, stderr } = await running.ended;
    t.equal(code, 0);
    for (const file of [cert, key]) t.match(stderr, `${file}: ${UID}:${GID} cannot read it`);
    t.match(stderr, 'a.pid: 4294967294:4294967293 cannot remove it at the end');
  },
);

t.test(
  'what cannot be is refused: who, and why',
  { skip: isRoot ? skip : addon === undefined },
  async (t) => {
    const root = makeOpenTree(t, {});
    const closed = makeTree(t);
    const asRoot: ReadonlyArray<readonly [root: string, user: string, line: string]> = [
      [root, 'no-such-user', '--user: no-such-user: there is no user no-such-user'],
      [root, `${UID}`, `--user: ${UID}: user ${UID} has no entry: name a group too`],
      [root, `${UID}:no-such`, `--user: ${UID}:no-such: no group no-such`],
      [root, `0:${GID}`, `--user: 0:${GID}: that is root, who keeps every right`],
      [
        closed,
        `${UID}:${GID}`,
        `cannot serve ${closed}: no permission to enter it (--user ${UID}:${GID})`,
      ],
    ];
    const asOther = [[root, '0:0', '--user: 0:0: only root may become another user']] as const;
    const cases = isRoot ? asRoot : asOther;
    const runs = await Promise.all(
      cases.map(([directory, user]) => runCommand([directory, '--port=0', `--user=${user}`])),
    );
    for (const [i, [, user, line]] of cases.entries()) {
      t.match(runs[i], { code: 1, stdout: '', stderr: `zcserve: ${line}\n` }, user);
    }
    t.match(await runCommand([root, '--user=a:b:c']), { code: 2, stderr: /^zcserve: --user: / });
  },
);

t.test(
  'who is that user already may say so',
  { skip: process.geteuid === undefined },
  async (t) => {
    const { report } = await startCommand(t, [
      makeTree(t),
      `--user=${process.geteuid?.()}:${process.getegid?.()}`,
    ]);
    t.equal(rightsOf(report.pid)[0]?.Uid, four(process.geteuid?.() ?? 0));
  },
);

t.test('without the addon it is refused', async (t) => {
  const env = { ZCSERVE_NO_ADDON: '1' };
  t.match(await runCommand([makeTree(t), USER, '--port=0'], { env }), {
    code: 1,
    stderr: 'zcserve: --user needs the native addon: ZCSERVE_NO_ADDON=1\n',
  });
});
