// `zcserve doctor --verify LIST`: is the tree what the list says that it is? Nothing outside the root is opened.
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { loadNative } from '../../addon/load.ts';
import { hashPieces } from '../../files/content-hashes.ts';
import { openRoot } from '../../files/open.ts';
import { closeAll, type Root } from '../../files/root.ts';
import { walk } from '../../files/walk.ts';
import type { Options } from '../../options/options.ts';
import { OptionError } from '../../options/table.ts';
import { cannotServe } from '../../server/problems.ts';
import { messageOf } from './finding.ts';
import { parseLine, readLines } from './hash-list.ts';

/** Lines of a list; the names of a million files take some 200 MB. */
const MAX_LISTED = 1_000_000;

/** Files that are read at a time: as many as libuv's pool reads. */
const READERS = 4;

/** Files beside the list that are named. */
const MAX_NAMED = 20;

/** Root-relative paths, in the order of the list. */
export interface Verdicts {
  /** Files that are as listed. */
  readonly same: number;
  readonly missing: readonly string[];
  readonly different: readonly string[];
  readonly unreadable: ReadonlyArray<{ readonly path: string; readonly reason: string }>;
  /** Files that the list does not have: how many, and the first of them. No fault by themselves. */
  readonly unlisted: number;
  readonly unlistedFirst: readonly string[];
}

/** Tells what is not as listed; the exit status is 1 then. Rejects where the root or the list cannot be read. */
export async function printVerdicts(options: Options, list: string, json: boolean): Promise<void> {
  const verdicts = await verify(options, list);
  const { same, missing, different, unreadable, unlisted, unlistedFirst } = verdicts;
  const wrong = missing.length + different.length + unreadable.length;
  if (wrong > 0) process.exitCode = 1;
  if (json) {
    console.log(JSON.stringify({ good: wrong === 0, ...verdicts }));
    return;
  }
  const say = (what: string, path: string) => console.log(`✗ ${what.padEnd(10)}  ${shown(path)}`);
  for (const path of missing) say('missing', path);
  for (const path of different) say('different', path);
  for (const { path, reason } of unreadable) say('unreadable', `${path}: ${reason}`);
  for (const path of unlistedFirst) console.log(`  not listed  ${shown(path)}`);
  const more = unlisted - unlistedFirst.length;
  if (more > 0) console.log(`  not listed  and ${more} more`);
  console.log(
    `${wrong === 0 ? '✓' : '✗'} ${same} as listed, ${missing.length} missing, ${different.length} different, ${unreadable.length} unreadable; ${unlisted} not listed`,
  );
}

/** Control characters in a name would be the terminal's to obey. */
function shown(path: string): string {
  return path.replace(/\p{Cc}/gu, (one) => JSON.stringify(one).slice(1, -1));
}

export async function verify(options: Options, list: string): Promise<Verdicts> {
  const listed = await readList(list);
  const path = resolve(options.root);
  const root = open(path, options);
  try {
    const read = await compare(root, listed);
    const own = list === '-' ? undefined : resolve(list);
    let unlisted = 0;
    const unlistedFirst: string[] = [];
    for await (const { path: file } of walk(root)) {
      if (listed.has(file) || resolve(path, file) === own) continue;
      if (unlisted++ < MAX_NAMED) unlistedFirst.push(file);
    }
    return { ...read, unlisted, unlistedFirst };
  } finally {
    root.close();
  }
}

function open(path: string, { symlinks }: Options): Root {
  try {
    return openRoot(path, symlinks, loadNative().addon);
  } catch (error) {
    throw cannotServe(path, error);
  }
}

/** Hashes by path. */
async function readList(list: string): Promise<ReadonlyMap<string, string>> {
  const from = list === '-' ? process.stdin : createReadStream(list);
  const listed = new Map<string, string>();
  let line = 0;
  const fail = (why: string): never => {
    const where = list === '-' ? 'standard input' : list;
    throw new OptionError((call) => `${call('verify')}: ${where}${why}`);
  };
  try {
    for await (const text of readLines(from)) {
      line++;
      const one = parseLine(text);
      if (one === undefined) continue;
      const known = listed.get(one.path);
      if (known !== undefined && known !== one.hash) throw new Error('listed before, otherwise');
      listed.set(one.path, one.hash);
      if (listed.size > MAX_LISTED) throw new Error(`more than ${MAX_LISTED} files`);
    }
  } catch (error) {
    return fail(`${line === 0 ? '' : `:${line}`}: ${messageOf(error)}`);
  }
  return listed.size === 0 ? fail(' lists no file') : listed;
}

type Verdict = 'same' | 'missing' | 'different' | { readonly reason: string };

async function compare(root: Root, listed: ReadonlyMap<string, string>) {
  const verdicts = new Map<string, Verdict>();
  const left = listed.entries();
  const reader = async () => {
    for (const [path, hash] of left) verdicts.set(path, await judge(root, path, hash));
  };
  await Promise.all(Array.from({ length: READERS }, reader));
  const paths = [...listed.keys()];
  return {
    same: paths.filter((path) => verdicts.get(path) === 'same').length,
    missing: paths.filter((path) => verdicts.get(path) === 'missing'),
    different: paths.filter((path) => verdicts.get(path) === 'different'),
    unreadable: paths.flatMap((path) => {
      const verdict = verdicts.get(path);
      return typeof verdict === 'object' ? [{ path, reason: verdict.reason }] : [];
    }),
  };
}

async function judge(root: Root, path: string, hash: string): Promise<Verdict> {
  if (path.split('/').some((name) => name === '' || name === '..' || name === '.')) {
    return { reason: 'not a path below the root' };
  }
  const opened = await root.open([path]);
  const [found] = opened;
  try {
    if (found === undefined) return 'missing';
    if (found.type === 'error') {
      return found.errno === 'ENOENT' || found.errno === 'ENOTDIR'
        ? 'missing'
        : { reason: found.errno };
    }
    if (found.type !== 'file') return { reason: 'not a file' };
    const read = await hashPieces(found, [{ start: 0, end: found.size }]);
    if (read === undefined) return { reason: 'changed while it was read, or cannot be read' };
    return Buffer.from(read, 'base64').toString('hex') === hash ? 'same' : 'different';
  } finally {
    closeAll(opened);
  }
}
