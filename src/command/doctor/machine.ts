// What the machine has: file system, network interfaces, limits. Linux tells all of it, others some.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statfsSync } from 'node:fs';
import { type Finding, finding } from './finding.ts';

/** statfs(2) f_type of the file systems that sites usually live on. */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  61267: 'ext2/3/4',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  801189825: 'zfs',
  16914836: 'tmpfs',
  2240043254: 'ramfs',
  2035054128: 'overlayfs',
  4076150800: 'f2fs',
  1936814952: 'squashfs',
  26985: 'nfs',
  16914839: '9p',
  1702057286: 'fuse',
  1702057283: 'fuseblk',
  2020557398: 'vboxsf',
  4283649346: 'cifs',
  4266872130: 'smb2',
  19780: 'vfat',
  538032816: 'exfat',
};

export function fileSystemOf(path: string): string {
  const { type } = statfsSync(path);
  return FILE_SYSTEMS[type] ?? `file system 0x${type.toString(16)}`;
}

/** Can the network interfaces gather a packet from pages that lie apart? Else the kernel copies what sendfile sends. */
export function interfaces(): Finding[] {
  return entriesOf('/sys/class/net')
    .filter((name) => name !== 'lo')
    .map((name) => {
      const state = scatterGather(name);
      const good = state === undefined ? undefined : state === 'on';
      return finding(
        `interface ${name}`,
        good,
        `scatter-gather ${state ?? 'unknown (ethtool -k)'}`,
      );
    });
}

function scatterGather(name: string): string | undefined {
  try {
    const features = execFileSync('ethtool', ['-k', name], { encoding: 'utf8', stdio: 'pipe' });
    return /^scatter-gather: (on|off)/m.exec(features)?.[1];
  } catch {
    return undefined;
  }
}

/** Every connection and every open file takes one. */
export function descriptorLimit(): Finding {
  const limit = /^Max open files\s+(\S+)\s+(\S+)/m.exec(contentOf('/proc/self/limits'));
  const text = limit ? `${limit[1]}, at most ${limit[2]}` : 'unknown';
  return finding('file descriptors', undefined, text);
}

/** Connections that wait to be accepted; listen(2) cuts longer queues to this. */
export function listenBacklog(): Finding {
  const limit = contentOf('/proc/sys/net/core/somaxconn').trim();
  return finding('accept queue', undefined, limit === '' ? 'unknown' : `${limit} (somaxconn)`);
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
