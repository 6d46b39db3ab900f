// Who takes part in a run: each server in a process of its own for plain HTTP, and in another for TLS.
import { mkdir } from 'node:fs/promises';
import { certificate } from './certificate.ts';
import { measure } from './measure.ts';
import { generatorFor, type Plan, turnOf } from './plan.ts';
import type { ServerInfo } from './results.ts';
import { get, getHttps, type Scenario } from './scenarios.ts';
import type { RunningServer, ServerKind } from './servers/server.ts';
import { KIB } from './site.ts';

/** A server over plain HTTP, or one of the same over TLS: two processes where a run has scenarios of both. */
export interface Entrant {
  readonly kind: ServerKind;
  readonly secure: boolean;
  readonly running: RunningServer | undefined;
  /** Why it does not run. */
  readonly reason: string;
}

/** What each is warmed up with. */
export const probe = get(KIB);
const secureProbe = getHttps(KIB);

export function isSecure({ protocol }: Scenario): boolean {
  return protocol !== 'http';
}

/** Starts a server and sends it the first requests. */
export async function enter(
  kind: ServerKind,
  secure: boolean,
  plan: Plan,
  work: string,
): Promise<Entrant> {
  const absent = (reason: string): Entrant => ({ kind, secure, running: undefined, reason });
  const scenario = secure ? secureProbe : probe;
  if (!kind.speaks.includes(scenario.protocol)) return absent(notSetUp(scenario));
  const missing = kind.missing();
  if (missing !== undefined) return absent(missing);
  await mkdir(work, { recursive: true });
  try {
    const running = await kind.start({
      root: plan.root,
      work,
      cores: plan.pinning?.server,
      certificate: secure ? certificate : undefined,
    });
    const generator = generatorFor(scenario, plan);
    if (plan.startWarmUp > 0 && generator !== undefined) {
      const requests = [{ path: '/1k.bin', headers: {} }];
      await measure(running, turnOf(plan, scenario, generator, requests, plan.startWarmUp));
    }
    return { kind, secure, running, reason: '' };
  } catch (error) {
    return absent(messageOf(error));
  }
}

export function notSetUp({ protocol }: Scenario): string {
  return `not set up for ${protocol}`;
}

/** Reads from disk are compared between few: dropping files from the page cache takes long. */
export function takesPart({ tags }: ServerKind, { group }: Scenario): boolean {
  return group === 'cold-disk'
    ? tags.includes('cold-disk')
    : tags.some((tag) => tag !== 'cold-disk');
}

export function isIn({ kind, secure }: Entrant, scenario: Scenario): boolean {
  return secure === isSecure(scenario) && takesPart(kind, scenario);
}

/** Of all that one server has entered. */
export function describe(kind: ServerKind, entrants: readonly Entrant[]): ServerInfo {
  const running = entrants.filter((entrant) => entrant.running !== undefined);
  const notes = running.flatMap(({ secure, running: { note } = {} }) =>
    note === undefined ? [] : [secure ? `over TLS: ${note}` : note],
  );
  return {
    name: kind.name,
    tags: kind.tags,
    version: running.length === 0 ? '' : kind.version(),
    ...(notes.length === 0 ? {} : { note: notes.join('; ') }),
  };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
