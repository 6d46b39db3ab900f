// One timed turn of one server: counters before, load, counters after.
import { startBackground } from './load/background.ts';
import type { Generator, Load } from './load/load.ts';
import type { Pinning } from './process.ts';
import type { Sample } from './results.ts';
import type { Asked, Expectation, Scenario } from './scenario.ts';
import type { RunningServer } from './servers/server.ts';
import { MIB } from './site.ts';
import {
  machineBusySeconds,
  peakMemory,
  readUsage,
  resetPeakMemory,
  residentMemory,
} from './usage.ts';

/** Everything that a turn needs beside the server. */
export interface Turn {
  readonly scenario: Scenario;
  readonly asked: Asked;
  readonly generator: Generator;
  readonly root: string;
  readonly pinning: Pinning | undefined;
  /** Whole seconds: wrk knows no others. */
  readonly seconds: number;
}

export function loadOf(server: RunningServer, turn: Turn): Load {
  const { scenario, pinning } = turn;
  return {
    url: server.url,
    ...turn.asked,
    connections: scenario.connections,
    pipelining: scenario.pipelining,
    keepAlive: scenario.keepAlive,
    rate: scenario.rate,
    seconds: turn.seconds,
    status: statusOf(scenario.expects[0]),
    cores: pinning?.client,
    coreCount: pinning?.clientCores ?? 1,
  };
}

export async function measure(server: RunningServer, turn: Turn): Promise<Sample> {
  const { background } = turn.scenario;
  if (background === undefined) return await measureLoad(server, turn);
  const began = performance.now();
  const endBackground = await startBackground(
    server.url,
    turn.root,
    background,
    turn.pinning?.client,
  );
  const sample = await measureLoad(server, turn);
  const bytes = await endBackground();
  const seconds = (performance.now() - began) / 1000;
  return { ...sample, backgroundBytesPerSecond: bytes / seconds };
}

async function measureLoad(server: RunningServer, turn: Turn): Promise<Sample> {
  resetPeakMemory(server.pid);
  const machineBefore = machineBusySeconds();
  const before = readUsage(server.pid);
  const result = await turn.generator.run(loadOf(server, turn));
  const after = readUsage(server.pid);
  const machineBusy = machineBusySeconds() - machineBefore;
  const requests = countRequests(turn.scenario, result.requests, result.bytes);
  const ticks = {
    user: after.userTicks - before.userTicks,
    system: after.systemTicks - before.systemTicks,
  };
  const cpuNs = after.cpuNs - before.cpuNs;
  const ours = cpuNs / 1e9 + result.cpuSeconds + (result.startSeconds ?? 0);
  const cpu = cpuNs / 1000 / requests;
  const userShare = ticks.user / Math.max(1, ticks.user + ticks.system);
  return {
    seconds: result.seconds,
    requests,
    requestsPerSecond: requests / result.seconds,
    bytesPerSecond: result.bytes / result.seconds,
    latency: result.latency,
    errors: result.errors,
    cpu,
    cpuUser: cpu * userShare,
    cpuSystem: cpu * (1 - userShare),
    clientCpu: (result.cpuSeconds * 1e6) / requests,
    voluntarySwitches: (after.voluntarySwitches - before.voluntarySwitches) / requests,
    involuntarySwitches: (after.involuntarySwitches - before.involuntarySwitches) / requests,
    peakMemory: peakMemory(server.pid),
    memoryAfter: residentMemory(server.pid),
    serverBusy: cpuNs / 1e9 / result.seconds,
    clientBusy: result.cpuSeconds / result.seconds / (turn.pinning?.clientCores ?? 1),
    otherBusy: Math.max(0, machineBusy - ours) / result.seconds,
  };
}

/**
 * Complete answers, except for large bodies: there so few end within a turn that the unfinished
 * ones matter, and received bytes ÷ body size is the truer count. (Heads are below 0.1 % of them.)
 */
export function countRequests({ expects }: Scenario, complete: number, bytes: number): number {
  const size = bodySize(expects[0]);
  return expects.length === 1 && size >= MIB ? bytes / size : complete;
}

function bodySize(expected: Expectation): number {
  switch (expected.kind) {
    case 'whole':
      return expected.asset.size;
    case 'part':
      return expected.range[1] - expected.range[0] + 1;
    case 'parts':
      return expected.ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
    case 'gzip':
    case 'encoded':
    case 'not-modified':
    case 'missing':
    case 'listing':
      return 0;
  }
}

function statusOf(expected: Expectation): number {
  switch (expected.kind) {
    case 'whole':
    case 'gzip':
    case 'encoded':
    case 'listing':
      return 200;
    case 'part':
    case 'parts':
      return 206;
    case 'not-modified':
      return 304;
    case 'missing':
      return 404;
  }
}
