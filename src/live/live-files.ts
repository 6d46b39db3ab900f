// Files that are offered live: which they are, how far each has come, and who follows it.
import type { NativeAddon } from '../addon/types.ts';
import type { FileEntry } from '../files/entry.ts';
import { openGrowing } from '../files/growing-file.ts';
import { closeAll, directoryOf, type FoundFile, fileOf } from '../files/root.ts';
import { type Unserved, unservedOf } from '../files/search.ts';
import type { FileTable } from '../files/table.ts';
import type { Log } from '../log/log.ts';
import { type LiveAsked, liveAsked } from '../plan/live.ts';
import { isRangeCurrent } from '../plan/preconditions.ts';
import type { RequestHead } from '../plan/request.ts';
import type { Live, Resolution } from '../plan/types.ts';
import { eventsOf, piecesOf } from './bodies.ts';
import { FollowedFile } from './followed-file.ts';

export interface LiveFilesOptions {
  readonly table: Pick<FileTable, 'attach' | 'watch' | 'unwatch' | 'find'>;
  readonly addon: NativeAddon | undefined;
  /** Is the file at this root-relative path offered live? */
  readonly offers: (path: string) => boolean;
  /** Are there ranges at all? */
  readonly ranges: boolean;
  /** A live answer ends when its file has not grown for so long, milliseconds. */
  readonly timeoutMs: number;
  /** What is known of a file is trusted for so long, milliseconds. */
  readonly revalidateMs: number;
  readonly log: Log;
}

type Resolved = Extract<Resolution<FileEntry>, { readonly kind: 'file' }>;
export type ShownLive = Resolved | Live<FileEntry> | Unserved | { readonly kind: 'bad-path' };

/** Files that are followed at a time: each has a descriptor, whatever `maxOpenFiles` says. */
const MAX_FOLLOWED = 1024;

/** Where there are that many already, the client shall come again (503). */
const BUSY = { kind: 'failed', errno: 'EAGAIN' } as const;

/** Between two looks at a file that rests, milliseconds. */
const POLL_MS = { least: 100, most: 2000 };

/** Who waits is woken as often, milliseconds: what is quiet for a minute, proxies take for dead. */
const BEAT_MS = 10_000;

interface Followed {
  /** Root-relative. */
  readonly path: string;
  readonly opening: Promise<FollowedFile>;
  /** Once it is open. */
  file: FollowedFile | undefined;
}

const NO_VALIDATORS = { etag: undefined, lastModified: undefined };

export class LiveFiles {
  readonly #options: LiveFilesOptions;
  /** By path and file: while one is moved away there are two at a path. */
  readonly #followed = new Map<string, Followed>();

  constructor(options: LiveFilesOptions) {
    this.#options = options;
    const look = (changed?: string) => {
      for (const { path, file } of this.#followed.values()) {
        if (changed === undefined || path === changed) file?.look();
      }
    };
    options.table.attach({ forget() {}, changed: look, setRoot: () => look() });
  }

  /** The file that was found, in the form that is asked for; undefined where that is an ordinary answer. */
  show(
    request: RequestHead,
    resolved: Resolved,
    nowMs: number,
  ): ShownLive | Promise<ShownLive> | undefined {
    const { target, fields } = request;
    const { ranges, offers } = this.#options;
    const range = ranges ? fields.range : undefined;
    if (range === undefined && !target.includes('?')) return undefined;
    if (resolved.status !== 200 || !offers(resolved.resource.identity.path)) return undefined;
    const asked = liveAsked({ ...request, fields: { ...fields, range } });
    if (asked === undefined) return range === undefined ? undefined : growing(resolved);
    if (asked === 'malformed') return { kind: 'bad-path' };
    return this.#live(request, resolved, asked, nowMs);
  }

  async #live(
    { fields }: RequestHead,
    resolved: Resolved,
    { form, start, resumes }: LiveAsked,
    nowMs: number,
  ): Promise<ShownLive> {
    const { table, timeoutMs, log } = this.#options;
    const { identity } = resolved.resource;
    // As it is now: what is known may be an older one.
    const found = await table.find(identity.path);
    if (found.type !== 'file') {
      closeAll([found]);
      return unservedOf(identity.path, found, log);
    }
    let isTaken = false;
    // Who gets this takes it on in this turn of the event loop, or never (`FileEntry`).
    setImmediate(() => {
      if (!isTaken) found.file.close();
    });
    const validators = found.version === identity.version ? identity : NO_VALIDATORS;
    // RFC 9110 §14.2: another version than the client has a part of is sent whole, as it is.
    if (form.kind === 'range' && !isRangeCurrent(fields['if-range'], validators, nowMs)) {
      return growing(resolved);
    }
    const key = `${identity.path}\0${fileOf(found.version)}`;
    if (this.#followed.size >= MAX_FOLLOWED && !this.#followed.has(key)) return BUSY;
    const { size } = found;
    const from = 'last' in start ? Math.max(0, size - start.last) : start.from;
    const follow = () => {
      isTaken = true;
      return this.#follow(key, identity.path, found);
    };
    return {
      ...{ kind: 'live', form, resource: resolved.resource, validators, size },
      // Where it resumes, what it knows of may be another file.
      from: resumes ? 0 : from,
      open: (gone) =>
        form.kind === 'events'
          ? eventsOf(follow, { from, resumes, timeoutMs }, gone)
          : piecesOf(follow, { from, timeoutMs }, gone),
    };
  }

  /** The one that is followed already, or a new one; joined. Takes over what was found. */
  async #follow(key: string, path: string, found: FoundFile): Promise<FollowedFile> {
    for (;;) {
      const known = this.#followed.get(key);
      if (known === undefined) break;
      const followed = await known.opening.catch(() => undefined);
      const isOpen = this.#followed.get(key) === known;
      if (isOpen && followed !== undefined && followed.ending === undefined) {
        found.file.close();
        followed.join();
        return followed;
      }
      // It was written anew, or cannot be opened: whoever follows it, nobody else begins to.
      if (isOpen) this.#followed.delete(key);
    }
    const opening = this.#open(key, path, found);
    const entry: Followed = { path, opening, file: undefined };
    this.#followed.set(key, entry);
    entry.file = await opening;
    entry.file.join();
    return entry.file;
  }

  async #open(key: string, path: string, found: FoundFile): Promise<FollowedFile> {
    const { table, addon, revalidateMs, timeoutMs } = this.#options;
    const file = await openGrowing(found, path, addon);
    const directory = directoryOf(path);
    table.watch(directory);
    const followed: FollowedFile = new FollowedFile(file, {
      find: (at) => table.find(at),
      pollMs: Math.min(Math.max(revalidateMs, POLL_MS.least), POLL_MS.most),
      beatMs: Math.min(BEAT_MS, timeoutMs),
      onLeft: () => {
        table.unwatch(directory);
        if (this.#followed.get(key)?.file === followed) this.#followed.delete(key);
      },
    });
    return followed;
  }
}

function growing(resolved: Resolved): Resolved {
  return { ...resolved, grows: true };
}
