/**
 * Remembers for a moment where addresses go, so that a burst of mail asks the store once instead of once for each
 * recipient.
 *
 * What is remembered only decides how RCPT is answered: whoever delivers looks again, in the same transaction.
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import type { Clock } from "../base/clock.ts";
import type { Deliver, Resolution } from "./deliver.ts";

/** For how long; a new address that was refused just before is known so much later. */
const rememberMs = 1000;

/** Addresses remembered; when there are more, all are forgotten. */
export const maxRemembered = 10_000;

/** `Deliver` with a memory for {@link Deliver.resolve}. */
export function rememberResolutions(deliver: Deliver, clock: Clock): Deliver {
  let known = new Map<string, Promise<Resolution>>();
  let since = clock.monotonic();
  return {
    ...deliver,
    resolve(request) {
      const now = clock.monotonic();
      if (now - since > rememberMs || known.size >= maxRemembered) {
        known = new Map();
        since = now;
      }
      const key = keyOf(request.address);
      const before = known.get(key);
      if (before !== undefined) return before;
      const asked = deliver.resolve(request);
      known.set(key, asked);
      const mine = known;
      // A failure is not remembered.
      asked.catch(() => mine.delete(key));
      return asked;
    },
  };
}

function keyOf({ local, domain }: Address): string {
  return `${local}\0${domain}`;
}
