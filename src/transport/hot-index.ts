// Which paths the engine answers by itself: the policy of its hot table, kept on the JavaScript thread.
import { LRUCache } from 'lru-cache';
import type { HotEntry, HotReply, NativeEngine } from '../native.ts';
import type { Evidence, Memo } from '../plan/types.ts';
import { fieldMask } from './engine-reply.ts';

interface HotPath {
  readonly evidence: readonly Evidence[];
  readonly judged: number;
  /** By guard. */
  readonly replies: Map<string, HotReply>;
}

/** Prepared replies of one path: the Accept-Encoding values and ranges that clients really send. */
const MAX_REPLIES = 16;
/** Lists of ranges and misses seen once; only what is asked for again is worth a prepared reply. */
const MAX_SEEN = 4096;
/** Entries that one newcomer may find in use and spare. */
const MAX_SPARED = 64;

export class HotIndex {
  readonly #engine: Pick<NativeEngine, 'put' | 'remove' | 'used'>;
  readonly #paths: LRUCache<string, HotPath>;
  /** Root-relative file path → hot paths whose evidence names it. */
  readonly #byFile = new Map<string, Set<string>>();
  readonly #seen = new LRUCache<string, true>({ max: MAX_SEEN });
  readonly #max: number;

  constructor(engine: Pick<NativeEngine, 'put' | 'remove' | 'used'>, max: number) {
    this.#engine = engine;
    this.#max = max;
    this.#paths = new LRUCache({ max: max + 1 });
  }

  /** Hands an answer to the engine to repeat, if it is worth it. `path`: bytes as sent, query cut off. */
  offer(path: string, status: number, memo: Memo, reply: () => HotReply): void {
    const guard = JSON.stringify(memo.guard);
    const known = this.#paths.get(path);
    if (status !== 200 && status !== 304 && memo.slices === undefined) {
      const key = `${path}\0${guard}`;
      if (!this.#seen.get(key)) {
        this.#seen.set(key, true);
        return;
      }
    }
    const judged = fieldMask(memo.judged);
    const same =
      known !== undefined && known.judged === judged && sameEvidence(known.evidence, memo.evidence);
    if (known !== undefined && !same) this.#drop(path, known);
    const hot: HotPath = same
      ? known
      : { evidence: memo.evidence, judged, replies: new Map<string, HotReply>() };
    hot.replies.set(guard, reply());
    if (hot.replies.size > MAX_REPLIES) {
      const [oldest] = hot.replies.keys();
      if (oldest !== undefined) hot.replies.delete(oldest);
    }
    if (!same) this.#add(path, hot);
    this.#engine.put(entryOf(path, hot));
  }

  /** The engine found the path's evidence broken and removed it. Returns the files that it rested on. */
  stale(path: string): string[] {
    const hot = this.#paths.get(path);
    if (hot === undefined) return [];
    this.#drop(path, hot);
    return hot.evidence.map((evidence) => evidence.path);
  }

  /** What rests on these root-relative files is no longer valid. */
  forget(files: readonly string[]): void {
    for (const file of files) {
      for (const path of [...(this.#byFile.get(file) ?? [])]) {
        const hot = this.#paths.get(path);
        if (hot !== undefined) this.#drop(path, hot);
      }
    }
  }

  /** Did the engine answer from this file since the last call? */
  used(file: string): boolean {
    let used = false;
    for (const path of this.#byFile.get(file) ?? []) used = this.#engine.used(path) || used;
    return used;
  }

  #add(path: string, hot: HotPath): void {
    this.#paths.set(path, hot);
    for (const { path: file } of hot.evidence) {
      const paths = this.#byFile.get(file) ?? new Set();
      this.#byFile.set(file, paths.add(path));
    }
    if (this.#paths.size > this.#max) this.#evict();
  }

  /** Second chance: what the engine used since the last look is young again. */
  #evict(): void {
    for (let spared = 0; ; spared++) {
      const [oldest] = this.#paths.rkeys();
      if (oldest === undefined) return;
      const hot = this.#paths.get(oldest);
      if (hot === undefined || (spared < MAX_SPARED && this.#engine.used(oldest))) continue;
      this.#drop(oldest, hot);
      return;
    }
  }

  #drop(path: string, hot: HotPath): void {
    this.#paths.delete(path);
    this.#engine.remove(path);
    for (const { path: file } of hot.evidence) {
      const paths = this.#byFile.get(file);
      paths?.delete(path);
      if (paths?.size === 0) this.#byFile.delete(file);
    }
  }
}

function entryOf(path: string, { judged, replies, evidence }: HotPath): HotEntry {
  return {
    path,
    judged,
    replies: [...replies.values()],
    evidence: evidence.flatMap(({ path: file, version }) => [file, version]),
  };
}

function sameEvidence(a: readonly Evidence[], b: readonly Evidence[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ path, version }, i) => b[i]?.path === path && b[i]?.version === version)
  );
}
