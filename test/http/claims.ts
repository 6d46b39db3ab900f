// Judges what the suite claims, with the exceptions that a carrier is allowed.
import type { Test } from 'tap';
import { CARRIERS, type CarrierName, missing } from './carriers.ts';
import type { Exception } from './exceptions.ts';

/** The claims of one theme and the exceptions to them. */
export interface Claims {
  /** `difference`: what is not as claimed; '' where all of it is. */
  claim(t: Test, carrier: CarrierName, title: string, difference: string): void;
  /** Every exception occurred: to be called when all claims were made. */
  settle(t: Test): void;
}

/**
 * Judges claims. Without an exception a difference fails the test; with one, anything but what it names
 * does: an exception that no longer occurs is to be struck out.
 */
export function claimsExcept(exceptions: readonly Exception[]): Claims {
  const occurred = new Set<string>();
  return {
    claim(t, carrier, title, difference) {
      const exception = exceptions.find(
        (each) => each.title === title && each.carriers.includes(carrier),
      );
      if (exception === undefined) {
        t.equal(difference, '', title);
        return;
      }
      occurred.add(`${carrier}: ${title}`);
      t.equal(difference, exception.instead, `${title} [exception: ${exception.reason}]`);
    },
    settle(t) {
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
