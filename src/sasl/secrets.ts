/**
 * Comparing secrets, and text on its way through SASL.
 *
 * Tested by `src/sasl/scram_test.ts` and `src/sasl/plain_test.ts`.
 *
 * @module
 */
import { timingSafeEqual } from "node:crypto";

/** Octets of one SASL message. More than any honest one: names and passwords of 1,000 letters in every script. */
export const maxMessageBytes = 12 * 1024;

/** Octets of a name or password within a message. PLAIN wants at least 255. RFC 4616 2 */
export const maxFieldBytes = 4 * 1024;

/** Whether two secrets are the same; the time tells nothing but whether their lengths are. */
export function equalSecrets(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
