/**
 * Ids of deliveries: `Incoming.deliveryId`.
 *
 * @module
 */

/**
 * A new id for a delivery: 48 bits of time and 80 of chance, in hex. Ids of one time so lie together, and the store,
 * which keeps them for a day, adds each behind the last instead of anywhere.
 *
 * @param now Milliseconds since 1970.
 * @param random Draws random octets.
 */
export function newDeliveryId(now: number, random: (count: number) => Uint8Array): string {
  return Math.max(0, now).toString(16).padStart(12, "0").slice(-12) + random(10).toHex();
}
