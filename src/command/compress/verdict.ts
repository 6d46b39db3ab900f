// What becomes of a sibling: decided from how it stands, and from what it would be if it were made now.
import { isWorthwhile } from '../../encode/compressible.ts';
import type { Standing } from './standing.ts';

export type Verdict =
  /** There is none, and none is worth its place; or nobody can tell what is there. */
  | { readonly kind: 'leave' }
  | { readonly kind: 'keep'; readonly size: number }
  | { readonly kind: 'touch'; readonly size: number }
  | { readonly kind: 'write'; readonly bytes: Uint8Array; readonly reason: string }
  | { readonly kind: 'remove'; readonly reason: string };

export interface Wish {
  readonly force: boolean;
  readonly prune: boolean;
}

/**
 * `instead`: the bytes that would be sent without this sibling; 0 where the file is too small to be worth one. `encode` makes
 * it; undefined where this coding is not to be made.
 */
export async function judge(
  standing: Standing,
  instead: number,
  encode: (() => Promise<Uint8Array>) | undefined,
  { force, prune }: Wish,
): Promise<Verdict> {
  switch (standing.kind) {
    case 'unknown':
      return { kind: 'leave' };
    case 'absent':
    case 'stale': {
      const reason = standing.kind === 'absent' ? 'missing' : standing.reason;
      const bytes = instead > 0 ? await encode?.() : undefined;
      if (bytes !== undefined && isWorthwhile(instead, bytes.length)) {
        return { kind: 'write', bytes, reason };
      }
      // Whatever stands there would be answered in the place of the file.
      return standing.kind === 'absent' ? { kind: 'leave' } : { kind: 'remove', reason };
    }
    case 'good':
    case 'older': {
      const { size } = standing;
      if (prune && !isWorthwhile(instead, size)) {
        return { kind: 'remove', reason: 'not worth its place' };
      }
      const bytes = force && instead > 0 ? await encode?.() : undefined;
      if (bytes !== undefined && bytes.length < size) {
        return { kind: 'write', bytes, reason: 'larger than it has to be' };
      }
      return { kind: standing.kind === 'good' ? 'keep' : 'touch', size };
    }
  }
}
