// The names under which the table knows things, and which of them rest on a path.
import type { FilesPolicy } from './policy.ts';
import { SUFFIXES } from './resolve.ts';

/** NUL is in no path (http/target.ts), so no two questions share a key. */
export function pathKey(path: string, slash: boolean, navigation: boolean): string {
  const name = slash && path !== '/' ? `${path}/` : path;
  return navigation ? `${name}\0` : name;
}

/** The directory of a path, '' for the root's own; with or without a leading slash, as the path. */
export function directoryOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** The resources that a file may belong to: its own, and the one whose precompressed sibling it is. */
export function resourcesOf(path: string, policy: FilesPolicy): string[] {
  const owners = [path];
  for (const coding of policy.codings) {
    if (coding === 'identity') continue;
    const suffix = SUFFIXES[coding];
    if (path.endsWith(suffix)) owners.push(path.slice(0, -suffix.length));
  }
  return owners;
}

/**
 * The keys whose resolution most probably rests on this root-relative path: its own, the name without
 * its extension, and its directory's. The others (fallbacks, error pages) wait for their next check.
 */
export function dependents(path: string): string[] {
  const own = `/${path}`;
  const names = [own, own.replace(/\.[^./]+$/, ''), directoryOf(own) || '/'];
  return names.flatMap((name) => [
    pathKey(name, false, false),
    pathKey(name, true, false),
    pathKey(name, false, true),
    pathKey(name, true, true),
  ]);
}
