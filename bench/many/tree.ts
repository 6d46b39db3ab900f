// Trees of many small files: each file's name, size, date and bytes follow from its number, the same on every machine.
import { mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate as pause } from 'node:timers/promises';
import { type Asset, KIB, noise } from '../site.ts';
import { hash } from './random.ts';

/** A directory to serve, made of files by number. */
export interface Tree {
  readonly name: string;
  readonly count: number;
  file(index: number): TreeFile;
}

export interface TreeFile extends Asset {
  /** Of its last change, whole seconds since 1970: If-Modified-Since is known without asking. */
  readonly modified: number;
}

/** What such trees are made of, by share. */
const EXTENSIONS = [
  ...['js', 'js', 'js', 'js', 'js', 'html', 'html', 'html', 'json', 'json'],
  ...['css', 'css', 'svg', 'svg', 'png', 'png', 'webp', 'webp', 'woff2', 'txt'],
];

/** In each section one directory of 100 files, one of 200 … one of 1000. */
const TOPICS = 10;
const STEP = 100;
const IN_SECTION = (STEP * TOPICS * (TOPICS + 1)) / 2;

const FIRST_CHANGE = Date.UTC(2024, 0, 1) / 1000;

/** Files of 1 to 4 KiB, two directories deep. */
export function treeOf(count: number): Tree {
  return {
    name: `tree-${count}`,
    count,
    file(index) {
      const directory = directoryOf(index);
      const mixed = hash(index);
      const name = `${mixed.toString(16).padStart(8, '0')}-${index}`;
      return {
        path: `${directory}/${name}.${EXTENSIONS[mixed % EXTENSIONS.length]}`,
        size: KIB + (hash(index, 1) % (3 * KIB + 1)),
        content: 'noise',
        modified: FIRST_CHANGE + 60 * index,
      };
    },
  };
}

/** Without a slash at the end. */
export function directoryOf(index: number): string {
  const section = Math.floor(index / IN_SECTION);
  let [topic, left] = [1, index % IN_SECTION];
  for (; left >= STEP * topic; topic += 1) left -= STEP * topic;
  return `/section-${section}/topic-${topic}`;
}

/** One directory with all of them; `path` ends with a slash. */
export function directoryWith(path: string, count: number): Tree {
  return {
    name: `names-${count}`,
    count,
    file: (index) => ({
      path: `${path}name-${String(index).padStart(6, '0')}.txt`,
      size: 64,
      content: 'noise',
      modified: FIRST_CHANGE + 60 * index,
    }),
  };
}

/** As many files as are handled before anything else gets a turn, Ctrl-C above all. */
const BATCH = 1000;

/** Writes the files that are not there yet. Returns how many. */
export async function prepareTree(root: string, { count, file }: Tree): Promise<number> {
  let written = 0;
  mkdirSync(root, { recursive: true });
  for (let index = 0; index < count; index += 1) {
    if (index % BATCH === 0) await pause();
    const wanted = file(index);
    const path = join(root, wanted.path);
    if (isWritten(path, wanted)) continue;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, Buffer.concat([...noise(wanted)]));
    utimesSync(path, wanted.modified, wanted.modified);
    written += 1;
  }
  return written;
}

function isWritten(path: string, { size, modified }: TreeFile): boolean {
  const status = statSync(path, { throwIfNoEntry: false });
  return status?.size === size && Math.floor(status.mtimeMs / 1000) === modified;
}

/**
 * Looks every path up and reads what is there, so that the kernel knows all names, those that are missing too, and has
 * the bytes in its page cache: the state that each server finds.
 */
export async function acquaint(root: string, paths: Iterable<string>): Promise<void> {
  let walked = 0;
  for (const path of paths) {
    walked += 1;
    if (walked % BATCH === 0) await pause();
    const file = join(root, path);
    if (statSync(file, { throwIfNoEntry: false })?.isFile()) readFileSync(file);
  }
}
