// npm run structure [-- CHECKOUT]: the house in figures, of this checkout or of another one, e.g. of an older commit,
// with its addon built.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { table } from '../bench/report/table.ts';
import { filesOfColdRequest } from './support/cold-request.ts';
import {
  circlesIn,
  type Graph,
  graphOf,
  importsOf,
  includesOf,
  moduleOf,
  readImports,
  roomOf,
  sourcesIn,
} from './support/imports.ts';

interface Tree {
  readonly folder: string;
  readonly files: readonly string[];
  /** Of rooms. A file outside of them counts as one here, with its header. */
  readonly rooms: Graph;
  readonly modules: Graph;
}

const FIGURES: Readonly<Record<string, (tree: Tree) => number | string>> = {
  files: ({ files }) => files.length,
  /** Folders with sources, those of transport too. */
  rooms: ({ files }) => new Set(files.filter((file) => !isLoose(file)).map(roomOf)).size,
  'loose files': ({ files }) => files.filter(isLoose).length,
  /** From room to room, types included. */
  arrows: ({ rooms }) => countArrows(rooms),
  /** Within a circle of rooms: no order of them has all its arrows lead down. */
  'arrows back': ({ rooms }) => countCircular(rooms),
  /** Modules that need each other, directly or by way of others. */
  'circles of modules': ({ modules }) => circlesIn(modules).length,
  'longest file, lines': longestOf,
};

const checkout = resolve(argv[2] ?? fileURLToPath(new URL('..', import.meta.url)));
const src = readTree(join(checkout, 'src'), /\.ts$/, importsOf);
const native = readTree(join(checkout, 'native'), /\.(?:cc|h)$/, includesOf);
const rows = Object.entries(FIGURES).map(([name, count]) => [
  name,
  `${count(src)}`,
  `${count(native)}`,
]);
const methods = countMethods('EngineThread', native);
const cold = await filesOfColdRequest(src.folder);
rows.push(["methods of the engine's loop", '', `${methods}`]);
rows.push(['files that a cold request passes', `${cold.length}`, '']);
console.log(table(['', 'src', 'native'], rows));

function readTree(folder: string, endings: RegExp, reader: typeof importsOf): Tree {
  const files = sourcesIn(folder, endings);
  const imports = readImports(folder, files, reader);
  return { folder, files, rooms: graphOf(imports, roomOf), modules: graphOf(imports, moduleOf) };
}

function isLoose(file: string): boolean {
  return !file.includes('/');
}

function countArrows(graph: Graph): number {
  return [...graph.values()].reduce((sum, needs) => sum + needs.size, 0);
}

function countCircular(rooms: Graph): number {
  const arrows = circlesIn(rooms).flatMap((circle) =>
    circle.flatMap((room) => circle.filter((other) => rooms.get(room)?.has(other))),
  );
  return arrows.length;
}

function longestOf({ folder, files }: Tree): string {
  const [longest] = files
    .map((file) => ({
      file,
      lines: readFileSync(join(folder, file), 'utf8').split('\n').length - 1,
    }))
    .sort((a, b) => b.lines - a.lines);
  return `${longest?.lines} ${longest?.file}`;
}

/** Functions that a class of the engine declares, but for its constructor. */
function countMethods(name: string, { folder, files }: Tree): number {
  const start = new RegExp(`^class ${name}\\b[^;]*?\\{$`, 'm');
  for (const file of files) {
    const [head, body] = readFileSync(join(folder, file), 'utf8').split(start);
    if (head === undefined || body === undefined) continue;
    // The formatter has a class end at the margin, and its members two further.
    const members = body.slice(0, body.indexOf('\n};'));
    const declarations = [...members.matchAll(/^ {2}(?! )[\w:<>&*,\s]*?\b(\w+)\(/gm)];
    return declarations.filter(([, declared]) => declared !== name).length;
  }
  throw new Error(`no class ${name} in ${folder}`);
}
