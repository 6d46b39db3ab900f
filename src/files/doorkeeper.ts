// Tells what was asked for before from what is asked for once, in fixed memory whatever clients ask for.

/** Keys that it can tell apart at a time: 256 KiB. */
const SLOTS = 2 ** 16;

/**
 * It keeps a hash of each key, so a key may be taken for another, once in 65,536 times: a client that sends its
 * request twice gets as far. The seed keeps clients from choosing keys that push others out: nobody sees it, and V8
 * draws it from the system's entropy, without the 6 ms that node:crypto takes to load.
 */
export class Doorkeeper {
  readonly #seed = Math.floor(Math.random() * 2 ** 32);
  readonly #seen = new Uint32Array(SLOTS);

  /** Was the key here before? It was from now on, until another takes its place. */
  knows(key: string): boolean {
    const hash = this.#hash(key);
    const slot = hash % SLOTS;
    if (this.#seen[slot] === hash) return true;
    this.#seen[slot] = hash;
    return false;
  }

  #hash(key: string): number {
    let hash = this.#seed;
    for (let i = 0; i < key.length; i++) {
      // 2³² / golden ratio; the shift brings the high bits, which are mixed best, to the low ones.
      hash = Math.imul(hash ^ key.charCodeAt(i), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    return hash >>> 0;
  }
}
