// Encoded forms in a directory of their own, by the hash of what they were made of: they survive the process.
import { promises as fs } from 'node:fs';
import { join } from 'node:path';
import type { NativeAddon } from '../addon/types.ts';
import type { Log } from '../log/log.ts';
import { loadCrypto } from '../packages/packages.ts';
import type { FileCoding } from '../plan/types.ts';
import { SUFFIXES } from './codings.ts';
import { hashPieces } from './content-hashes.ts';
import type { FormShelf } from './encoded-files.ts';
import { codeOf } from './errno.ts';
import { openRoot } from './open.ts';
import { closeAll, type FoundFile, type Root } from './root.ts';

/** Of the form's own hash, hexadecimal digits: what a disk has spoiled, or half a file after a power cut, is not served. */
const PROOF = 16;
const NAME = /^([0-9a-f]{64}\.(?:br|zst|gz))\.([0-9a-f]{16})$/;
/** Of files that are being written. */
const UNFINISHED = '.new-';
/** Left by a process that was killed: nobody writes a form for so long. */
const LEFT_MS = 3_600_000;

interface Kept {
  readonly name: string;
  readonly size: number;
}

export interface FormDirectoryOptions {
  readonly path: string;
  /** Of all forms in it, bytes. */
  readonly capacity: number;
  readonly addon: NativeAddon | undefined;
  readonly log: Log;
}

export class FormDirectory implements FormShelf {
  readonly #options: FormDirectoryOptions;
  /** By what they were made of, the one that was used last at the end. */
  readonly #kept = new Map<string, Kept>();
  #root: Promise<Root | undefined> | undefined;
  #written = 0;

  constructor(options: FormDirectoryOptions) {
    this.#options = options;
  }

  async find(hash: string, coding: FileCoding): Promise<FoundFile | undefined> {
    const root = await this.#open();
    const key = hash + SUFFIXES[coding];
    const kept = this.#kept.get(key);
    if (root === undefined || kept === undefined) return undefined;
    const found = await this.#prove(root, kept);
    this.#kept.delete(key);
    if (found === undefined) {
      await fs.rm(this.#pathOf(kept.name), { force: true }).catch(() => {});
      return undefined;
    }
    this.#kept.set(key, kept);
    const now = new Date();
    await fs.utimes(this.#pathOf(kept.name), now, new Date(found.mtimeMs)).catch(() => {});
    return found;
  }

  async put(hash: string, coding: FileCoding, bytes: Uint8Array): Promise<FoundFile | undefined> {
    const root = await this.#open();
    if (root === undefined || bytes.length > this.#options.capacity) return undefined;
    const key = hash + SUFFIXES[coding];
    const name = `${key}.${proofOf(loadCrypto().createHash('sha256').update(bytes).digest())}`;
    const unfinished = this.#pathOf(`${UNFINISHED}${process.pid}-${this.#written++}`);
    try {
      await fs.writeFile(unfinished, bytes, { mode: 0o600, flag: 'wx', flush: true });
      await fs.rename(unfinished, this.#pathOf(name));
    } catch (error) {
      this.#fail(error);
      await fs.rm(unfinished, { force: true }).catch(() => {});
      return undefined;
    }
    this.#kept.set(key, { name, size: bytes.length });
    await this.#makeRoom();
    return this.#openFile(root, { name, size: bytes.length });
  }

  close(): void {
    void this.#root?.then((root) => root?.close());
  }

  #pathOf(name: string): string {
    return join(this.#options.path, name);
  }

  /** Undefined, and said, where it cannot be used. */
  #open(): Promise<Root | undefined> {
    this.#root ??= this.#read().catch((error: unknown) => {
      this.#fail(error);
      return undefined;
    });
    return this.#root;
  }

  async #read(): Promise<Root> {
    const { path, addon } = this.#options;
    await fs.mkdir(path, { recursive: true, mode: 0o700 });
    const found: Array<Kept & { readonly key: string; readonly used: number }> = [];
    for (const name of await fs.readdir(path)) {
      const stat = await fs.stat(this.#pathOf(name)).catch(() => undefined);
      if (stat === undefined) continue;
      const [, key] = NAME.exec(name) ?? [];
      if (key !== undefined) found.push({ key, name, size: stat.size, used: stat.atimeMs });
      else if (name.startsWith(UNFINISHED) && Date.now() - stat.mtimeMs > LEFT_MS) {
        await fs.rm(this.#pathOf(name), { force: true }).catch(() => {});
      }
    }
    for (const { key, name, size } of found.sort((a, b) => a.used - b.used)) {
      this.#kept.set(key, { name, size });
    }
    await this.#makeRoom();
    return openRoot(path, 'none', addon);
  }

  /** The file, if its bytes are those that were written. */
  async #prove(root: Root, kept: Kept): Promise<FoundFile | undefined> {
    const found = await this.#openFile(root, kept);
    if (found === undefined) return undefined;
    const hash = await hashPieces(found, [{ start: 0, end: found.size }]);
    if (hash !== undefined && kept.name.endsWith(`.${proofOf(Buffer.from(hash, 'base64'))}`)) {
      return found;
    }
    found.file.close();
    return undefined;
  }

  async #openFile(root: Root, { name, size }: Kept): Promise<FoundFile | undefined> {
    const [found] = await root.open([name]);
    if (found?.type === 'file' && found.size === size) return found;
    if (found !== undefined) closeAll([found]);
    return undefined;
  }

  /** Those go that were not used for longest. */
  async #makeRoom(): Promise<void> {
    let size = 0;
    for (const kept of this.#kept.values()) size += kept.size;
    for (const [key, kept] of this.#kept) {
      if (size <= this.#options.capacity) return;
      this.#kept.delete(key);
      size -= kept.size;
      await fs.rm(this.#pathOf(kept.name), { force: true }).catch(() => {});
    }
  }

  #fail(error: unknown): void {
    const reason = codeOf(error);
    this.#options.log.warn(`compress-cache ${this.#options.path}: ${reason}`, 'compress:cache');
  }
}

/** Of a form with this SHA-256. */
function proofOf(sha256: Buffer): string {
  return sha256.toString('hex').slice(0, PROOF);
}
