// Files that are offered live: which they are, how far each has come, and who follows it.
import { fstat } from 'node:fs';
import { promisify } from 'node:util';
import type { FileEntry } from '../files/entry.ts';
import { codeOf } from '../files/errno.ts';
import { directoryOf, fileOf, type Stamp, versionOfStamp } from '../files/root.ts';
import type { FileTable } from '../files/table.ts';
import { type LiveAsked, liveAsked } from '../plan/live.ts';
import { isRangeCurrent } from '../plan/preconditions.ts';
import type { RequestHead } from '../plan/request.ts';
import type { Live, OpenFeed, Resolution } from '../plan/types.ts';
import { eventsOf, piecesOf } from './bodies.ts';
import { FollowedFile } from './followed-file.ts';

export interface LiveFilesOptions {
  readonly table: Pick<FileTable, 'attach' | 'watch' | 'unwatch' | 'find'>;
  /** Is the file at this root-relative path offered live? */
  readonly offers: (path: string) => boolean;
  /** Are there ranges at all? */
  readonly ranges: boolean;
  /** A live answer ends when its file has not grown for so long, milliseconds. */
  readonly timeoutMs: number;
  /** What is known of a file is trusted for so long, milliseconds. */
  readonly revalidateMs: number;
}

type FileFound = Extract<Resolution<FileEntry>, { readonly kind: 'file' }>;
type Failed = Extract<Resolution<FileEntry>, { readonly kind: 'failed' }>;
export type ShownLive = FileFound | Live<FileEntry> | Failed | { readonly kind: 'bad-path' };

/** Files that are followed at a time: each has a descriptor, whatever `maxOpenFiles` says. */
export const MAX_FOLLOWED = 1024;

/** Where there are that many already, the client shall come again (503). */
const BUSY = { kind: 'failed', errno: 'EAGAIN' } as const;

/** Two looks at a file that rests are so far apart, milliseconds; checks that are as seldom as an hour are not meant for it. */
const POLL_MS = { least: 100, most: 2000 };

/** Who waits hears from us as often, milliseconds: proxies take a connection that is quiet for a minute for dead. */
const BEAT_MS = 10_000;

const fstatOf = promisify(fstat) as (fd: number, how: { bigint: true }) => Promise<Stamp>;

export class LiveFiles {
  readonly #options: LiveFilesOptions;
  readonly #followed = new Map<string, FollowedFile>();
  #isEnding = false;

  constructor(options: LiveFilesOptions) {
    this.#options = options;
    const lookAt = (isMeant: (path: string) => boolean) => {
      for (const file of this.#followed.values()) if (isMeant(file.entry.path)) file.look();
    };
    options.table.attach({
      forget() {},
      changed: (path) => lookAt((one) => one === path),
      setRoot: () => lookAt(() => true),
    });
  }

  /** The file that was found, in the form that is asked for; undefined where that is an ordinary answer. */
  show(
    request: RequestHead,
    found: FileFound,
    nowMs: number,
  ): ShownLive | Promise<ShownLive> | undefined {
    const { target, fields } = request;
    if (found.status !== 200 || (fields.range === undefined && !target.includes('?'))) {
      return undefined;
    }
    if (!this.#options.offers(found.resource.identity.path)) return undefined;
    const asked = liveAsked(request);
    if (typeof asked === 'object' && asked.form.kind === 'range' && !this.#options.ranges)
      return undefined;
    if (asked === undefined) return fields.range === undefined ? undefined : growing(found);
    if (asked === 'malformed') return { kind: 'bad-path' };
    return this.#live(request, found, asked, nowMs);
  }

  /** All answers end now, and those that begin later at once. */
  end(): void {
    this.#isEnding = true;
    for (const file of this.#followed.values()) file.end('closed');
  }

  async #live(
    { fields }: RequestHead,
    found: FileFound,
    { form, start, resumes }: LiveAsked,
    nowMs: number,
  ): Promise<ShownLive> {
    const { identity } = found.resource;
    identity.retain();
    try {
      const stamp = await fstatOf(identity.file.fd, { bigint: true });
      const version = versionOfStamp(stamp);
      const validators =
        version === identity.version ? identity : { etag: undefined, lastModified: undefined };
      // RFC 9110 §14.2: another version than the client has a part of is sent whole, as it is.
      if (form.kind === 'range' && !isRangeCurrent(fields['if-range'], validators, nowMs)) {
        return growing(found);
      }
      if (this.#followed.size >= MAX_FOLLOWED && !this.#followed.has(keyOf(identity))) return BUSY;
      const size = Number(stamp.size);
      const from = 'last' in start ? Math.max(0, size - start.last) : start.from;
      const { timeoutMs } = this.#options;
      const follow = () => this.#follow(identity, size, version);
      const open: OpenFeed<FileEntry> = (gone) =>
        form.kind === 'events'
          ? eventsOf(follow, { from, resumes, timeoutMs }, gone)
          : piecesOf(follow, { from, timeoutMs }, gone);
      const { resource } = found;
      return { kind: 'live', form, resource, validators, size, from: resumes ? 0 : from, open };
    } catch (error) {
      return { kind: 'failed', errno: codeOf(error) };
    } finally {
      // Not before who gets this has taken it on (`FileEntry`).
      setImmediate(() => identity.release());
    }
  }

  /** The one that is followed already, or a new one; joined. */
  #follow(entry: FileEntry, size: number, version: string): FollowedFile {
    const key = keyOf(entry);
    const known = this.#followed.get(key);
    const file =
      known === undefined || known.ending !== undefined
        ? this.#begin(key, entry, size, version)
        : known;
    if (this.#isEnding) file.end('closed');
    file.join();
    return file;
  }

  #begin(key: string, entry: FileEntry, size: number, version: string): FollowedFile {
    const { table, revalidateMs, timeoutMs } = this.#options;
    const directory = directoryOf(entry.path);
    table.watch(directory);
    const file = new FollowedFile(entry, size, version, {
      find: (path) => table.find(path),
      pollMs: Math.min(Math.max(revalidateMs, POLL_MS.least), POLL_MS.most),
      beatMs: Math.min(BEAT_MS, timeoutMs),
      onLeft: () => {
        table.unwatch(directory);
        if (this.#followed.get(key) === file) this.#followed.delete(key);
      },
    });
    this.#followed.set(key, file);
    return file;
  }
}

function growing(found: FileFound): FileFound {
  return { ...found, grows: true };
}

function keyOf({ path, version }: FileEntry): string {
  return `${path}\0${fileOf(version)}`;
}
