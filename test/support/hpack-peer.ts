// A peer that writes HPACK with a table of its own: a model to read against. RFC 7541, without the static table.
import type { Field } from './hpack-program.ts';

export interface PeerStep {
  readonly name: string;
  readonly value: string;
  readonly way: 'indexing' | 'without' | 'never';
  /** Takes from the table what is there, whatever the way. */
  readonly reuses: boolean;
}

const FIRST_INDEX = 62;
const PREFIX = { indexing: 6, without: 4, never: 4 } as const;
const KIND = { indexing: 0x40, without: 0, never: 0x10 } as const;

export class PeerEncoder {
  evicted = 0;
  /** Fields and names. */
  indexed = 0;
  #limit: number;
  /** The newest first. */
  #entries: Field[] = [];

  constructor(limit: number) {
    this.#limit = Math.min(limit, 4096);
  }

  write(sizes: readonly number[], steps: readonly PeerStep[]): string {
    return [
      ...sizes.map((size) => this.#resize(size)),
      ...steps.map((step) => this.#field(step)),
    ].join('');
  }

  #resize(size: number): string {
    this.#limit = size;
    this.#evict(size);
    return integer(0x20, 5, size);
  }

  #field({ name, value, way, reuses }: PeerStep): string {
    const whole = this.#entries.findIndex((entry) => entry[0] === name && entry[1] === value);
    if (reuses && whole >= 0) return integer(0x80, 7, this.#use(whole));
    const named = reuses ? this.#entries.findIndex((entry) => entry[0] === name) : -1;
    const start = named >= 0 ? integer(KIND[way], PREFIX[way], this.#use(named)) : undefined;
    if (way === 'indexing') this.#add([name, value]);
    return (start ?? integer(KIND[way], PREFIX[way], 0) + text(name)) + text(value);
  }

  #use(at: number): number {
    this.indexed++;
    return FIRST_INDEX + at;
  }

  #add(entry: Field) {
    this.#evict(this.#limit - sizeOf(entry));
    if (sizeOf(entry) <= this.#limit) this.#entries.unshift(entry);
  }

  #evict(limit: number) {
    const total = () => this.#entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
    for (; this.#entries.length > 0 && total() > limit; this.evicted++) this.#entries.pop();
  }
}

const sizeOf = ([name, value]: Field) => name.length + value.length + 32;

function text(of: string): string {
  return integer(0, 7, of.length) + of;
}

function integer(kind: number, prefix: number, value: number): string {
  const largest = 2 ** prefix - 1;
  if (value < largest) return String.fromCharCode(kind | value);
  const bytes = [kind | largest];
  let rest = value - largest;
  for (; rest >= 0x80; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  return String.fromCharCode(...bytes, rest);
}
