// Temporary directory trees with teardown, and bytes that tell where they come from.
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The part of a tap test that fixtures need. */
export interface Teardown {
  teardown(release: () => unknown): unknown;
}

/** What stands at a path of a tree. */
export type Node =
  | string
  | Uint8Array
  /** `size` pattern bytes. */
  | { readonly size: number; readonly mtime?: Date }
  /** A hole of that many bytes: takes no space on disk. */
  | { readonly sparse: number }
  | { readonly text: string | Uint8Array; readonly mtime?: Date; readonly mode?: number }
  | { readonly link: string }
  | { readonly fifo: true }
  | { readonly directory: true };

/** Makes the tree in a fresh temporary directory, removed when the test ends. Returns its real path. */
export function makeTree(t: Teardown, nodes: Readonly<Record<string, Node>> = {}): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'zcserve-')));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, node] of Object.entries(nodes)) {
    plant(join(root, path), node);
  }
  return root;
}

/** Puts one node at an absolute path, with the directories above it. */
export function plant(path: string, node: Node): void {
  mkdirSync(dirname(path), { recursive: true });
  if (typeof node === 'string' || node instanceof Uint8Array) {
    writeFileSync(path, node);
  } else if ('directory' in node) {
    mkdirSync(path, { recursive: true });
  } else if ('link' in node) {
    symlinkSync(node.link, path);
  } else if ('fifo' in node) {
    execFileSync('mkfifo', [path]);
  } else if ('sparse' in node) {
    writeFileSync(path, '');
    truncateSync(path, node.sparse);
  } else if ('size' in node) {
    writeFileSync(path, pattern(node.size));
    if (node.mtime) utimesSync(path, node.mtime, node.mtime);
  } else {
    writeFileSync(path, node.text, { mode: node.mode ?? 0o644 });
    if (node.mtime) utimesSync(path, node.mtime, node.mtime);
  }
}

/**
 * `size` bytes in which every aligned 32-bit word differs from its neighbours and, with another
 * `seed`, from the same word of the other version: a shifted, repeated or mixed body never compares equal.
 */
export function pattern(size: number, seed = 0): Buffer {
  const words = new Uint32Array(Math.ceil(size / 4));
  for (let i = 0; i < words.length; i++) {
    words[i] = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b);
  }
  return Buffer.from(words.buffer, 0, size);
}
