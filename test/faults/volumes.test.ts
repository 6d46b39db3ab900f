// Files on overlayfs (container images) and tmpfs, which cannot say what is in memory: mounted in a namespace.
import { spawn, spawnSync } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { loadNative } from '../../src/addon/load.ts';
import { buildShim } from './shim.ts';

const CHILD = fileURLToPath(new URL('./volumes-child.ts', import.meta.url));
const NAMESPACE = ['unshare', '--map-root-user', '--mount'] as const;

const { addon } = loadNative();
const built = buildShim(t);

function missing(): string | undefined {
  if (addon === undefined) return 'no addon';
  if (built.library === undefined) return built.reason;
  const [unshare, ...flags] = NAMESPACE;
  const mounts = 'mount -t tmpfs none /mnt && mkdir /mnt/a /mnt/b /mnt/c /mnt/d';
  const overlay =
    'mount -t overlay -o lowerdir=/mnt/a,upperdir=/mnt/b,workdir=/mnt/c overlay /mnt/d';
  const { status } = spawnSync(unshare, [...flags, 'sh', '-c', `${mounts} && ${overlay}`]);
  return status === 0 ? undefined : 'no mount namespace with overlayfs here';
}

const reason = missing();
t.test('served from overlayfs and tmpfs', { skip: reason ?? false }, async (t) => {
  const [unshare, ...flags] = NAMESPACE;
  const args = [...flags, process.execPath, '--import=tsx', CHILD, built.library ?? ''];
  const child = spawn(unshare, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = (await text(child.stdout)).split('\n');
  t.strictSame(
    said.filter((line) => /^ *not ok/.test(line)),
    [],
  );
  for (const line of said.filter((line) => /^ {4}ok/.test(line))) t.pass(line.trim());
  t.match(said.join('\n'), /^1\.\.4$/m, 'to its end');
});
