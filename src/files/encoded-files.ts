// Encoded forms that are made here: once for each version of a file, in the background, and then a form of it like a sibling.
import { LRUCache } from 'lru-cache';
import type { Background } from '../encode/background.ts';
import { isWorthwhile, MIN_SIZE } from '../encode/compressible.ts';
import { type Log, textOf } from '../log/log.ts';
import { loadCrypto } from '../packages/packages.ts';
import type { Coding, FileCoding } from '../plan/types.ts';
import { readPieces } from './content-hashes.ts';
import type { CachedEntry, OpenFile } from './entry.ts';
import type { FoundFile } from './root.ts';
import { idleKey } from './second-chance.ts';

/** Where the forms are. */
export interface FormShelf {
  /** Of content with this SHA-256 (hexadecimal), from earlier. Undefined where there is none. */
  find(hash: string, coding: FileCoding): Promise<FoundFile | undefined>;
  /** Keeps it; undefined where there is no room. */
  put(
    hash: string,
    coding: FileCoding,
    bytes: Uint8Array,
    file: CachedEntry,
  ): Promise<FoundFile | undefined>;
  close(): void;
}

export interface EncodedFilesOptions {
  readonly codings: readonly FileCoding[];
  readonly encoder: Background;
  readonly shelf: FormShelf;
  /** Of all forms, bytes. */
  readonly capacity: number;
  readonly log: Log;
}

/** A form of a file. Its descriptor is the receiver's to close. */
export interface Made {
  readonly coding: FileCoding;
  readonly found: FoundFile;
}

export interface EncodedStats {
  readonly forms: number;
  /** Bytes. */
  readonly size: number;
  /** Files that are or will be encoded. */
  readonly waiting: number;
}

/** Larger files are left to whoever builds the site: encoding them would hold memory of three times their size. */
const MAX_SIZE = 32 * 1024 * 1024;
/** Whoever asks for more asks again. */
const MAX_WAITING = 1000;
/** Each holds a descriptor. */
const MAX_FORMS = 1024;
/** What is remembered of one that got no smaller. */
const USELESS_BYTES = 128;

type Form =
  | { readonly kind: 'useless' }
  | {
      readonly kind: 'kept';
      readonly found: FoundFile;
      readonly shared: Shared;
      /** Is the file among those that are asked for? */
      readonly isUsed: () => boolean;
    };

const USELESS: Form = { kind: 'useless' };

