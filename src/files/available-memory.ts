// How much memory can be had without taking it from anybody: the machine's, or what a control group leaves of it.
import { readFileSync } from 'node:fs';
import { freemem } from 'node:os';

type Read = (file: string) => string | undefined;

/** Bytes: memory that is free, or holds what is on a disk too. Control groups of version 1 and 2 are counted, up to the root. */
export function availableMemory(read: Read = contentOf): number {
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(read('/proc/meminfo') ?? '')?.[1];
  const machine = kib === undefined ? freemem() : Number(kib) * 1024;
  return Math.max(0, Math.min(machine, ...groupsOf(read).map((group) => roomIn(group, read))));
}

interface Group {
  readonly directory: string;
  readonly limit: string;
  readonly usage: string;
}

/** proc_pid_cgroup(5): that of this process and those that it is in. In a container the path may not be there, but its end is. */
function groupsOf(read: Read): Group[] {
  const lines = (read('/proc/self/cgroup') ?? '').split('\n');
  return lines.flatMap((line) => {
    const [, controllers, path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === '') {
      const files = { limit: 'memory.max', usage: 'memory.current' };
      return upwards('/sys/fs/cgroup', path).map((directory) => ({ directory, ...files }));
    }
    if (!controllers?.split(',').includes('memory')) return [];
    const files = { limit: 'memory.limit_in_bytes', usage: 'memory.usage_in_bytes' };
    return upwards('/sys/fs/cgroup/memory', path).map((directory) => ({ directory, ...files }));
  });
}

function upwards(top: string, path: string): string[] {
  const names = path.split('/').filter((name) => name !== '');
  return Array.from({ length: names.length + 1 }, (_, i) => [top, ...names.slice(0, i)].join('/'));
}

/** What the group may yet have, with what it holds of files and would give for it. */
function roomIn({ directory, limit, usage }: Group, read: Read): number {
  const most = numberIn(read(`${directory}/${limit}`));
  const used = numberIn(read(`${directory}/${usage}`));
  if (most === undefined || used === undefined) return Number.POSITIVE_INFINITY;
  const stat = read(`${directory}/memory.stat`) ?? '';
  const files = [...stat.matchAll(/^(?:in)?active_file (\d+)$/gm)];
  return most - used + files.reduce((sum, [, bytes]) => sum + Number(bytes), 0);
}

/** Undefined for "max". */
function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+\s*$/.test(text) ? Number(text) : undefined;
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
