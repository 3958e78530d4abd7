/**
 * A mail address: a localpart and a domain. RFC 5321 4.1.2, RFC 6531 3.3
 *
 * @module
 */

/** An address of the envelope or of a header. */
export interface Address {
  /** The localpart, unquoted: the quoted and the plain spelling are one address. NFC. */
  readonly local: string;
  /**
   * The domain as U-labels in lower case, without a final dot; or an address literal with its brackets,
   * as `[192.0.2.1]` or `[IPv6:2001:db8::1]`; or empty for the bare `<Postmaster>`.
   */
  readonly domain: string;
}
