/**
 * Whose record is looked up: the identities of a mail transaction. RFC 7208 2.3, 2.4
 *
 * @module
 */
import type { Address } from "../address/address.ts";

/** An identity that can be checked. */
export interface SpfIdentity {
  readonly identity: "mailfrom" | "helo";
  readonly domain: string;
  /** Null stands for `postmaster`. */
  readonly local: string | null;
}

/** The identity of a MAIL command; the null sender's is the host's name. RFC 7208 2.4 */
export function identityOf(from: Address | null, helo: string): SpfIdentity {
  return from === null
    ? heloIdentity(helo)
    : { identity: "mailfrom", domain: from.domain, local: from.local };
}

/** The host's name, which may be checked for any mail. RFC 7208 2.3 */
export function heloIdentity(helo: string): SpfIdentity {
  return { identity: "helo", domain: helo, local: null };
}
