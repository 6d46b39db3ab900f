// Releases of a site, and the ways in which an operator puts one in the place of another.
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { makeTree, type Node, plant, type Teardown } from './tree.ts';

type Release = Readonly<Record<string, Node>>;

export interface Deployment {
  /** What the server is told to serve. */
  readonly root: string;
  /** Puts this release in the place of the last one, and takes that away. */
  deploy(release: Release): void;
  /** Nothing stands at the root's path any more. */
  remove(): void;
}

export interface Way {
  readonly name: string;
  start(t: Teardown, first: Release): Deployment;
}

/** A link that is swapped by rename, `below` it the root. */
function byLink(t: Teardown, first: Release, below: string): Deployment {
  const place = makeTree(t);
  const current = join(place, 'current');
  let last = 0;
  const deploy = (release: Release) => {
    const made = `releases/${++last}`;
    for (const [path, node] of Object.entries(release)) plant(join(place, made, below, path), node);
    symlinkSync(made, join(place, 'next'));
    renameSync(join(place, 'next'), current);
    rmSync(join(place, `releases/${last - 1}`), { recursive: true, force: true });
  };
  deploy(first);
  return { root: join(current, below), deploy, remove: () => rmSync(current) };
}

function byName(t: Teardown, first: Release, away: (root: string) => void): Deployment {
  const root = join(makeTree(t), 'dist');
  const remove = () => away(root);
  const build = (release: Release) => {
    mkdirSync(root);
    for (const [path, node] of Object.entries(release)) plant(join(root, path), node);
  };
  build(first);
  const deploy = (release: Release) => {
    if (existsSync(root)) remove();
    build(release);
  };
  return { root, deploy, remove };
}

export const WAYS: readonly Way[] = [
  { name: 'a link swapped by rename', start: (t, first) => byLink(t, first, '') },
  { name: 'a link above it swapped by rename', start: (t, first) => byLink(t, first, 'public') },
  {
    name: 'deleted and built again',
    start: (t, first) => byName(t, first, (root) => rmSync(root, { recursive: true })),
  },
  {
    name: 'renamed away and built again',
    start: (t, first) => {
      let gone = 0;
      return byName(t, first, (root) => renameSync(root, `${root}.${++gone}`));
    },
  },
];
