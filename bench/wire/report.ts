// A run of bench:wire as Markdown.

import type { Machine } from '../machine.ts';
import { number, withSpread } from '../report/format.ts';
import { table } from '../report/table.ts';
import type { Figure } from '../results.ts';
import { bytesTitle } from '../scenario.ts';
import { PLACES } from './places.ts';

export interface WireRow {
  readonly place: string;
  /** Bytes of a body. */
  readonly size: number;
  /** Bytes per recv(2) of the client; 0 = it drops them uncopied. */
  readonly buffer: number;
  readonly strategy: 'mmap' | 'sendfile';
  /** CPU time per request in microseconds, of the server and of the client. */
  readonly cpu: Figure;
  readonly clientCpu: Figure;
  readonly requestsPerSecond: Figure;
  /** Times per request that the sleeping client was woken. */
  readonly wakeUps: Figure;
}

export interface WireFindings {
  readonly date: string;
  readonly command: string;
  readonly machine: Machine;
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  readonly rows: readonly WireRow[];
}

export function wireReport({ rows, ...run }: WireFindings): string {
  return `# writev from memory and sendfile, by what the client does

Each cell: server CPU µs per request (lowest–highest turn) · client CPU µs · wake-ups of the client per
request · requests/s.

${PLACES.map(({ name }) => `## ${name}\n\n${placeTable(rows.filter(({ place }) => place === name))}`).join('\n\n')}

${run.date}, \`${run.command}\`: ${run.rounds} turns of ${run.seconds} s, ${run.connections} connections,
${run.machine.processor}, ${run.machine.kernel}.
`;
}

function placeTable(rows: readonly WireRow[]): string {
  const keys = new Map(rows.map(({ size, buffer }) => [`${size} ${buffer}`, { size, buffer }]));
  return table(
    ['body', 'client', 'writev', 'sendfile', 'sendfile ÷ writev: CPU, requests/s'],
    [...keys.values()].map(({ size, buffer }) => {
      const of = (strategy: WireRow['strategy']) =>
        rows.find((row) => row.size === size && row.buffer === buffer && row.strategy === strategy);
      const [mmap, sendfile] = [of('mmap'), of('sendfile')];
      return [
        bytesTitle(size),
        buffer === 0 ? 'drops' : `reads ${bytesTitle(buffer)}`,
        cell(mmap),
        cell(sendfile),
        mmap && sendfile
          ? `${ratio(sendfile.cpu, mmap.cpu)}, ${ratio(sendfile.requestsPerSecond, mmap.requestsPerSecond)}`
          : '–',
      ];
    }),
  );
}

function cell(row: WireRow | undefined): string {
  if (row === undefined) return '–';
  const { cpu, clientCpu, wakeUps, requestsPerSecond } = row;
  const others = [clientCpu, wakeUps, requestsPerSecond].map(({ median }) => number(median));
  return [withSpread(cpu), ...others].join(' · ');
}

function ratio(a: Figure, b: Figure): string {
  return (a.median / b.median).toFixed(2);
}
