// `zcserve compress`: the siblings of a directory's files, each judged by its content, made on all cores.
import { relative } from 'node:path';
import { createEncoders } from '../../encode/encoder-pool.ts';
import { dictionaryEncoders, ENCODERS } from '../../encode/encoders.ts';
import { showProgress } from '../../log/progress.ts';
import type { DictionaryCoding, FileCoding } from '../../plan/types.ts';
import { typeOf } from '../../site/media-type.ts';
import { policiesOf } from '../../site/policies.ts';
import type { Gathered } from '../config.ts';
import type { Asked } from './asked.ts';
import { type Changes, createChanges } from './changes.ts';
import { MAX_SIZE } from './content.ts';
import { encodeFile, type Work } from './file.ts';
import { createGate } from './gate.ts';
import { siblingsIn } from './orphans.ts';
import { readReleases } from './releases.ts';
import { removeLeftover } from './replace.ts';
import { type Result, type Row, reportOf, tableOf } from './report.ts';
import { readTree, type Tree, type TreePolicy } from './tree.ts';

/** Bytes of content that are held at a time, for all files that are worked on. */
const MAX_HELD = 2 * MAX_SIZE;

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Something is wrong, or to be done. */
const FAILED = 1;

/** Does what was asked, and prints what came of it. Resolves to the exit status. */
export async function compressTree(asked: Asked): Promise<number> {
  const { gathered, log, check, prune, against } = asked;
  const { root, ...policy } = policyOf(gathered);
  const changes = createChanges(root, check);
  const offer = offerOf(asked);
  for (const line of offer.lacking) log.warn(line);
  const tree = readTree({ root, ...policy }, changes.tell);
  if (!check) removeLeftovers(tree, root, changes);
  const encoders = createEncoders(asked.threads);
  const releases =
    against.length === 0 || offer.byDictionary.length === 0
      ? undefined
      : readReleases(against, { root, ...policy }, changes.tell);
  const rows = await encodeAll(
    tree,
    { ...asked, ...offer, root, changes, encoders, releases },
    gathered.quiet,
  ).finally(encoders.close);
  if (prune) removeOrphans(tree, root, changes);
  const result = { rows, ...changes.result() };
  for (const { path, reason } of result.notes) log.warn(`${path}: ${reason}`);
  for (const { path, reason } of result.problems) log.error(`${path}: ${reason}`);
  print(result, asked, releases !== undefined);
  return offer.fails || result.problems.length + result.pending.length > 0 ? FAILED : 0;
}

function policyOf({ options }: Gathered): TreePolicy {
  const { files, mediaTypes } = policiesOf(options);
  const { root, dotfiles, symlinks } = files;
  return { root, dotfiles, symlinks, typeOf: (path) => mediaTypes(path) ?? typeOf(path) };
}

interface Offer {
  readonly codings: readonly FileCoding[];
  readonly byDictionary: readonly DictionaryCoding[];
  /** What this Node has not, in words. */
  readonly lacking: readonly string[];
  /** Was that asked for by name? */
  readonly fails: boolean;
}

const BY_DICTIONARY = { br: 'dcb', zstd: 'dcz', gzip: undefined } as const;

function offerOf({ codings, named, against }: Asked): Offer {
  const node = `Node ${process.versions.node}`;
  const plain = codings.filter((coding) => ENCODERS.includes(coding));
  const lacking =
    plain.length < codings.length
      ? [`${node} has no Zstandard, which came with 22.15: no .zst`]
      : [];
  if (against.length === 0) {
    return { codings: plain, byDictionary: [], lacking, fails: named && lacking.length > 0 };
  }
  const wanted = codings.flatMap((coding) => BY_DICTIONARY[coding] ?? []);
  const able = dictionaryEncoders();
  const byDictionary = wanted.filter((coding) => able.includes(coding));
  if (byDictionary.length < wanted.length) {
    const missing = wanted.filter((coding) => !able.includes(coding)).map((coding) => `.${coding}`);
    lacking.push(
      `${node} takes no dictionaries, which came with 24.6: no ${missing.join(', no ')}`,
    );
  }
  return {
    codings: plain,
    byDictionary,
    lacking,
    fails: byDictionary.length === 0 || (named && lacking.length > 0),
  };
}

/** As many files at a time as threads, and one that is read meanwhile. */
async function encodeAll(
  { candidates }: Tree,
  work: Work & Asked,
  quiet: boolean,
): Promise<readonly Row[]> {
  const small = candidates.filter(({ path, size }) => {
    if (size <= MAX_SIZE) return true;
    work.changes.note(path, `larger than ${MAX_SIZE / 2 ** 20} MiB: not encoded`);
    return false;
  });
  const whole = small.reduce((sum, { size }) => sum + size, 0);
  const progress = showProgress(process.stderr, whole, quiet);
  const release = stopAtOnce(progress.clear);
  const gate = createGate(MAX_HELD);
  const rows: Row[] = [];
  // The largest first: the last to be done are short, and no thread waits for another's long one.
  const queue = small.toSorted((a, b) => a.size - b.size);
  const worker = async (): Promise<void> => {
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      await gate.enter(next.size);
      const row = await encodeFile(next, work);
      if (row !== undefined) rows.push(row);
      gate.leave(next.size);
      progress.advance(next.size);
    }
  };
  await Promise.all(Array.from({ length: work.threads + 1 }, worker));
  progress.clear();
  release();
  return rows;
}

/** Between two turns no file is half written, so the signal may have its way there. */
function stopAtOnce(clear: () => void): () => void {
  const stop = (signal: NodeJS.Signals) => {
    clear();
    release();
    process.kill(process.pid, signal);
  };
  const release = () => {
    for (const signal of SIGNALS) process.off(signal, stop);
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  return release;
}

function removeLeftovers({ leftovers }: Tree, root: string, changes: Changes): void {
  for (const place of leftovers) {
    try {
      removeLeftover(place);
    } catch (error) {
      changes.tell(relative(root, place), error);
    }
  }
}

function removeOrphans({ orphans }: Tree, root: string, changes: Changes): void {
  for (const each of orphans) {
    try {
      for (const { path } of siblingsIn(root, each)) changes.remove(path, 'its file is gone');
    } catch (error) {
      changes.tell(each.base, error);
    }
  }
}

function print(result: Result, { gathered, check }: Asked, dictionaries: boolean): void {
  if (gathered.json) {
    console.log(JSON.stringify(reportOf(result)));
    return;
  }
  for (const { path, reason } of result.pending) console.log(`${path}: ${reason}`);
  if (!check && !gathered.quiet) console.log(tableOf(result, dictionaries));
}
