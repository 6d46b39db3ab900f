// What a run changes below its directory, or would change (`--check`), and what it could not.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Content, refuseChanged } from './content.ts';
import { replace, touch } from './replace.ts';
import type { Result, Told } from './report.ts';
import type { Tell } from './tree.ts';
import type { Verdict } from './verdict.ts';

export interface Changes {
  /** The root-relative path is a sibling of this content. Returns its size afterwards, undefined where there is none. Throws. */
  carryOut(path: string, verdict: Verdict, content: Content): number | undefined;
  /** Throws. */
  remove(path: string, reason: string): void;
  /** Something went wrong: the status will say so. */
  readonly tell: Tell;
  /** Something is left out that nobody can change. */
  note(path: string, reason: string): void;
  result(): Omit<Result, 'rows'>;
}

export function createChanges(root: string, check: boolean): Changes {
  const counts = { written: 0, touched: 0, removed: 0, kept: 0 };
  const pending: Told[] = [];
  const notes: Told[] = [];
  // One line for each, however often it is met.
  const problems = new Map<string, Told>();
  const change = (path: string, reason: string, count: keyof typeof counts, act: () => void) => {
    if (check) pending.push({ path, reason });
    else {
      act();
      counts[count]++;
    }
  };
  const remove = (path: string, reason: string) =>
    change(path, reason, 'removed', () => rmSync(join(root, path)));
  return {
    carryOut(path, verdict, content) {
      const place = join(root, path);
      switch (verdict.kind) {
        case 'leave':
          return undefined;
        case 'keep':
          counts.kept++;
          return verdict.size;
        case 'touch':
          change(path, 'older than its file', 'touched', () => touch(place, content.stat));
          return verdict.size;
        case 'write':
          change(path, verdict.reason, 'written', () => {
            refuseChanged(content);
            replace(place, verdict.bytes, content.stat);
          });
          return verdict.bytes.length;
        case 'remove':
          remove(path, verdict.reason);
          return undefined;
      }
    },
    remove,
    tell(path, error) {
      problems.set(path, { path, reason: wordsOf(error) });
    },
    note(path, reason) {
      notes.push({ path, reason });
    },
    result: () => ({ ...counts, pending, notes, problems: [...problems.values()] }),
  };
}

/** Without the call and the path, which Node's message ends with. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error ? error.message.replace(/, \w+(?: '.*)?$/s, '') : error.message;
}
