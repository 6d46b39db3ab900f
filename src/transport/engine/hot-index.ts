// Which paths the engine answers by itself: the policy of its hot table, kept on the JavaScript thread.
import { LRUCache } from 'lru-cache';
import type { HotReply, NativeEngine } from '../../addon/engine.ts';
import { Doorkeeper } from '../../files/doorkeeper.ts';
import { directoryOf } from '../../files/root.ts';
import { idleKey, oldestKey } from '../../files/second-chance.ts';
import { isNormal } from '../../http/target.ts';
import type { Evidence, Memo } from '../../plan/types.ts';
import { fieldMask } from './reply.ts';

type HotEngine = Pick<NativeEngine, 'add' | 'put' | 'remove' | 'used'>;

interface HotPath {
  /** Of its path among those of all sites. */
  readonly key: string;
  readonly path: string;
  readonly site: number;
  /** The engine's. */
  readonly handle: number;
  readonly evidence: readonly Evidence[];
  readonly judged: number;
  /** By guard, the oldest first. */
  readonly replies: Map<string, Place>;
  bytes: number;
}

/** Where the engine has a reply, and what it takes. */
interface Place {
  readonly at: number;
  readonly bytes: number;
}

/** Prepared replies of one path: the Accept-Encoding values and ranges that clients really send. */
const MAX_REPLIES = 16;

/**
 * Bytes of all prepared replies, for each path that there may be: an ordinary one rests on four names (a file
 * and its siblings) and has two or three replies of 2 KiB.
 */
const BYTES_PER_PATH = 8192;
/** The part of them that one reply may take: by default 1 MiB, the page of a directory of 10,000 names. */
const REPLY_SHARE = 1 / 32;
/** What a reply, a path and a piece of evidence take beside their texts, in the engine and here. */
const REPLY_BYTES = 1024;
const PATH_BYTES = 1024;
const EVIDENCE_BYTES = 256;

/**
 * What it keeps is bounded in number and in bytes, and is kept only for the normal spelling of a path, when the
 * same question comes again.
 */
export class HotIndex {
  readonly #engine: HotEngine;
  readonly #paths: LRUCache<string, HotPath>;
  /** Root-relative file path (of a site) → hot paths whose evidence names it. */
  readonly #byFile = new Map<string, Set<HotPath>>();
  readonly #doorkeeper = new Doorkeeper();
  /** Files (of a site) of which answers were forgotten in this turn: one that was planned before may yet be offered. */
  readonly #forgotten = new Set<string>();
  /** Sites, the same of all their answers. */
  readonly #cleared = new Set<number>();
  readonly #max: number;
  readonly #crowded: () => void;
  readonly #maxBytes: number;
  #bytes = 0;

  /** `crowded` is called when a path has to leave for another. */
  constructor(engine: HotEngine, max: number, crowded: () => void = () => {}) {
    this.#engine = engine;
    this.#crowded = crowded;
    this.#max = max;
    this.#maxBytes = max * BYTES_PER_PATH;
    // Not `max`, for which lru-cache allocates beforehand.
    this.#paths = new LRUCache({ maxSize: max + 1, sizeCalculation: () => 1 });
  }

  /**
   * Hands an answer to the engine to repeat, if it is worth it. `path`: bytes as sent, query cut off; `met`: it was asked for
   * before. To be called in the turn of the event loop in which the answer was planned.
   */
  offer(path: string, memo: Memo, reply: () => HotReply, met = false, site = 0): void {
    if (isNormal(path)) this.#offer(path, memo, reply, met, site);
  }

  /**
   * The same of a 404, for whatever else is missing in this directory (as in requests, without a slash at its end). That no page
   * stands below it is told by names; one that does was not there when they were read.
   */
  offerMiss(directory: string, memo: Memo, reply: () => HotReply, site = 0): void {
    const above = (path: string) => `${directory}/`.startsWith(`${directoryOf(`/${path}`)}/`);
    const shared = memo.shared ?? [];
    const evidence = shared.filter(({ path }) => above(path));
    if (shared.some((one) => one.version !== '' && !evidence.includes(one))) return;
    this.#offer(`\0${directory}`, { ...memo, evidence }, reply, true, site);
  }

