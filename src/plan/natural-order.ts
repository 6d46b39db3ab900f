// The order of names: f2 before f10. By code unit where they are no numbers, the same on every machine;
// native/files/directory.cc has the same order.

const ZERO = 48;
const NINE = 57;

/** Negative where `one` comes first. Zero for equal names only: f1 is after f01. */
export function compareNames(one: string, other: string): number {
  let a = 0;
  let b = 0;
  while (a < one.length && b < other.length) {
    const [x, y] = [one.charCodeAt(a), other.charCodeAt(b)];
    if (isDigit(x) && isDigit(y)) {
      a = skipZeros(one, a);
      b = skipZeros(other, b);
      const [end, otherEnd] = [endOfDigits(one, a), endOfDigits(other, b)];
      if (end - a !== otherEnd - b) return end - a - (otherEnd - b);
      for (; a < end; a++, b++) {
        const difference = one.charCodeAt(a) - other.charCodeAt(b);
        if (difference !== 0) return difference;
      }
    } else {
      if (x !== y) return x - y;
      a++;
      b++;
    }
  }
  const rest = one.length - a - (other.length - b);
  return rest !== 0 ? rest : one < other ? -1 : one > other ? 1 : 0;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

function skipZeros(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) === ZERO) at++;
  return at;
}

function endOfDigits(text: string, from: number): number {
  let at = from;
  while (isDigit(text.charCodeAt(at))) at++;
  return at;
}
