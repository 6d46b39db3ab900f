// What the engine answers to the suite's cases is the same over each protocol that it speaks: status, fields and bytes, but
// for what belongs to a protocol.
import { createHash } from 'node:crypto';
import type { Test } from 'tap';
import type { Answer } from '../support/client.ts';
import type { CarrierName } from './carriers.ts';

/** The clock, the way that the bytes took, and what HTTP/1 says of a connection. */
const OF_TIME = ['date', 'server-timing', 'keep-alive'];
export const OF_PROTOCOL = [...OF_TIME, 'connection'];

/**
 * Status and fields, a line each, several of one name joined, as node:http2 does: what is the same whenever the same is
 * asked.
 */
export function headOf({ status, lines }: Answer, without: readonly string[] = OF_TIME): string {
  const fields = new Map<string, string>();
  for (const [sent, value] of lines) {
    const name = sent.toLowerCase();
    const before = fields.get(name);
    if (!without.includes(name)) fields.set(name, before ? `${before}, ${value}` : value);
  }
  const texts = [...fields].map((field) => field.join(': '));
  return [status, ...texts.sort()].join('\n');
}

/** The same with the bytes. */
export function contentOf(answer: Answer, without?: readonly string[]): string {
  const digest = createHash('sha1').update(answer.body).digest('hex');
  return `${headOf(answer, without)}\n${answer.body.length} bytes, SHA-1 ${digest}`;
}

/** The lines that two texts do not share. */
export function apart(one: string, other: string): string {
  const [a, b] = [one.split('\n'), other.split('\n')];
  const only = (from: readonly string[], without: readonly string[]) =>
    from.filter((line) => !without.includes(line));
  return `${only(a, b).join(', ')} / ${only(b, a).join(', ')}`;
}

/** What was answered to the cases of one theme, by carrier. */
export interface Comparison {
  add(carrier: CarrierName, title: string, answer: Answer): void;
  /** Claims that all were the same, but for those that a carrier is excused from. */
  compare(t: Test, isExcused: (carrier: CarrierName, title: string) => boolean): void;
}

export function createComparison(): Comparison {
  const plain = new Map<string, string>();
  const others = new Map<CarrierName, Map<string, string>>([
    ['native TLS', new Map()],
    ['h2c', new Map()],
    ['h2', new Map()],
  ]);
  return {
    add(carrier, title, answer) {
      const own = carrier === 'native' ? plain : others.get(carrier);
      if (own === undefined) return;
      // Some cases are asked several times.
      let key = title;
      while (own.has(key)) key += ', again';
      own.set(key, contentOf(answer, OF_PROTOCOL));
    },
    compare(t, isExcused) {
      t.test('the engine answers the same over every protocol', async (t) => {
        for (const [carrier, own] of others) {
          // Some themes are of one carrier.
          if (own.size === 0) continue;
          const differences: string[] = [];
          for (const title of new Set([...plain.keys(), ...own.keys()])) {
            const [here, there] = [plain.get(title) ?? 'none', own.get(title) ?? 'none'];
            if (here === there || isExcused(carrier, title)) continue;
            differences.push(`${title}: ${apart(here, there)}`);
          }
          t.same(differences, [], `${carrier}: ${own.size} cases`);
        }
      });
    },
  };
}
