// The tables of options in the docs, made from those in the code.

import { flagOf, isWritable, type Option, type Table } from '../../src/options/table.ts';

/** One Markdown table for each group. */
export function optionsTable(groups: Readonly<Record<string, Table>>): string {
  return Object.entries(groups)
    .map(([group, rows]) => {
      const lines = Object.entries(rows).map(([name, row]) => lineOf(name, row));
      const head = ['| Option | Default | What it does | Elsewhere |', '| --- | --- | --- | --- |'];
      return [`**${group}**`, '', ...head, ...lines].join('\n');
    })
    .join('\n\n');
}

function lineOf(name: string, { kind, default: initial, help, peers }: Option): string {
  const shown = initial === undefined ? '' : `\`${kind.show(initial)}\``;
  const cells = [writtenAs(name, kind), shown, help, peers ?? ''];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function writtenAs(name: string, kind: Option['kind']): string {
  if (name === 'root') return '`[root]`';
  if (!isWritable({ kind } as Option)) return `\`${name}\` (config file, API)`;
  const value = kind.bare === undefined ? ` ${kind.shape}` : `[=${kind.shape}]`;
  return `\`${flagOf(name)}${kind.shape === '' ? '' : value}\``;
}
