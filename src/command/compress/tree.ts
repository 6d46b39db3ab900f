// The files below a directory that a server of it would send, and which of them are siblings of others.
import { type Dirent, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isCompressible, MIN_SIZE } from '../../encode/compressible.ts';
import { isCarried } from '../../files/carried.ts';
import { codingOfName } from '../../files/codings.ts';
import { isBeneath } from '../../files/place.ts';
import { type FilesPolicy, isHidden } from '../../files/policy.ts';
import { isLeftover } from './replace.ts';
import { type Sidecar, sidecarOf } from './sidecar.ts';

export interface TreePolicy extends Pick<FilesPolicy, 'root' | 'dotfiles' | 'symlinks'> {
  /** The media type of a root-relative path. */
  readonly typeOf: (path: string) => string;
}

/** A file that is worth to be encoded, or was. Paths are relative to the root. */
export interface Candidate {
  readonly path: string;
  readonly type: string;
  /** Bytes. */
  readonly size: number;
  readonly sidecars: readonly Sidecar[];
}

/** Siblings of a file that is not there. */
export interface Orphans {
  readonly base: string;
  readonly sidecars: readonly Sidecar[];
}

export interface Tree {
  readonly candidates: readonly Candidate[];
  readonly orphans: readonly Orphans[];
  /** What a run that was killed has left: absolute paths. */
  readonly leftovers: readonly string[];
}

/** Told of what cannot be read; the rest goes on. */
export type Tell = (path: string, error: unknown) => void;

interface Directory {
  /** Relative to the root: '' or with a slash at its end. */
  readonly path: string;
  /** Of files. */
  readonly names: readonly string[];
  readonly leftovers: readonly string[];
}

export function readTree(policy: TreePolicy, tell: Tell): Tree {
  const candidates: Candidate[] = [];
  const orphans: Orphans[] = [];
  const leftovers: string[] = [];
  for (const directory of directoriesOf(policy, tell)) {
    leftovers.push(...directory.leftovers.map((name) => join(policy.root, directory.path, name)));
    const sidecars = byBase(directory.names.map((name) => sidecarOf(directory.path + name)));
    for (const name of directory.names) {
      const path = directory.path + name;
      const own = sidecars.get(path) ?? [];
      sidecars.delete(path);
      if (isEncoded(path) || isCarried(path)) continue;
      const type = policy.typeOf(path);
      if (!isCompressible(type)) continue;
      const stat = attempt(() => statSync(join(policy.root, path)), path, tell);
      if (stat === undefined || (stat.size < MIN_SIZE && own.length === 0)) continue;
      candidates.push({ path, type, size: stat.size, sidecars: own });
    }
    for (const [base, own] of sidecars) {
      if (isCompressible(policy.typeOf(base))) orphans.push({ base, sidecars: own });
    }
  }
  return { candidates, orphans, leftovers };
}

function isEncoded(path: string): boolean {
  return sidecarOf(path) !== undefined || codingOfName(path) !== undefined;
}

function byBase(sidecars: readonly (Sidecar | undefined)[]): Map<string, Sidecar[]> {
  const grouped = new Map<string, Sidecar[]>();
  for (const sidecar of sidecars) {
    if (sidecar === undefined) continue;
    const group = grouped.get(sidecar.base);
    if (group === undefined) grouped.set(sidecar.base, [sidecar]);
    else group.push(sidecar);
  }
  return grouped;
}

/** Root-relative paths of all files that a server would send. */
export function* pathsIn(policy: Omit<TreePolicy, 'typeOf'>, tell: Tell): Generator<string> {
  for (const { path, names } of directoriesOf(policy, tell)) {
    for (const name of names) yield path + name;
  }
}

/** Each directory once, however many links lead there. */
function* directoriesOf(
  { root, dotfiles, symlinks }: Omit<TreePolicy, 'typeOf'>,
  tell: Tell,
): Generator<Directory> {
  const real = realpathSync(resolve(root));
  const seen = new Set<string>();
  const open = [''];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const place = join(root, path);
    const entries = attempt(() => entriesOf(place, seen), path === '' ? root : path, tell) ?? [];
    const names: string[] = [];
    const leftovers: string[] = [];
    for (const entry of entries) {
      const { name } = entry;
      if (entry.isFile() && isLeftover(name)) leftovers.push(name);
      else if (isNameable(name) && (dotfiles === 'allow' || !isHidden(path + name))) {
        const kind = kindOf(entry, join(place, name), real, symlinks);
        if (kind?.isFile()) names.push(name);
        // Links last: what they lead to has been met by its own name, if it has one here.
        else if (kind?.isDirectory())
          open[entry.isSymbolicLink() ? 'unshift' : 'push'](`${path}${name}/`);
      }
    }
    yield { path, names, leftovers };
  }
}

function entriesOf(place: string, seen: Set<string>): Dirent[] {
  const { dev, ino } = statSync(place, { bigint: true });
  const id = `${dev}:${ino}`;
  if (seen.has(id)) return [];
  seen.add(id);
  return readdirSync(place, { withFileTypes: true });
}

/** No request can have the others (http/target.ts; Node reads U+FFFD in what is not UTF-8). */
function isNameable(name: string): boolean {
  return !/[\\\ufffd]/.test(name);
}

/** Undefined for a link that is not followed, or leads nowhere. */
function kindOf(
  entry: Dirent,
  place: string,
  root: string,
  symlinks: FilesPolicy['symlinks'],
): Dirent | Stats | undefined {
  if (!entry.isSymbolicLink()) return entry;
  if (symlinks === 'none') return undefined;
  try {
    const target = realpathSync(place);
    return symlinks === 'follow' || isBeneath(root, target) ? statSync(target) : undefined;
  } catch {
    return undefined;
  }
}

function attempt<T>(look: () => T, path: string, tell: Tell): T | undefined {
  try {
    return look();
  } catch (error) {
    tell(path, error);
    return undefined;
  }
}
