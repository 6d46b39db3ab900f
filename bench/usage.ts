// What a process and all its descendants have used so far, from /proc (Linux).
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

/** Sums over every thread of a process tree. */
export interface Usage {
  /** Time on a CPU in nanoseconds, exact: /proc/PID/task/TID/schedstat, proc(5). */
  readonly cpuNs: number;
  /** User and system time in clock ticks (10 ms): good for their ratio, not for short runs. */
  readonly userTicks: number;
  readonly systemTicks: number;
  readonly voluntarySwitches: number;
  readonly involuntarySwitches: number;
}

/** The process and its descendants. A process that ends meanwhile is left out. */
export function processTree(root: number): readonly number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const parent = Number(statFields(pid)?.[1]);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

export function readUsage(root: number): Usage {
  let cpuNs = 0;
  let userTicks = 0;
  let systemTicks = 0;
  let voluntarySwitches = 0;
  let involuntarySwitches = 0;
  for (const pid of processTree(root)) {
    const fields = statFields(pid);
    userTicks += Number(fields?.[11] ?? 0);
    systemTicks += Number(fields?.[12] ?? 0);
    for (const task of listTasks(pid)) {
      cpuNs += Number(read(`/proc/${pid}/task/${task}/schedstat`)?.split(' ', 1)[0] ?? 0);
      const status = read(`/proc/${pid}/task/${task}/status`) ?? '';
      voluntarySwitches += numberAfter(status, '\nvoluntary_ctxt_switches:');
      involuntarySwitches += numberAfter(status, '\nnonvoluntary_ctxt_switches:');
    }
  }
  return { cpuNs, userTicks, systemTicks, voluntarySwitches, involuntarySwitches };
}

/** Time on a CPU in nanoseconds of the process's threads with this nice value; threads that have ended are not counted. */
export function cpuOfNiceness(pid: number, niceness: number): number {
  const threads = listTasks(pid).map((task) => `task/${task}`);
  return threads
    .filter((thread) => Number(statFields(`${pid}/${thread}`)?.[16]) === niceness)
    .map((thread) => Number(read(`/proc/${pid}/${thread}/schedstat`)?.split(' ', 1)[0] ?? 0))
    .reduce((sum, ns) => sum + ns, 0);
}

/** CPU time of the whole machine since its start, all processes, in seconds: proc(5), /proc/stat. */
export function machineBusySeconds(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (read('/proc/stat') ?? '')
    .split('\n', 1)
    .flatMap((line) => line.split(/ +/).slice(1).map(Number));
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
}

/** Forgets the peaks of the tree's resident memory: proc(5), clear_refs, value 5. */
export function resetPeakMemory(root: number): void {
  for (const pid of processTree(root)) {
    try {
      writeFileSync(`/proc/${pid}/clear_refs`, '5');
    } catch {
      // Another user's process: its peak since its start is reported.
    }
  }
}

/** Peak resident memory in bytes since the last reset, summed over the tree's processes. */
export function peakMemory(root: number): number {
  return sumOfMemory(root, 'VmHWM');
}

/** Resident memory in bytes, summed over the tree's processes. */
export function residentMemory(root: number): number {
  return sumOfMemory(root, 'VmRSS');
}

function sumOfMemory(root: number, label: 'VmHWM' | 'VmRSS'): number {
  return processTree(root)
    .map((pid) => numberAfter(read(`/proc/${pid}/status`) ?? '', `\n${label}:`) * 1024)
    .reduce((sum, bytes) => sum + bytes, 0);
}

/** Fields of /proc/PID/stat, or of a thread's, from the third (state) on; the name before it may hold anything. */
function statFields(pid: number | string): readonly string[] | undefined {
  const line = read(`/proc/${pid}/stat`);
  return line?.slice(line.lastIndexOf(')') + 2).split(' ');
}

function listTasks(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function numberAfter(text: string, label: string): number {
  const at = text.indexOf(label);
  return at === -1 ? 0 : Number.parseInt(text.slice(at + label.length), 10);
}
