// What a build says of the names that it made: read from its manifest and from all the names in its directory, once per
// version of both.

import { LRUCache } from 'lru-cache';
import type { Contents } from '../plan/types.ts';
import type { Builds, IsBuilt, Witnesses } from '../rules/builds.ts';
import { namesOf } from './contents.ts';
import { fill } from './read-span.ts';
import { type Found, versionOf } from './root.ts';

/** Directories whose names are remembered: few have more than one build. */
const MAX_REMEMBERED = 16;

/** Names in one: a build of more is judged name by name. */
export const MAX_NAMES = 20_000;

/** Largest manifest, bytes: some 20,000 chunks. */
const MAX_MANIFEST = 8 * 1024 * 1024;

/**
 * One name in ten of Vite's directory costs opening that directory and two more names, with the file itself; reading it is
 * for the first of them only.
 */
export class BuildReadings {
  readonly #known = new LRUCache<string, IsBuilt | Promise<IsBuilt>>({ max: MAX_REMEMBERED });

  /**
   * `found` are the directory and the manifests of `witnesses`, open until this settles; `list` reads the directory. At once
   * where that was read before.
   */
  of(
    builds: Builds,
    witnesses: Witnesses,
    found: readonly Found[],
    list: () => Promise<Contents>,
  ): IsBuilt | Promise<IsBuilt> {
    const key = [witnesses.directory, ...found.map(versionOf)].join('\0');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const reading = readBuild(builds, witnesses, found, list);
    this.#known.set(key, reading);
    reading.then(
      (isBuilt) => this.#known.set(key, isBuilt),
      () => this.#known.delete(key),
    );
    return reading;
  }
}

async function readBuild(
  builds: Builds,
  witnesses: Witnesses,
  [, ...manifests]: readonly Found[],
  list: () => Promise<Contents>,
): Promise<IsBuilt> {
  const texts = await Promise.all(manifests.map(textOf));
  // Too many of them, or not to be read.
  const names = await list().then(namesOf, () => []);
  return builds.read(
    witnesses,
    names,
    texts.filter((text) => text !== undefined),
  );
}

async function textOf(found: Found): Promise<string | undefined> {
  if (found.type !== 'file' || found.size > MAX_MANIFEST) return undefined;
  const bytes = Buffer.alloc(found.size);
  const length = await fill(found.file.fd, bytes, 0).catch(() => 0);
  return bytes.toString('utf8', 0, length);
}
