// Numbers that look random and are the same in every run: shuffles and draws, each by its seed.

/** Mixes a number, and a salt, into 32 bits: the finalizer of MurmurHash3. */
export function hash(value: number, salt = 0): number {
  let mixed = Math.imul(value ^ Math.imul(salt, 0x9e3779b9), 1) ^ 0x2c1b3c6d;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** The numbers from 0 to `count`, each once, in an order of its own. */
export function shuffled(count: number, seed: number): readonly number[] {
  const numbers = Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last -= 1) {
    const other = hash(last, seed) % (last + 1);
    [numbers[last], numbers[other]] = [numbers[other] ?? 0, numbers[last] ?? 0];
  }
  return numbers;
}

/** Draws from 0 to `count`, each as likely as any other. */
export function uniform(count: number, draws: number, seed: number): readonly number[] {
  return Array.from({ length: draws }, (_, draw) => Math.floor(fraction(draw, seed) * count));
}

/** Draws from 0 to `count`, number n with a likelihood of 1 ÷ (n + 1): Zipf's law with exponent 1. */
export function zipf(count: number, draws: number, seed: number): readonly number[] {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let index = 0; index < count; index += 1) {
    sum += 1 / (index + 1);
    sums[index] = sum;
  }
  return Array.from({ length: draws }, (_, draw) => firstAbove(sums, fraction(draw, seed) * sum));
}

function fraction(draw: number, seed: number): number {
  return hash(draw, seed) / 2 ** 32;
}

function firstAbove(ascending: Float64Array, value: number): number {
  let [low, high] = [0, ascending.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
