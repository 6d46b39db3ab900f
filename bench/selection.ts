// Which scenarios and servers the words of `--only` name.
import type { Scenario } from './scenario.ts';
import type { ServerKind } from './servers/server.ts';

export interface Selection {
  readonly scenarios: readonly Scenario[];
  readonly servers: readonly ServerKind[];
}

/**
 * A word names scenarios by name or group, or servers by name or tag. Words of one kind add up;
 * where a kind has no word, all of it is taken. Scenarios that are opted in want their own name.
 * Throws on a word that names nothing.
 */
export function select(only: string, all: Selection): Selection {
  const words = only.split(',').filter((word) => word !== '');
  const namesScenario = (word: string, { name, group, optIn }: Scenario): boolean =>
    word === name || (word === group && !optIn);
  const namesServer = (word: string, { name, tags }: ServerKind): boolean =>
    word === name || tags.some((tag) => tag === word);
  for (const word of words) {
    const known =
      all.scenarios.some((scenario) => namesScenario(word, scenario)) ||
      all.servers.some((server) => namesServer(word, server));
    if (!known) throw new Error(`--only: nothing is called "${word}"; see --list`);
  }
  const scenarios = all.scenarios.filter((scenario) =>
    words.some((word) => namesScenario(word, scenario)),
  );
  const servers = all.servers.filter((server) => words.some((word) => namesServer(word, server)));
  return {
    scenarios: scenarios.length > 0 ? scenarios : all.scenarios.filter(({ optIn }) => !optIn),
    servers: servers.length > 0 ? servers : all.servers,
  };
}
