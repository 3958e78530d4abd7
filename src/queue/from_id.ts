/**
 * Senders of one recipient's own: `you+ID@example.org` in MAIL FROM, so that a notice which comes back to it is known for an
 * answer to that very message, and can be believed where others prove nothing (RFC 3464 4.1).
 *
 * An id is 130 random bits in lower-case letters and digits: there are servers that send notices to addresses in lower case.
 *
 * @module
 */
import type { Address } from "../address/address.ts";
import type { Bytes } from "../base/bytes.ts";

/** Characters of an id. */
export const fromIdLength = 26;

/** Octets of a localpart. RFC 5321 4.5.3.1.1 */
const maxLocalOctets = 64;

const letters = "abcdefghijklmnopqrstuvwxyz234567";

/** @param random Gives so many octets that nobody can guess. */
export function newFromId(random: (octets: number) => Bytes): string {
  return Array.from(random(fromIdLength), (octet) => letters[octet & 31]).join("");
}

/**
 * The sender with an id; null where it cannot have one.
 *
 * @param separators Of its domain, behind any of which what follows in a localpart does not matter.
 */
export function senderWithId(sender: Address, id: string, separators: readonly string[]): Address | null {
  const separator = separators[0];
  if (separator === undefined || separator === "") return null;
  const local = `${cut(sender.local, separators)[0]}${separator}${id}`;
  if (new TextEncoder().encode(local).length > maxLocalOctets) return null;
  return fromIdOf({ local }, separators) === id ? { ...sender, local } : null; // As `+you`, of which nothing is cut.
}

/** The id in an address that mail has come to; null if it has none. */
export function fromIdOf({ local }: Pick<Address, "local">, separators: readonly string[]): string | null {
  const id = cut(local, separators)[1]?.toLowerCase();
  return id !== undefined && id.length === fromIdLength && [...id].every((one) => letters.includes(one))
    ? id
    : null;
}

/** What is in front of the first separator, and what is behind it. One at the beginning cuts nothing. */
function cut(local: string, separators: readonly string[]): [base: string, rest: string | undefined] {
  let [at, length] = [-1, 0];
  for (const each of separators) {
    const found = each === "" ? -1 : local.indexOf(each);
    if (found > 0 && (at === -1 || found < at)) [at, length] = [found, each.length];
  }
  return at === -1 ? [local, undefined] : [local.slice(0, at), local.slice(at + length)];
}
