// Judges what the suite claims, with the exceptions that a carrier is allowed.
import type { Test } from 'tap';
import type { Answer } from '../support/client.ts';
import { CARRIERS, type CarrierName, missing } from './carriers.ts';
import type { Exception } from './exceptions.ts';
import { createComparison } from './protocols.ts';

/** The claims of one theme and the exceptions to them. */
export interface Claims {
  /** `difference`: what is not as claimed; '' where all of it is. `answer`: what it was judged by. */
  claim(
    t: Test,
    carrier: CarrierName,
    title: string,
    difference: string,
    answer?: Answer | undefined,
  ): void;
  /** Every exception occurred, and the engine's answers are the same: to be called when all claims were made. */
  settle(t: Test): void;
}

/**
 * Judges claims. Without an exception a difference fails the test; with one, anything but what it names
 * does: an exception that no longer occurs is to be struck out.
 */
export function claimsExcept(exceptions: readonly Exception[]): Claims {
  const occurred = new Set<string>();
  const comparison = createComparison();
  const exceptionFor = (carrier: CarrierName, title: string) =>
    exceptions.find((each) => each.title === title && each.carriers.includes(carrier));
  return {
    claim(t, carrier, title, difference, answer) {
      if (answer) comparison.add(carrier, title, answer);
      const exception = exceptionFor(carrier, title);
      if (exception === undefined) {
        t.equal(difference, '', title);
        return;
      }
      occurred.add(`${carrier}: ${title}`);
      t.equal(difference, exception.instead, `${title} [exception: ${exception.reason}]`);
    },
    settle(t) {
      comparison.compare(t, (carrier, title) => exceptionFor(carrier, title) !== undefined);
      t.test('every exception occurs', async (t) => {
        for (const { carriers, title } of exceptions) {
          for (const name of carriers) {
            const carrier = CARRIERS.find((each) => each.name === name);
            if (carrier === undefined || missing(carrier) !== undefined) continue;
            t.ok(occurred.has(`${name}: ${title}`), `${name}: ${title}`);
          }
        }
      });
    },
  };
}
