// One file: each of its siblings is looked at, judged, and made where it is worth it; those by dictionaries last, for they have
// to be smaller than the best of the others.
import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { MIN_SIZE } from '../../encode/compressible.ts';
import type { Encoders } from '../../encode/encoder-pool.ts';
import type { Dictionary } from '../../encode/encoders.ts';
import type { DictionaryCoding, FileCoding } from '../../plan/types.ts';
import type { Changes } from './changes.ts';
import { type Content, readContent } from './content.ts';
import type { Releases } from './releases.ts';
import type { Row } from './report.ts';
import { dictionarySidecar, plainSidecar, type Sidecar } from './sidecar.ts';
import { isOlder, type Standing, standingBy, standingOf } from './standing.ts';
import type { Candidate } from './tree.ts';
import { judge, type Wish } from './verdict.ts';

export interface Work extends Wish {
  readonly root: string;
  readonly codings: readonly FileCoding[];
  readonly byDictionary: readonly DictionaryCoding[];
  /** Undefined where none is named. */
  readonly releases: Releases | undefined;
  readonly encoders: Encoders;
  readonly changes: Changes;
}

/** NAME_MAX, limits.h: bytes of a name. */
const MAX_NAME = 255;

/** Resolves to what is there of the file afterwards; undefined where it cannot be read. */
export async function encodeFile(candidate: Candidate, work: Work): Promise<Row | undefined> {
  const content = contentOf(candidate, work);
  if (content === undefined) return undefined;
  const sizes = await encodePlain(candidate, content, work);
  const { length } = content.bytes;
  const best = Math.min(length, ...Object.values(sizes));
  const byDictionary = await encodeByDictionaries(candidate, content, best, work);
  return { type: candidate.type, bytes: length, sizes, byDictionary };
}

function contentOf({ path }: Candidate, { root, changes }: Work): Content | undefined {
  try {
    return readContent(join(root, path));
  } catch (error) {
    changes.tell(path, error);
    return undefined;
  }
}

/** What is sent where this sibling is not; 0 for what is not worth one. */
function insteadOf(content: Content, best = content.bytes.length): number {
  return content.bytes.length < MIN_SIZE ? 0 : best;
}

async function encodePlain(
  { path, sidecars }: Candidate,
  content: Content,
  work: Work,
): Promise<Row['sizes']> {
  const { bytes } = content;
  const others = work.prune ? sidecars.flatMap((one) => ('hash' in one ? [] : one.coding)) : [];
  const sizes: Partial<Record<FileCoding, number>> = {};
  const each = [...new Set([...work.codings, ...others])].map(async (coding) => {
    const size = await settle(work, content, plainSidecar(path, coding), insteadOf(content), {
      look: (place) => standingOf(content, basename(path), place, coding),
      encode: work.codings.includes(coding)
        ? () => work.encoders.encode({ coding, bytes, effort: 'best' })
        : undefined,
    });
    if (size !== undefined) sizes[coding] = size;
  });
  await Promise.all(each);
  return sizes;
}

/** Resolves to the size of the smallest. */
async function encodeByDictionaries(
  { path, sidecars }: Candidate,
  content: Content,
  best: number,
  work: Work,
): Promise<number | undefined> {
  const { releases, byDictionary, changes } = work;
  const dictionaries = releases?.dictionariesFor(path, content.bytes) ?? [];
  const all = dictionaries.flatMap((dictionary) =>
    byDictionary.map((coding) => ({
      ...{ dictionary, coding },
      sidecar: dictionarySidecar(path, coding, dictionary.hash),
    })),
  );
  const nameable = all.filter(
    ({ sidecar }) => Buffer.byteLength(basename(sidecar.path)) <= MAX_NAME,
  );
  if (nameable.length < all.length) {
    changes.note(path, `its name is too long for siblings by dictionary (${MAX_NAME} bytes)`);
  }
  const each = nameable.map(({ dictionary, coding, sidecar }) =>
    encodeBy(dictionary, coding, sidecar, content, best, work),
  );
  const sizes = (await Promise.all(each)).filter((size) => size !== undefined);
  if (work.prune) pruneOthers(sidecars, dictionaries, content, work);
  return sizes.length === 0 ? undefined : Math.min(...sizes);
}

function encodeBy(
  dictionary: Dictionary,
  coding: DictionaryCoding,
  sidecar: Sidecar,
  content: Content,
  best: number,
  work: Work,
): Promise<number | undefined> {
  const { bytes } = content;
  return settle(work, content, sidecar, insteadOf(content, best), {
    look: (place) => standingBy(dictionary, content, basename(sidecar.base), place, coding),
    encode: () => work.encoders.encode({ coding, bytes, dictionary }),
  });
}

/** Of dictionaries that no release has; where none is named, those that the server takes for a former version's. */
function pruneOthers(
  sidecars: readonly Sidecar[],
  dictionaries: readonly Dictionary[],
  content: Content,
  { root, releases, changes }: Work,
): void {
  const known = new Set(dictionaries.map(({ hash }) => Buffer.from(hash).toString('hex')));
  for (const sidecar of sidecars) {
    if (!('hash' in sidecar) || known.has(sidecar.hash)) continue;
    try {
      if (releases !== undefined) changes.remove(sidecar.path, 'by a file of no release');
      else if (isOlder(statSync(join(root, sidecar.path)).mtimeMs, content)) {
        changes.remove(sidecar.path, 'older than its file');
      }
    } catch (error) {
      changes.tell(sidecar.path, error);
    }
  }
}

/** Looks at a sibling, judges it and does what has to be done. Undefined where there is none afterwards, or it went wrong. */
async function settle(
  work: Work,
  content: Content,
  { path }: Sidecar,
  instead: number,
  by: {
    readonly look: (place: string) => Standing;
    readonly encode: (() => Promise<Uint8Array>) | undefined;
  },
): Promise<number | undefined> {
  try {
    const standing = by.look(join(work.root, path));
    return work.changes.carryOut(path, await judge(standing, instead, by.encode, work), content);
  } catch (error) {
    work.changes.tell(path, error);
    return undefined;
  }
}
