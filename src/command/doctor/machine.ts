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

/** CAP_NET_BIND_SERVICE (linux/capability.h). */
const BIND = 1n << 10n;

/** Whose rights the process has, and whether it could gain more. */
export function privileges(): Finding {
  const { effective, noNewPrivileges } = statusOf(contentOf('/proc/self/status'));
  const uid = process.geteuid?.();
  const text = [
    uid === 0 ? 'root (--user is for less)' : `user ${uid ?? 'unknown'}`,
    effective === 0n ? 'no capabilities' : `capabilities 0x${effective.toString(16)}`,
    noNewPrivileges ? 'no_new_privs' : 'may gain more by what it starts (--sandbox ends that)',
  ];
  return finding('privileges', undefined, text.join(', '));
}

/** May it listen on that port? Nothing for one that all may have. */
export function lowPort(port: number): Finding[] {
  const first = Number(contentOf('/proc/sys/net/ipv4/ip_unprivileged_port_start') || 1024);
  if (port === 0 || port >= first) return [];
  const { effective } = statusOf(contentOf('/proc/self/status'));
  const subject = `port ${port}`;
  return [
    (effective & BIND) !== 0n
      ? finding(subject, true, 'CAP_NET_BIND_SERVICE is there')
      : finding(subject, false, `needs CAP_NET_BIND_SERVICE, as all ports below ${first}`),
  ];
}

/** proc_pid_status(5) */
export function statusOf(status: string) {
  return {
    effective: BigInt(`0x${/^CapEff:\s+([\da-f]+)$/m.exec(status)?.[1] ?? '0'}`),
    noNewPrivileges: /^NoNewPrivs:\s+1$/m.test(status),
  };
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