  #offer(path: string, memo: Memo, reply: () => HotReply, met: boolean, site: number): void {
    if (this.#isForgotten(memo, site)) return;
    const key = keyOf(site, path);
    // The slices of a file have the guard of its 200, and are another reply.
    const guard = JSON.stringify([memo.guard, memo.slices !== undefined]);
    if (!this.#doorkeeper.knows(key + guard) && !met) return;
    const prepared = reply();
    const bytes = 2 * guard.length + sizeOfReply(prepared);
    if (bytes > Math.max(BYTES_PER_PATH, this.#maxBytes * REPLY_SHARE)) return;
    const judged = fieldMask(memo.judged);
    let hot = this.#paths.get(key);
    if (
      hot !== undefined &&
      !(hot.judged === judged && sameEvidence(hot.evidence, memo.evidence))
    ) {
      this.#drop(hot);
      hot = undefined;
    }
    hot ??= this.#add(path, memo, judged, site);
    const place = { at: this.#vacate(hot, guard), bytes };
    hot.replies.set(guard, place);
    this.#count(hot, place.bytes);
    this.#engine.put(hot.handle, place.at, prepared);
    while (this.#paths.size > this.#max || this.#bytes > this.#maxBytes) this.#evict();
  }

  /** The engine found the path's evidence broken and removed it. Returns the files that it rested on. */
  stale(path: string, site = 0): string[] {
    const hot = this.#paths.get(keyOf(site, path));
    if (hot === undefined) return [];
    this.#drop(hot);
    return hot.evidence.map((evidence) => evidence.path);
  }

  /** What rests on these root-relative files is no longer valid. */
  forget(files: readonly string[], site = 0): void {
    if (this.#forgotten.size === 0) setImmediate(() => this.#forgotten.clear());
    for (const file of files) {
      const key = keyOf(site, file);
      this.#forgotten.add(key);
      for (const hot of [...(this.#byFile.get(key) ?? [])]) this.#drop(hot);
    }
  }

  /** All of the site rested on another root, or on other rules. The engine has forgotten it. */
  clear(site = 0): void {
    if (this.#cleared.size === 0) setImmediate(() => this.#cleared.clear());
    this.#cleared.add(site);
    for (const hot of [...this.#paths.values()]) if (hot.site === site) this.#unlist(hot);
  }

  /** Did the engine answer from this file since the last call? */
  used(file: string, site = 0): boolean {
    let used = false;
    for (const { handle } of this.#byFile.get(keyOf(site, file)) ?? [])
      used = this.#engine.used(handle) || used;
    return used;
  }

  #isForgotten({ evidence }: Memo, site: number): boolean {
    if (this.#cleared.has(site)) return true;
    return (
      this.#forgotten.size > 0 &&
      evidence.some(({ path }) => this.#forgotten.has(keyOf(site, path)))
    );
  }

  #add(slice: string, { evidence, lastsMs = 0 }: Memo, judged: number, site: number): HotPath {
    // A slice of the target would keep its query in memory too (V8).
    const path = Buffer.from(slice, 'latin1').toString('latin1');
    const versions = evidence.flatMap(({ path: file, version }) => [file, version]);
    const key = keyOf(site, path);
    const handle = this.#engine.add(path, judged, versions, lastsMs, site);
    const hot: HotPath = {
      ...{ key, path, site, handle, evidence, judged },
      replies: new Map(),
      bytes: 0,
    };
    this.#paths.set(key, hot);
    for (const { path: name } of evidence) {
      const file = keyOf(site, name);
      const paths = this.#byFile.get(file) ?? new Set();
      this.#byFile.set(file, paths.add(hot));
    }
    this.#count(hot, PATH_BYTES + 3 * path.length + sizeOfEvidence(evidence));
    return hot;
  }

  /** Where the engine shall have this guard's reply: in its old place, in the oldest one's, or behind all. */
  #vacate(hot: HotPath, guard: string): number {
    const { replies } = hot;
    const [oldest = guard] = replies.size < MAX_REPLIES ? [] : replies.keys();
    const former = replies.has(guard) ? guard : oldest;
    const place = replies.get(former);
    if (place === undefined) return replies.size;
    replies.delete(former);
    this.#count(hot, -place.bytes);
    return place.at;
  }

  #count(hot: HotPath, bytes: number): void {
    hot.bytes += bytes;
    this.#bytes += bytes;
  }

  #evict(): void {
    const isUsed = (key: string) => this.#engine.used(this.#paths.peek(key)?.handle ?? 0);
    const key = idleKey(this.#paths, isUsed) ?? oldestKey(this.#paths);
    const hot = key === undefined ? undefined : this.#paths.peek(key);
    if (hot === undefined) return;
    this.#crowded();
    this.#drop(hot);
  }

  #drop(hot: HotPath): void {
    this.#engine.remove(hot.handle);
    this.#unlist(hot);
  }

  #unlist(hot: HotPath): void {
    this.#paths.delete(hot.key);
    this.#bytes -= hot.bytes;
    for (const { path } of hot.evidence) {
      const file = keyOf(hot.site, path);
      const paths = this.#byFile.get(file);
      paths?.delete(hot);
      if (paths?.size === 0) this.#byFile.delete(file);
    }
  }
}

/** No path holds NUL, but for the first byte of a miss. */
function keyOf(site: number, path: string): string {
  return site === 0 ? path : `${site}\0${path}`;
}

/** Bytes of its texts, and of a body of its own. */
function sizeOfReply(reply: HotReply): number {
  const { guard, notModified, etag = '', source, parts = [], large } = reply;
  const texts = [reply.fields, reply.tail, reply.early, notModified, etag];
  let bytes = texts.reduce((sum, { length }) => sum + length, REPLY_BYTES);
  if (large !== undefined) bytes += large.fields.length + large.tail.length;
  if (source instanceof Uint8Array) bytes += source.length;
  for (const one of [...guard, ...parts]) bytes += 32 + (typeof one === 'string' ? one.length : 0);
  return bytes;
}

/** Both sides have texts of their own. */
function sizeOfEvidence(evidence: readonly Evidence[]): number {
  return evidence.reduce(
    (sum, { path, version }) => sum + EVIDENCE_BYTES + 2 * (path.length + version.length),
    0,
  );
}

function sameEvidence(a: readonly Evidence[], b: readonly Evidence[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ path, version }, i) => b[i]?.path === path && b[i]?.version === version)
  );
}
