// The strategies under test: bare (the floor) and with full semantics (zcserve, forced).
import { floorRead, floors } from '../servers/floor.ts';
import type { ServerKind } from '../servers/server.ts';
import { zcserveWith } from '../servers/zcserve.ts';

export const STRATEGIES = ['read', 'mmap', 'sendfile'] as const;
export type StrategyName = (typeof STRATEGIES)[number];

export const FAMILIES = ['floor', 'zcserve'] as const;
export type FamilyName = (typeof FAMILIES)[number];

/** Limits that let every measured file take the forced strategy. */
const UNLIMITED = ['--mmap-max=1g', '--cache-size=2g', '--mmap-min-uses=1', '--server-timing'];

export const strategyServers: readonly ServerKind[] = [
  floorRead,
  ...floors,
  ...STRATEGIES.map((strategy) =>
    zcserveWith(`zcserve-${strategy}`, [`--strategy=${strategy}`, ...UNLIMITED]),
  ),
];

export function strategyOf(server: string): StrategyName | undefined {
  return STRATEGIES.find((strategy) => server.endsWith(`-${strategy}`));
}

export function familyOf(server: string): FamilyName | undefined {
  return FAMILIES.find((family) => server.startsWith(`${family}-`));
}
