/**
 * What is known of a message once it has been read: computed at delivery, stored, and never again asked of
 * the bytes. The type alone; `indexer.ts` makes it.
 *
 * Offsets count from the first byte of the message's own body, that is, of what came over SMTP or APPEND,
 * with CRLF line ends. The prefix (trace fields that the server puts in front) is not part of it.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";

/** Raised when the indexer finds more, or otherwise; stored messages with a lower one are indexed again. */
export const parseVersion = 1;

/** What decodes a part. RFC 2045 6 */
export type TransferEncoding = "7bit" | "8bit" | "binary" | "quoted-printable" | "base64" | "unknown";

/** One entity: the message itself, a body part, or a nested message. RFC 2045 2.4 */
export interface Part {
  /** Where its header begins. */
  readonly headerStart: number;
  /** Where its body begins: after the empty line that ends the header. */
  readonly bodyStart: number;
  /** Just behind its body, without the CRLF that belongs to the boundary. */
  readonly bodyEnd: number;
  /** Line ends in the body, counted as IMAP does. RFC 9051 7.5.2 */
  readonly lines: number;
  /** Octets of the body after its transfer encoding is undone; -1 if it cannot be (RFC 3516 4.3). */
  readonly decodedSize: number;
  /** Lower case, as `text`. */
  readonly type: string;
  readonly subtype: string;
  /** The charset parameter in lower case, or null. */
  readonly charset: string | null;
  readonly encoding: TransferEncoding;
  /** `attachment`, `inline`, another word in lower case, or null. RFC 2183 */
  readonly disposition: string | null;
  /** The decoded file name (RFC 2231, and RFC 2047 where senders use it wrongly), or null. */
  readonly fileName: string | null;
  /** Body parts of a multipart; of `message/rfc822` and `message/global` the one message inside. */
  readonly children: readonly Part[];
}

/** The index of one message. */
export interface MessageIndex {
  readonly version: number;
  /** Octets. */
  readonly size: number;
  /** The message as the root of its parts. */
  readonly root: Part;
  /** The value of ENVELOPE, ready to be sent. RFC 9051 7.5.2 */
  readonly envelope: Bytes;
  /** The value of BODY (without extension data), ready to be sent. */
  readonly body: Bytes;
  /** The value of BODYSTRUCTURE, ready to be sent. */
  readonly bodyStructure: Bytes;
  /** The decoded Subject, unfolded; empty if there is none. */
  readonly subject: string;
  /** For threads and SORT. RFC 5256 2.1 */
  readonly baseSubject: string;
  /** Whether the subject says that it is a reply or forward. RFC 5256 2.1 */
  readonly isReply: boolean;
  /** The Date field, or null where there is none that can be read. */
  readonly date: number | null;
  /** Decoded display names and addresses, as `Name <local@domain>` joined with `, `, for search and sort. */
  readonly from: string;
  readonly to: string;
  readonly cc: string;
  readonly bcc: string;
  /** The one address of the From field as `local@domain`, or null if there is not exactly one. */
  readonly fromAddress: string | null;
  /** Without angle brackets; null if there is none. RFC 5322 3.6.4 */
  readonly messageId: string | null;
  /** From References, else In-Reply-To; oldest first, without brackets, at most {@link maxReferences}. */
  readonly references: readonly string[];
  /** A delivery status notification or another report. RFC 6522 */
  readonly isReport: boolean;
  /** At most 256 characters of the text. RFC 8970 */
  readonly preview: string;
  /** Received fields in the message itself, for loop detection. */
  readonly receivedCount: number;
  /** Whether header fields or a part's header hold octets above 127. RFC 6532 */
  readonly hasUtf8Headers: boolean;
  /** Whether the body holds octets above 127. */
  readonly has8Bit: boolean;
  /** What was wrong with it, in words, at most {@link maxProblems}; it is served all the same. */
  readonly problems: readonly string[];
}

/** Newest references kept of a message that has more. */
export const maxReferences = 100;
export const maxProblems = 20;
