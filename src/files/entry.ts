// One open file version: descriptor, identity, prepared fields, and its memory when it is cached.
import type { NativeFile, NativeMemory } from '../addon/files.ts';
import type { FieldList } from '../http/field-list.ts';
import type { Coding, Representation } from '../plan/types.ts';
import type { Freshness } from './freshness.ts';

/** The descriptor of one version and whoever must close it. */
export interface OpenFile {
  readonly fd: number;
  /** The addon's handle; undefined where the addon is not loaded. */
  readonly native: NativeFile | undefined;
  /** Closes the descriptor (the engine may hold references of its own). Idempotent. */
  close(): void;
}

/**
 * A representation with its descriptor. Reference-counted: the table holds one reference while the
 * entry is cached; whoever sends from it on the JavaScript thread holds another until the last byte.
 * (A reply handed to the engine needs none: the engine takes its own.)
 *
 * An entry of an answer is open until the turn of the event loop ends in which the handler returned it
 * or its promise was fulfilled: `retain` in that turn, before any timer or I/O.
 */
export interface FileEntry extends Representation {
  readonly file: OpenFile;
  /** Opaque identity: same version ⇔ same string. */
  readonly version: string;
  /** Are bytes only ever added at its end? Then what there is of it stays what it is while `size` moves on. */
  readonly grows?: boolean;
  /** The bytes in mapped memory, while cached. Taken together with `retain`, it is valid until `release`. */
  readonly memory: NativeMemory | undefined;
  /** Throws when the entry is closed already: its descriptor may be another file's by now. */
  retain(): void;
  /** Drops a reference; the last closes the descriptor and frees the memory, at once. */
  release(): void;
  /** The kernel refused sendfile for this file: plan `read` from now on. */
  markRefused(): void;
  /** Its bytes were found to be another version's: whoever keeps it lets it go. */
  markChanged(): void;
}

/** What is prepared once per version, not per request. */
export interface Description {
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  readonly fields: FieldList;
  readonly contentFields: FieldList;
  /** Would an encoded form of it be smaller, and may one be made? */
  readonly encodable: boolean;
  readonly digestFields: FieldList;
  readonly early?: FieldList | undefined;
}

/** What an open file is, beside its descriptor. */
export interface Facts {
  readonly path: string;
  readonly coding: Coding;
  readonly dictionary: string | undefined;
  readonly size: number;
  readonly mtimeMs: number;
  readonly version: string;
  readonly trusted: boolean;
  /** Does its build say that its name is the hash of its content? */
  readonly built: boolean;
}

/** What a memory cache for several tables asks of an entry's own. */
export interface Keeper {
  readonly freshness: Pick<Freshness, 'drop' | 'forget' | 'isUsed'>;
  /** Largest file that goes to memory, bytes. */
  readonly mmapMax: number;
}

/** The table's own view of an entry. */
export class CachedEntry implements FileEntry {
  readonly path: string;
  readonly coding: Coding;
  readonly dictionary: string | undefined;
  readonly size: number;
  readonly mtimeMs: number;
  readonly version: string;
  readonly trusted: boolean;
  readonly built: boolean;
  readonly file: OpenFile;
  etag: string | undefined;
  lastModified: string | undefined;
  fields: FieldList;
  contentFields: FieldList;
  encodable: boolean;
  digestFields: FieldList;
  early: FieldList | undefined;
  uses = 0;
  refused = false;
  crowded = false;
  memory: NativeMemory | undefined;
  /** Undefined where nothing goes to memory. */
  keeper: Keeper | undefined;
  /** Called when memory of its own has been given back. */
  onFreed: (() => void) | undefined;
  onChanged: (() => void) | undefined;
  #tabled = true;
  #users = 0;
  /** Memory that left the cache while somebody was sending from it. */
  #retired: NativeMemory[] = [];

  constructor(file: OpenFile, facts: Facts, description: Description) {
    this.file = file;
    this.path = facts.path;
    this.coding = facts.coding;
    this.dictionary = facts.dictionary;
    this.size = facts.size;
    this.mtimeMs = facts.mtimeMs;
    this.version = facts.version;
    this.trusted = facts.trusted;
    this.built = facts.built;
    this.etag = description.etag;
    this.lastModified = description.lastModified;
    this.fields = description.fields;
    this.contentFields = description.contentFields;
    this.encodable = description.encodable;
    this.digestFields = description.digestFields;
    this.early = description.early;
  }

  get cached(): boolean {
    return this.memory !== undefined;
  }

  /** Has the table let go of it? */
  get discarded(): boolean {
    return !this.#tabled;
  }

  get closed(): boolean {
    return !this.#tabled && this.#users === 0;
  }

  describe(description: Description): void {
    this.etag = description.etag;
    this.lastModified = description.lastModified;
    this.fields = description.fields;
    this.contentFields = description.contentFields;
    this.encodable = description.encodable;
    this.digestFields = description.digestFields;
    this.early = description.early;
  }

  retain(): void {
    if (this.closed) throw new Error(`${this.path} is closed: retained too late`);
    this.#users++;
  }

  release(): void {
    if (this.#users === 0) throw new Error(`${this.path} is released more often than retained`);
    this.#users--;
    this.#settle();
  }

  markRefused(): void {
    this.refused = true;
  }

  markChanged(): void {
    if (this.#tabled) this.onChanged?.();
  }

  /** The table's reference goes. */
  discard(): void {
    this.#tabled = false;
    this.#settle();
  }

  /** The cache takes its memory back; freed when the last sender is done. */
  retireMemory(): void {
    if (this.memory === undefined) return;
    this.#retired.push(this.memory);
    this.memory = undefined;
    this.#settle();
  }

  #settle(): void {
    if (this.#users > 0) return;
    const freed = this.#retired.splice(0);
    if (!this.#tabled) {
      if (this.memory !== undefined) freed.push(this.memory);
      this.memory = undefined;
      this.file.close();
    }
    for (const memory of freed) memory.release();
    if (freed.length > 0) this.onFreed?.();
  }
}
