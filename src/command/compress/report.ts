// What a run has come to: for machines as it is, for people a table by media type.
import type { FileCoding } from '../../plan/types.ts';

/** A file with the forms of it that are there now, in bytes. */
export interface Row {
  readonly type: string;
  readonly bytes: number;
  readonly sizes: Readonly<Partial<Record<FileCoding, number>>>;
  /** The smallest one by a dictionary. */
  readonly byDictionary: number | undefined;
}

/** Something that is not as it should be, with the path that it is about. */
export interface Told {
  readonly path: string;
  readonly reason: string;
}

export interface Result {
  readonly rows: readonly Row[];
  readonly written: number;
  readonly touched: number;
  readonly removed: number;
  readonly kept: number;
  /** By `--check`: what a run would change. */
  readonly pending: readonly Told[];
  readonly problems: readonly Told[];
  /** What was left out, and nobody can change. */
  readonly notes: readonly Told[];
}

/** Of some files, in bytes: what is sent to whoever takes just this coding. */
interface Sums {
  readonly files: number;
  readonly bytes: number;
  readonly br: number;
  readonly zstd: number;
  readonly gzip: number;
  /** To whoever takes all of them. */
  readonly best: number;
  /** And has what the server had before. */
  readonly dictionary: number;
}

export function reportOf({ rows, ...counts }: Result) {
  const types = Object.entries(byType(rows)).map(([type, own]) => ({ type, ...sumOf(own) }));
  const byBytes = types.toSorted((a, b) => b.bytes - a.bytes);
  return { ...counts, ...sumOf(rows), types: byBytes };
}

const CODINGS = ['br', 'zstd', 'gzip'] as const;

function sumOf(rows: readonly Row[]): Sums {
  const sum = (bytesOf: (row: Row) => number) =>
    rows.reduce((total, row) => total + bytesOf(row), 0);
  const [br = 0, zstd = 0, gzip = 0] = CODINGS.map((coding) =>
    sum(({ bytes, sizes }) => Math.min(bytes, sizes[coding] ?? bytes)),
  );
  return {
    ...{ files: rows.length, bytes: sum(({ bytes }) => bytes), br, zstd, gzip },
    best: sum(bestOf),
    dictionary: sum((row) => Math.min(bestOf(row), row.byDictionary ?? row.bytes)),
  };
}

function bestOf({ bytes, sizes }: Row): number {
  return Math.min(bytes, ...Object.values(sizes));
}

function byType(rows: readonly Row[]): Record<string, Row[]> {
  const groups: Record<string, Row[]> = {};
  for (const row of rows) {
    const [type = ''] = row.type.split(';');
    groups[type] ??= [];
    groups[type].push(row);
  }
  return groups;
}

/** Lines for people. `dictionaries`: were there any to encode by? */
export function tableOf(result: Result, dictionaries: boolean): string {
  const { types, ...whole } = reportOf(result);
  const { written, touched, removed, kept } = whole;
  const last = dictionaries ? ['dictionary'] : [];
  const head = ['type', 'files', 'bytes', 'br', 'zst', 'gz', ...last, 'saved'];
  const rows = [...types, { ...whole, type: 'in all' }].map((sums) => [
    ...[sums.type, String(sums.files), shown(sums.bytes)],
    ...CODINGS.map((coding) => (sums[coding] === sums.bytes ? '–' : shown(sums[coding]))),
    ...(dictionaries ? [sums.dictionary === sums.best ? '–' : shown(sums.dictionary)] : []),
    `${Math.floor((1 - sums.best / Math.max(1, sums.bytes)) * 100)} %`,
  ]);
  const lines = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  const table = lines.map((line) =>
    line
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  '),
  );
  const counts = { written, kept, touched, removed };
  const summary = Object.entries(counts)
    .filter(([name, count]) => count > 0 || name === 'written')
    .map(([name, count]) => `${count} ${name}`);
  return [...table, `siblings: ${summary.join(', ')}`].join('\n');
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

function shown(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const value = bytes / 2 ** (10 * power);
  return `${value >= 100 || power === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[power]}`;
}
