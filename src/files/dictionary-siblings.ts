// Forms of files by a dictionary, which are called after it: a directory tells which there are. RFC 9842.
import { LRUCache } from 'lru-cache';
import type { Contents, DictionaryCoding } from '../plan/types.ts';
import { BY_DICTIONARY } from './codings.ts';
import { namesOf } from './contents.ts';
import type { Found, Root } from './root.ts';

export interface DictionarySibling {
  /** Of the sibling, without its directory. */
  readonly name: string;
  readonly coding: DictionaryCoding;
  /** SHA-256 of the dictionary, hexadecimal. */
  readonly hash: string;
}

/** Of one file: each holds a descriptor, and four releases are remembered by two codings and more. */
const MAX_SIBLINGS = 16;
/** Directories whose siblings are remembered. */
const MAX_REMEMBERED = 256;
/** Names in one: of more, none is looked at. */
const MAX_NAMES = 20_000;

type Siblings = ReadonlyMap<string, readonly DictionarySibling[]>;

/** What directories have of them, read once per version. */
const NONE: Siblings = new Map();

export class DictionarySiblings {
  readonly #known = new LRUCache<string, Siblings | Promise<Siblings>>({ max: MAX_REMEMBERED });

  /** By the names of their files, in the directory that was found at this path; nothing where it cannot be read. */
  of(
    path: string,
    [directory]: readonly Found[],
    read: Root['read'],
  ): Siblings | Promise<Siblings> {
    if (directory?.type !== 'directory') return NONE;
    const key = `${path}\0${directory.version}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const reading = read(directory.file, path, false, MAX_NAMES).then(siblingsIn, () => NONE);
    this.#known.set(key, reading);
    void reading.then((siblings) => this.#known.set(key, siblings));
    return reading;
  }
}

function siblingsIn(contents: Contents): Siblings {
  const siblings = new Map<string, DictionarySibling[]>();
  for (const name of namesOf(contents)) {
    const { owner, hash, coding } = BY_DICTIONARY.exec(name)?.groups ?? {};
    if (owner === undefined || hash === undefined) continue;
    const own = siblings.get(owner) ?? [];
    if (own.length < MAX_SIBLINGS) own.push({ name, hash, coding: coding as DictionaryCoding });
    siblings.set(owner, own);
  }
  return siblings;
}
