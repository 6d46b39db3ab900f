// What the textbook says of read, mmap and sendfile, against what was measured.
import { number } from '../report/format.ts';
import { table } from '../report/table.ts';
import { figure } from '../results.ts';
import { bytesTitle } from '../scenario.ts';
import { GIB } from '../site.ts';
import type { CopyShare } from './copies.ts';
import { type Point, sizesOf } from './points.ts';
import type { StrategyName } from './servers.ts';

interface Claim {
  readonly text: string;
  /** Copies by the CPU on the sending side, of the textbook's 4, 3 and 2 (two are by DMA). */
  readonly cpuCopies: number;
  readonly modeSwitches: number;
}

const CLAIMS: Readonly<Record<StrategyName, Claim>> = {
  read: { text: 'read + send: 4 copies, 4 switches', cpuCopies: 2, modeSwitches: 4 },
  mmap: { text: 'mmap + write: 3 copies, 4 switches', cpuCopies: 1, modeSwitches: 4 },
  sendfile: { text: 'sendfile: 2 copies, 2 switches', cpuCopies: 0, modeSwitches: 2 },
};

/** The calls that move body bytes; each is two switches between user and kernel mode. */
const MOVING: Readonly<Record<StrategyName, readonly string[]>> = {
  read: ['read', 'pread64', 'preadv', 'preadv2', 'write', 'writev', 'sendto', 'sendmsg'],
  mmap: ['mmap', 'munmap', 'write', 'writev', 'sendto', 'sendmsg'],
  sendfile: ['sendfile', 'splice'],
};

export function textbook(points: readonly Point[], copies: readonly CopyShare[]): string {
  const rows = sizesOf(copies).flatMap((size) =>
    points
      .filter((point) => point.size === size)
      .map((point) => textbookRow(point, points, copies)),
  );
  return `Of the copies, two are by DMA and cost no CPU; what remains is 2, 1 and 0 by the CPU. “copies” is
the CPU time in copying functions per GiB, over that of mmap in the same family, which makes one.
“switches” counts two for each call that moves body bytes; mmap(2) itself is called once per file,
not per request, so a kept mapping needs fewer than the textbook's four, and read repeats its pair
of calls for each buffer (64 KiB in the floor). Time is not count: bytes that have just been copied
are still in the processor's cache, and cost little to copy again.

${table(
  [
    'strategy',
    'body',
    'textbook',
    'switches',
    'hold',
    'CPU copies',
    'hold',
    'CPU ms/GiB',
    'context switches/GiB',
  ],
  rows,
)}`;
}

function textbookRow(
  point: Point,
  points: readonly Point[],
  copies: readonly CopyShare[],
): readonly string[] {
  const { family, strategy, size, cpu, row } = point;
  const mapped = points.find(
    (each) => each.family === family && each.size === size && each.strategy === 'mmap',
  );
  const calls = MOVING[strategy].reduce((sum, name) => sum + (row.syscalls?.[name] ?? 0), 0);
  const measuredSwitches = row.syscalls === undefined ? Number.NaN : 2 * calls;
  const measuredCopies =
    copyTime(point, copies) / (mapped === undefined ? Number.NaN : copyTime(mapped, copies));
  const claim = CLAIMS[strategy];
  const samples = row.outcome.kind === 'measured' ? row.outcome.samples : [];
  const switches = figure(samples, (each) => each.voluntarySwitches + each.involuntarySwitches);
  return [
    `${family} ${strategy}`,
    bytesTitle(size),
    claim.text,
    number(measuredSwitches),
    holds(measuredSwitches, claim.modeSwitches, 0.5),
    number(measuredCopies),
    holds(measuredCopies, claim.cpuCopies, 0.25),
    number((cpu.median / 1000) * (GIB / size)),
    number(switches.median * (GIB / size)),
  ];
}

function holds(measured: number, claimed: number, tolerance: number): string {
  if (Number.isNaN(measured)) return '–';
  return Math.abs(measured - claimed) <= tolerance ? 'yes' : `no (${claimed})`;
}

/** CPU time in copying functions, microseconds per request. */
function copyTime({ row, size, cpu }: Point, copies: readonly CopyShare[]): number {
  const found = copies.find((each) => each.server === row.server && each.size === size);
  return (found?.share ?? Number.NaN) * cpu.median;
}
