// One open file version: descriptor, identity, prepared fields, and its memory when it is cached.
import type { NativeFile, NativeMemory } from '../native.ts';
import type { Representation } from '../plan/types.ts';

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
 */
export interface FileEntry extends Representation {
  readonly file: OpenFile;
  /** Opaque identity: same version ⇔ same string. */
  readonly version: string;
  /** The bytes in mapped memory, while cached. */
  readonly memory: NativeMemory | undefined;
  retain(): void;
  /** Drops a reference; the last closes the descriptor and frees the memory, at once. */
  release(): void;
  /** The kernel refused sendfile for this file: plan `read` from now on. */
  markRefused(): void;
}
