// What a disk may have kept when its power went: from the journal that test/faults/power.c writes.

export type Step =
  | { readonly kind: 'create'; readonly file: string; readonly name: string }
  | { readonly kind: 'write'; readonly file: string; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly file: string; readonly size: number }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  | { readonly kind: 'unlink'; readonly name: string }
  /** A sync, of the directory where `file` is 0. What was done before `begin` is kept from `end` on. */
  | { readonly kind: 'begin'; readonly id: string; readonly file: string }
  | { readonly kind: 'end'; readonly id: string }
  /** What the process said meanwhile. */
  | { readonly kind: 'say'; readonly text: string };

/** A journal whose process was killed may end within a step: that is left out. */
export function readJournal(journal: Buffer): readonly Step[] {
  const steps: Step[] = [];
  for (let at = 0; at < journal.length; ) {
    const newline = journal.indexOf(0x0a, at);
    if (newline < 0) break;
    const [kind = '', ...words] = journal.toString('utf8', at, newline).split(' ');
    const payload = kind === 'write' || kind === 'say' ? Number(words.at(-1)) : 0;
    at = newline + 1 + payload;
    if (at > journal.length) break;
    steps.push(stepOf(kind, words, journal.subarray(newline + 1, at)));
  }
  return steps;
}

function stepOf(kind: string, words: readonly string[], bytes: Buffer): Step {
  const [first = '', second = ''] = words;
  switch (kind) {
    case 'create':
      return { kind, file: first, name: second };
    case 'write':
      return { kind, file: first, at: Number(second), bytes };
    case 'truncate':
      return { kind, file: first, size: Number(second) };
    case 'rename': {
      const [from = '', to = ''] = first.split('/');
      return { kind, from, to };
    }
    case 'unlink':
      return { kind, name: first };
    case 'begin':
      return { kind, id: first, file: second };
    case 'end':
      return { kind, id: first };
    case 'say':
      return { kind, text: bytes.toString() };
    default:
      throw new Error(`a step that nobody knows: ${kind}`);
  }
}

/** Sectors are written whole or not at all. */
const SECTOR = 512;

type Change = Extract<Step, { readonly kind: 'write' | 'truncate' }>;
type Naming = Extract<Step, { readonly kind: 'create' | 'rename' | 'unlink' }>;

interface FileOnDisk {
  content: Buffer;
  /** Done, and not surely kept. */
  pending: Change[];
}

interface Syncing {
  readonly file: FileOnDisk | undefined;
  readonly count: number;
}

/**
 * The directory as it may be found after a cut behind these steps: what was synced, and of the rest whatever `chance` (from
 * 0 to 1) says, sector by sector and in any order; names only in their order, as a journal of a file system keeps them.
 */
export function afterCut(
  steps: readonly Step[],
  chance: () => number,
): ReadonlyMap<string, Buffer> {
  const files = new Map<string, FileOnDisk>();
  const kept = new Map<string, FileOnDisk>();
  let namings: Array<Naming & { readonly of: FileOnDisk | undefined }> = [];
  const syncs = new Map<string, Syncing>();
  const fileOf = (file: string) => {
    const there = files.get(file);
    if (there === undefined) throw new Error(`file ${file} was never made`);
    return there;
  };
  for (const step of steps) {
    switch (step.kind) {
      case 'create': {
        const made = { content: Buffer.of(), pending: [] };
        files.set(step.file, made);
        namings.push({ ...step, of: made });
        break;
      }
      case 'rename':
      case 'unlink':
        namings.push({ ...step, of: undefined });
        break;
      case 'write':
      case 'truncate':
        fileOf(step.file).pending.push(step);
        break;
      case 'begin': {
        const file = step.file === '0' ? undefined : fileOf(step.file);
        syncs.set(step.id, { file, count: file?.pending.length ?? namings.length });
        break;
      }
      case 'end': {
        const sync = syncs.get(step.id);
        syncs.delete(step.id);
        if (sync === undefined) throw new Error('a sync that has not begun');
        const { file, count } = sync;
        if (file === undefined) {
          for (const naming of namings.slice(0, count)) name(kept, naming);
          namings = namings.slice(count);
        } else {
          for (const change of file.pending.splice(0, count)) apply(file, change);
        }
        // Of two that ran at once, the other has less to do.
        for (const [id, other] of syncs) {
          if (other.file === file) syncs.set(id, { file, count: Math.max(0, other.count - count) });
        }
        break;
      }
      case 'say':
        break;
    }
  }
  for (const naming of namings.slice(0, Math.floor(chance() * (namings.length + 1)))) {
    name(kept, naming);
  }
  return new Map([...kept].map(([one, file]) => [one, perhaps(file, chance)]));
}

function name(
  names: Map<string, FileOnDisk>,
  naming: Naming & { readonly of: FileOnDisk | undefined },
): void {
  if (naming.kind === 'create') {
    if (naming.of !== undefined) names.set(naming.name, naming.of);
  } else if (naming.kind === 'unlink') {
    names.delete(naming.name);
  } else {
    const file = names.get(naming.from);
    names.delete(naming.from);
    if (file !== undefined) names.set(naming.to, file);
  }
}

function apply(file: { content: Buffer }, change: Change): void {
  if (change.kind === 'truncate') {
    file.content = resized(file.content, change.size);
    return;
  }
  const end = change.at + change.bytes.length;
  if (end > file.content.length) file.content = resized(file.content, end);
  change.bytes.copy(file.content, change.at);
}

function resized(content: Buffer, size: number): Buffer {
  const other = Buffer.alloc(size);
  content.copy(other);
  return other;
}

function perhaps({ content, pending }: FileOnDisk, chance: () => number): Buffer {
  const file = { content: Buffer.from(content) };
  const share = chance();
  for (const change of pending) {
    for (const part of sectorsOf(change)) if (chance() < share) apply(file, part);
  }
  return file.content;
}

function sectorsOf(change: Change): readonly Change[] {
  if (change.kind === 'truncate') return [change];
  const parts: Change[] = [];
  const { at, bytes } = change;
  for (let start = 0; start < bytes.length; ) {
    const end = Math.min(bytes.length, start + SECTOR - ((at + start) % SECTOR));
    parts.push({ ...change, at: at + start, bytes: bytes.subarray(start, end) });
    start = end;
  }
  return parts;
}
