// Who takes part in a run: each server in a process of its own for plain HTTP, in another for TLS, and in others for
// each scenario of many files.
import { mkdir } from 'node:fs/promises';
import { certificate } from './certificate.ts';
import { measure } from './measure.ts';
import { generatorFor, type Plan, rootOf, turnOf } from './plan.ts';
import type { ServerInfo } from './results.ts';
import type { Scenario } from './scenario.ts';
import { get, getHttps } from './scenarios.ts';
import type { RunningServer, ServerKind, Tag } from './servers/server.ts';
import { KIB } from './site.ts';

/** A server over plain HTTP, or one of the same over TLS: two processes where a run has scenarios of both. */
export interface Entrant {
  readonly kind: ServerKind;
  readonly secure: boolean;
  running: RunningServer | undefined;
  /** Why it does not run. */
  readonly reason: string;
  /** Ends the process, if there is one, and starts another. */
  restart(): Promise<RunningServer>;
}

/** What servers of the run's own root are warmed up with. */
export const probe = get(KIB);
export const secureProbe = getHttps(KIB);

export function isSecure({ protocol }: Scenario): boolean {
  return protocol !== 'http';
}

/** Starts a server for a scenario, or for all of the run's own root, to whose probe it gets the first requests. */
export async function enter(
  kind: ServerKind,
  scenario: Scenario,
  plan: Plan,
  work: string,
): Promise<Entrant> {
  const secure = isSecure(scenario);
  const start = async (): Promise<RunningServer> => {
    await mkdir(work, { recursive: true });
    return kind.start({
      root: rootOf(scenario, plan),
      work,
      cores: plan.pinning?.server,
      listing: scenario.needs?.includes('listing') ?? false,
      certificate: secure ? certificate : undefined,
    });
  };
  const entrant: Entrant = {
    kind,
    secure,
    running: undefined,
    reason: unfitness(kind, scenario) ?? kind.missing() ?? '',
    async restart() {
      await entrant.running?.stop();
      entrant.running = undefined;
      entrant.running = await start();
      return entrant.running;
    },
  };
  if (entrant.reason !== '') return entrant;
  try {
    const running = await entrant.restart();
    const generator = generatorFor(scenario, plan);
    if (plan.startWarmUp > 0 && generator !== undefined && scenario.many === undefined) {
      const asked = { requests: [{ path: '/1k.bin', headers: {} }], once: false };
      await measure(running, turnOf(plan, scenario, generator, asked, plan.startWarmUp));
    }
    return entrant;
  } catch (error) {
    await entrant.running?.stop();
    return { ...entrant, running: undefined, reason: messageOf(error) };
  }
}

/** What the scenario asks for that this server does not offer. */
export function unfitness(
  { speaks, lacks }: ServerKind,
  { protocol, needs = [] }: Scenario,
): string | undefined {
  if (!speaks.includes(protocol)) return `not set up for ${protocol}`;
  const lacking = needs.find((feature) => lacks.includes(feature));
  return lacking === undefined ? undefined : `no ${lacking}`;
}

/** Some servers are there for one group only; and dropping files from the page cache takes long, so few take part. */
export function takesPart({ tags }: ServerKind, { group }: Scenario): boolean {
  if (group === 'cold-disk') return tags.includes('cold-disk');
  if (group === 'log') return tags.includes('log');
  if (group === 'threads') return tags.includes('threads');
  if (group === 'encoded') return tags.includes('encoded-only');
  if (tags.includes('many-only')) return group === 'many';
  const ofOthers: readonly Tag[] = ['log-only', 'threads-only', 'encoded-only'];
  return !ofOthers.some((tag) => tags.includes(tag)) && tags.some((tag) => tag !== 'cold-disk');
}

export function isIn({ kind, secure }: Entrant, scenario: Scenario): boolean {
  return secure === isSecure(scenario) && takesPart(kind, scenario);
}

/** Of all that one server has entered. */
export function describe(kind: ServerKind, entrants: readonly Entrant[]): ServerInfo {
  const running = entrants.filter((entrant) => entrant.running !== undefined);
  const notes = new Set(
    running.flatMap(({ secure, running: { note } = {} }) =>
      note === undefined ? [] : [secure ? `over TLS: ${note}` : note],
    ),
  );
  return {
    name: kind.name,
    tags: kind.tags,
    version: running.length === 0 ? '' : kind.version(),
    ...(notes.size === 0 ? {} : { note: [...notes].join('; ') }),
  };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
