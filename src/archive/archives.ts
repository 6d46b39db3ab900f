// Directories as archives: which may be had, how many at a time, and what becomes of them while they are sent.
import { meaningOf } from '../files/errno.ts';
import type { FileTable } from '../files/table.ts';
import type { Log } from '../log/log.ts';
import { loadContentDisposition } from '../packages/packages.ts';
import type { Archive, ArchiveFormat, Listing } from '../plan/types.ts';
import type { ArchivedFile, ArchiveEntry, Pack } from './entry.ts';
import { MEDIA_TYPES, packerOf } from './formats.ts';
import { bytesOf } from './read.ts';
import { type Walked, walk } from './walk.ts';

export interface ArchivesOptions {
  readonly table: Pick<FileTable, 'list' | 'lookup' | 'hold'>;
  readonly formats: readonly ArchiveFormat[];
  /** Bytes of the files of one archive. */
  readonly maxSize: number;
  /** May who sees the directory see what stands at a path below it? Both as decoded paths. */
  readonly belongs: (path: string, directory: string) => boolean;
  /** Does the file get smaller where it is compressed by itself? */
  readonly compresses: (file: ArchivedFile) => boolean;
  readonly log: Log;
}

/** Files and directories of one archive: their names are known before the first byte, and take some 200 bytes each. */
export const MAX_ENTRIES = 10_000;

/** Directories one in another: more are a circle, or nobody's. */
export const MAX_DEPTH = 32;

/** Archives in the making: each has a thread of libuv's pool now and then, and 8 MiB that its client does not take. */
export const MAX_ARCHIVES = 4;

/** Bytes that leave at a time; what comes in smaller pieces is put together. */
const PIECE = 64 * 1024;

/** Where there are that many already, the client shall come again (503). */
const BUSY = { kind: 'failed', errno: 'EAGAIN' } as const;

type Refusal = { readonly kind: 'not-found' } | { readonly kind: 'forbidden' } | typeof BUSY;

export class Archives {
  readonly #options: ArchivesOptions;
  #running = 0;

  constructor(options: ArchivesOptions) {
    this.#options = options;
  }

  /** The directory in this format, whose name is the client's. Its files are opened one after the other while it is sent. */
  async show(listing: Listing, asked: string): Promise<Archive | Refusal> {
    const { formats, log, table, belongs, maxSize } = this.#options;
    const format = formats.find((one) => one === asked);
    if (format === undefined) return { kind: 'not-found' };
    if (this.#running >= MAX_ARCHIVES) return BUSY;
    this.#running++;
    try {
      const walked = await walk(listing, {
        table,
        limits: { entries: MAX_ENTRIES, size: maxSize, depth: MAX_DEPTH },
        belongs: (path) => belongs(path, listing.path),
      });
      if (typeof walked === 'string') {
        log.warn(`${listing.path} is ${walked} for an archive`, `archive:${listing.path}`);
        return { kind: 'forbidden' };
      }
      const name = nameOf(listing.path);
      const pack = packerOf(format, this.#options.compresses);
      return {
        kind: 'archive',
        fields: [
          'Content-Type',
          MEDIA_TYPES[format],
          'Content-Disposition',
          attachment(`${name}.${format}`),
        ],
        open: () => this.#made(pack, this.#entries(listing.path, name, walked)),
      };
    } finally {
      this.#running--;
    }
  }

  async *#made(pack: Pack, entries: AsyncIterable<ArchiveEntry>): AsyncGenerator<Uint8Array> {
    this.#running++;
    try {
      yield* joined(pack(entries));
    } finally {
      this.#running--;
    }
  }

  /** Opened beneath one root, whatever takes its place meanwhile; what has vanished since it was found is left out. */
  async *#entries(
    directory: string,
    name: string,
    walked: readonly Walked[],
  ): AsyncGenerator<ArchiveEntry> {
    let left = this.#options.maxSize;
    let release = () => {};
    const done = new Promise<void>((resolve) => {
      release = resolve;
    });
    const open = this.#options.table.hold(done);
    const within = (path: string) => `${name}/${path.slice(directory.length - 1)}`;
    try {
      for (const { path, isDirectory, mtimeMs } of walked) {
        if (isDirectory) {
          yield { name: `${within(path)}/`, mtimeMs, file: undefined };
          continue;
        }
        const found = await open(path);
        if (found.type === 'file') {
          left -= found.size;
          try {
            if (left < 0) throw new Error(`/${path}: the archive grew too large`);
            const file = { path, size: found.size, bytes: bytesOf(found, path) };
            yield { name: within(path), mtimeMs: found.mtimeMs, file };
          } finally {
            found.file.close();
          }
        } else if (found.type === 'directory') {
          found.file.close();
        } else if (found.type === 'error' && meaningOf(found.errno).kind !== 'not-found') {
          throw new Error(`/${path}: ${found.errno}`);
        }
      }
    } finally {
      release();
    }
  }
}

/** What it is called, and the directory in it that holds all of it. */
function nameOf(directory: string): string {
  const name = directory.split('/').at(-2) || 'site';
  // What begins as a drive does is none of an archive's.
  return name.replace(/^([A-Za-z]):/, '$1_');
}

/** RFC 6266: the name, and for clients of old one of ASCII alone. */
function attachment(name: string): string {
  return loadContentDisposition()(name, { fallback: name.replace(/[^ -~]|[%"\\]/g, '_') });
}

async function* joined(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  for await (const piece of pieces) {
    waiting.push(piece);
    size += piece.length;
    if (size < PIECE) continue;
    yield waiting.length === 1 ? piece : Buffer.concat(waiting);
    waiting = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(waiting);
}
