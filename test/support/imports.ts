// What the sources import and include, types as well as code, read from their text.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

export interface Import {
  readonly from: string;
  readonly specifier: string;
  /** The file of the same tree that it means; undefined where it leads out of it. */
  readonly target: string | undefined;
}

/** Who needs whom. */
export type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** Sources of a folder with these endings, by path below it. The engine's programs of its own tests are none. */
export function sourcesIn(folder: string, endings: RegExp): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => endings.test(file) && !/^(?:test|build)\//.test(file))
    .sort();
}

/** Imports and re-exports of code and of types, static and dynamic, and CommonJS modules that are loaded late. The formatter keeps them in these forms. */
export function importsOf(from: string, source: string): Import[] {
  const statements =
    /^(?:import|export)\s+(?:type\s)?(?:[\w*\s{},$]+?\sfrom\s)?'(?<static>[^']+)'|\b(?:import|require)\('(?<dynamic>[^']+)'\)/gm;
  return [...source.matchAll(statements)].map(({ groups }) => {
    const specifier = groups?.static ?? groups?.dynamic ?? '';
    const ours = specifier.startsWith('.');
    return { from, specifier, target: ours ? posix.join(dirname(from), specifier) : undefined };
  });
}

/** Includes of C++: the tree's own headers in quotes, from its top, and the system's in brackets. */
export function includesOf(from: string, source: string): Import[] {
  const lines = /^\s*#\s*include\s+(?:"(?<own>[^"]+)"|<(?<system>[^>]+)>)/gm;
  return [...source.matchAll(lines)].map(({ groups }) => ({
    from,
    specifier: groups?.own ?? groups?.system ?? '',
    target: groups?.own,
  }));
}

/** All of them, of files as `sourcesIn` names them. */
export function readImports(
  folder: string,
  files: readonly string[],
  reader: typeof importsOf,
): Import[] {
  return files.flatMap((file) => reader(file, readFileSync(join(folder, file), 'utf8')));
}

/** The folder that a file stands in at the top, or one of transport and streams; a file outside of them is a room of its own, in C++ with its header. */
export function roomOf(file: string): string {
  const [wing = '', room, deeper] = file.split('/');
  if (room === undefined) return moduleOf(wing);
  const isWing = wing === 'transport' || wing === 'streams';
  return isWing && deeper !== undefined ? `${wing}/${room}` : wing;
}

/** A file without its ending: a header and its source are one module. */
export function moduleOf(file: string): string {
  return file.replace(/\.\w+$/, '');
}

/** Imports within a tree, between what `name` makes of their files. */
export function graphOf(imports: readonly Import[], name: (file: string) => string): Graph {
  const graph = new Map<string, Set<string>>();
  for (const { from, target } of imports) {
    if (target === undefined || name(from) === name(target)) continue;
    const needs = graph.get(name(from)) ?? new Set();
    graph.set(name(from), needs.add(name(target)));
  }
  return graph;
}

/** Those that need each other, directly or by way of others: the strongly connected parts of more than one. */
export function circlesIn(graph: Graph): string[][] {
  const reach = new Map([...graph.keys()].map((start) => [start, reachableFrom(start, graph)]));
  const circles = new Set(
    [...reach].map(([start, reached]) =>
      [...reached]
        .filter((other) => reach.get(other)?.has(start))
        .sort()
        .join(' '),
    ),
  );
  return [...circles].filter((circle) => circle !== '').map((circle) => circle.split(' '));
}

function reachableFrom(start: string, graph: Graph): ReadonlySet<string> {
  const reached = new Set<string>();
  const open = [start];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const next of graph.get(at) ?? []) {
      if (reached.has(next)) continue;
      reached.add(next);
      open.push(next);
    }
  }
  return reached;
}
