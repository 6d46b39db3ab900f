// The small print of a run: machine, versions, method. Every report ends with it.
import type { Run } from '../results.ts';
import { number } from './format.ts';

export function facts(run: Run): readonly (readonly [string, string])[] {
  const { machine } = run;
  return [
    ['Date', run.date.slice(0, 16).replace('T', ' ')],
    ['Command', `\`${run.command}\``],
    [
      'Machine',
      `${machine.processor}, ${machine.cores} cores, ${number(machine.memoryBytes / 1024 ** 3)} GiB`,
    ],
    ['System', `${machine.system}, ${machine.kernel}, ${machine.filesystem}, Node ${machine.node}`],
    ['Load', Object.values(run.generators).join('; ')],
    [
      'Method',
      `${run.rounds} turns of ${run.seconds} s each, servers taking turns; medians (lowest–highest); ` +
        (run.pinned ? 'server on core 0, load on the others' : 'not pinned: taskset is missing'),
    ],
    ...run.servers.map((server): readonly [string, string] => [
      server.name,
      [server.version, server.note].filter(Boolean).join('; ') || 'did not run',
    ]),
    ...(run.interrupted ? [['Interrupted', 'Ctrl-C: rows are missing'] as const] : []),
  ];
}
