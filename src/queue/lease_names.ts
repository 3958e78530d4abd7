/**
 * Names of leases, which the store knows again after it was killed: each is a code over the recipients and the number of
 * their attempt, by a key that is kept. So whoever has one was given just this attempt, and nobody can make one.
 *
 * Tested by `src/queue/queue_desk_test.ts`.
 *
 * @module
 */
import { createHmac } from "node:crypto";
import { type Bytes, utf8 } from "../base/bytes.ts";
import { equalSecrets } from "../sasl/secrets.ts";

/** Octets of the key. */
export const leaseKeyBytes = 32;

/** The name of the lease of an attempt. */
export function leaseName(key: Bytes, attempts: number, ids: readonly number[]): string {
  if (key.length < leaseKeyBytes) throw new RangeError(`the key has less than ${leaseKeyBytes} octets`);
  return createHmac("sha256", key).update(`${attempts} ${ids.join(" ")}`).digest("hex");
}

/** Whether it is that. */
export function isLease(name: unknown, key: Bytes, attempts: number, ids: readonly number[]): boolean {
  return typeof name === "string" && equalSecrets(utf8(name), utf8(leaseName(key, attempts, ids)));
}