export class EncodedFiles {
  readonly #options: EncodedFilesOptions;
  readonly #forms: LRUCache<string, Form>;
  readonly #waiting = new Map<string, Wanted>();
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: EncodedFilesOptions) {
    this.#options = options;
    this.#forms = new LRUCache({
      max: MAX_FORMS,
      maxSize: options.capacity,
      sizeCalculation: weightOf,
      dispose: (form) => form.kind === 'kept' && form.shared.drop(),
    });
  }

  /** The forms of this version that there are, but for those codings. */
  of(version: string, but: readonly Coding[]): Made[] {
    return this.#options.codings.flatMap((coding) => {
      if (but.includes(coding)) return [];
      const form = this.#forms.get(keyOf(version, coding));
      if (form?.kind !== 'kept') return [];
      return [{ coding, found: { ...form.found, file: form.shared.take() } }];
    });
  }

  /** Is there one of this version, but for those codings? */
  has(version: string, but: readonly Coding[]): boolean {
    return this.#options.codings.some(
      (coding) =>
        !but.includes(coding) && this.#forms.peek(keyOf(version, coding))?.kind === 'kept',
    );
  }

  /** This form of a file is asked for again and again: it is made, and the file then looked up anew. */
  want(file: CachedEntry, coding: FileCoding, then: Pick<Wanted, 'isUsed' | 'onMade'>): void {
    const key = keyOf(file.version, coding);
    if (file.size < MIN_SIZE || file.size > MAX_SIZE || this.#closed) return;
    if (this.#forms.has(key)) return;
    const waits = this.#waiting.has(key);
    if (!waits && this.#waiting.size >= MAX_WAITING) return;
    // Of the same version another one may be open by now.
    this.#waiting.set(key, { key, file, coding, ...then });
    if (waits) return;
    this.#last = this.#last
      .then(() => this.#make(this.#waiting.get(key)))
      .finally(() => this.#waiting.delete(key));
  }

  stats(): EncodedStats {
    return {
      forms: this.#forms.size,
      size: this.#forms.calculatedSize,
      waiting: this.#waiting.size,
    };
  }

  close(): void {
    this.#closed = true;
    this.#options.encoder.close();
    this.#forms.clear();
    this.#options.shelf.close();
  }

  /** Waiting holds no descriptor: one that is closed by then was not asked for again. Never rejects. */
  async #make(wanted: Wanted | undefined): Promise<void> {
    if (wanted === undefined || this.#closed || wanted.file.closed) return;
    const { key, file } = wanted;
    const form = await this.#formOf(wanted).catch((error: unknown) => {
      if (!this.#closed)
        this.#options.log.warn(`cannot encode ${file.path}: ${textOf(error)}`, 'compress');
      return undefined;
    });
    if (form === undefined) return;
    if (!this.#closed && this.#makeRoom(weightOf(form))) this.#forms.set(key, form);
    else if (form.kind === 'kept') form.shared.drop();
    if (this.#forms.get(key)?.kind === 'kept') wanted.onMade(file);
  }

  async #formOf({ file, coding, isUsed }: Wanted): Promise<Form | undefined> {
    const { encoder, shelf } = this.#options;
    const content = await contentOf(file);
    if (content === undefined) return undefined;
    const { bytes, hash } = content;
    let found = await shelf.find(hash, coding);
    if (found === undefined) {
      const encoded = await encoder.encode(coding, bytes);
      if (!isWorthwhile(file.size, encoded.length)) return USELESS;
      found = await shelf.put(hash, coding, encoded, file);
    }
    return found && { kind: 'kept', found, shared: new Shared(found.file), isUsed };
  }

  #makeRoom(size: number): boolean {
    const isUsed = (key: string) => {
      const form = this.#forms.peek(key);
      return form?.kind === 'kept' && form.isUsed();
    };
    const { capacity } = this.#options;
    while (this.#forms.calculatedSize + size > capacity || this.#forms.size >= MAX_FORMS) {
      const idle = idleKey(this.#forms, isUsed);
      if (idle === undefined) return false;
      this.#forms.delete(idle);
    }
    return true;
  }
}

interface Wanted {
  readonly key: string;
  readonly file: CachedEntry;
  readonly coding: FileCoding;
  readonly isUsed: () => boolean;
  readonly onMade: (file: CachedEntry) => void;
}

function keyOf(version: string, coding: FileCoding): string {
  return `${coding}-${version}`;
}

function weightOf(form: Form): number {
  return form.kind === 'kept' ? form.found.size : USELESS_BYTES;
}

/** The whole file with its SHA-256, unless it has changed. Rejects where it cannot be read. */
async function contentOf(
  file: CachedEntry,
): Promise<{ readonly bytes: Uint8Array; readonly hash: string } | undefined> {
  const hash = loadCrypto().createHash('sha256');
  // Not of Buffer's pool: it goes to another thread.
  const bytes = new Uint8Array(file.size);
  let at = 0;
  file.retain();
  try {
    const whole = await readPieces(file, [{ start: 0, end: file.size }], (chunk) => {
      bytes.set(chunk, at);
      at += chunk.length;
      hash.update(chunk);
    });
    return whole ? { bytes, hash: hash.digest('hex') } : undefined;
  } finally {
    file.release();
  }
}

/** One open file for several who each close theirs. */
class Shared {
  readonly #file: OpenFile;
  #users = 1;

  constructor(file: OpenFile) {
    this.#file = file;
  }

  take(): OpenFile {
    const { native } = this.#file;
    const drop = this.drop.bind(this);
    let open = true;
    this.#users++;
    return {
      fd: this.#file.fd,
      native,
      close() {
        if (open) drop();
        open = false;
      },
    };
  }

  drop(): void {
    if (--this.#users === 0) this.#file.close();
  }
}
