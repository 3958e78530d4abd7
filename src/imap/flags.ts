/**
 * Flags and keywords. RFC 9051 2.3.2
 *
 * System flags and the well-known keywords are bits of one number; other keywords are lower-case atoms.
 * `\Recent` is no flag of a message here: it belongs to a session (RFC 3501 2.3.2).
 *
 * @module
 */

/** Each flag's bit. The numbers are stored: they never change. */
export const flagBits: Readonly<Record<string, number>> = {
  "\\Seen": 1,
  "\\Answered": 2,
  "\\Flagged": 4,
  "\\Deleted": 8,
  "\\Draft": 16,
  "$Forwarded": 32,
  "$Junk": 64,
  "$NotJunk": 128,
  "$Phishing": 256,
  "$MDNSent": 512,
};

export const seen = 1;
export const answered = 2;
export const flagged = 4;
export const deleted = 8;
export const draft = 16;
export const forwarded = 32;
export const junk = 64;
export const notJunk = 128;
export const phishing = 256;
export const mdnSent = 512;

/** The flags of a message. */
export interface Flags {
  /** Sum of bits of {@link flagBits}. */
  readonly bits: number;
  /** Other keywords: lower case, ascending, without doubles. */
  readonly keywords: readonly string[];
}

/** The most keywords of one message, and the most characters of one. */
export const maxKeywords = 100;
export const maxKeywordLength = 100;

/** The most different keywords in one mailbox. */
export const maxMailboxKeywords = 1000;
