// Mutations of well-formed text. Each case follows from the seed and its number alone, so it can be repeated.

/** Another seed is another run: ZCSERVE_FUZZ_SEED. */
export const seed = Number(process.env.ZCSERVE_FUZZ_SEED ?? 6);

/** Only this case: ZCSERVE_FUZZ_CASE. */
export const only =
  process.env.ZCSERVE_FUZZ_CASE === undefined ? undefined : Number(process.env.ZCSERVE_FUZZ_CASE);

/** Numbers of the cases to run. */
export function cases(count: number): Iterable<number> {
  return only === undefined ? Array(count).keys() : [only];
}

/** How to run one case again. */
export function replay(number: number): string {
  return `ZCSERVE_FUZZ_SEED=${seed} ZCSERVE_FUZZ_CASE=${number}`;
}

/** Integers below a bound. */
export type Random = (bound: number) => number;

/** mulberry32, the published constants. */
export function randomOf(number: number): Random {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b)) >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) % bound;
  };
}

export function pick<T>(from: readonly T[], random: Random): T {
  return from[random(from.length)] as T;
}

/** One to four changes: a piece put in or over, bytes cut out, repeated or foreign. One character is one byte. */
export function mutate(text: string, pieces: readonly string[], random: Random): string {
  let bytes = text;
  // Mostly one: what is changed everywhere is refused at its first byte.
  for (let i = random(2) * random(4); i >= 0; i--) {
    const at = random(bytes.length + 1);
    const end = at + random(Math.min(16, bytes.length - at + 1));
    const [before, within, after] = [bytes.slice(0, at), bytes.slice(at, end), bytes.slice(end)];
    switch (random(5)) {
      case 0:
        bytes = before + pick(pieces, random) + within + after;
        break;
      case 1:
        bytes = before + pick(pieces, random) + after;
        break;
      case 2:
        bytes = before + after;
        break;
      case 3:
        bytes = before + within.repeat(1 + random(200)) + after;
        break;
      default:
        bytes = before + String.fromCharCode(random(256)) + within + after;
    }
  }
  return bytes;
}

export const FIELD_PIECES: readonly string[] = [
  ...['bytes=', '0-0', '-1', '-', ',', '9-', '999999999999999999999', '0-0,'.repeat(40)],
  ...['gzip', 'br', ';q=0', ';q=1.001', '*', 'identity', ' ', '\t', '"', 'W/', '\xff', '=', '0'],
  ...['Sun, 06 Nov 1994 08:49:37 GMT', 'GMT', '""', '-0', '1e9', '0x1', '\0'],
];

export const PATH_PIECES: readonly string[] = [
  ...['/', '//', '..', '/../', '%2e%2e', '%2f', '%5c', '\\', '%00', '%', '%c0%ae', '%ff', '.'],
  ...['secret.txt', 'root', 'inside.txt', '.git', '?', '#', ';', '~', ':', 'http://a', '*', ' '],
];
