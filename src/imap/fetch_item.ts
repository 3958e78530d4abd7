/**
 * What FETCH can ask of a message, as it is after parsing: part of {@link "./command.ts".Fetch}. RFC 9051 6.4.5
 *
 * Tested by `src/imap/fetch_test.ts`.
 *
 * @module
 */

/** One thing asked of each message. */
export type FetchItem =
  | { readonly item: SimpleFetchItem }
  /** RFC 8970 3.1 */
  | { readonly item: "PREVIEW"; readonly lazy: boolean }
  | FetchSection
  | FetchBinary
  | { readonly item: "BINARY.SIZE"; readonly part: readonly number[]; readonly label: string };

/** BODY is BODYSTRUCTURE without extension data. EMAILID, THREADID: RFC 8474; SAVEDATE: RFC 8514. */
export type SimpleFetchItem =
  | "UID"
  | "FLAGS"
  | "INTERNALDATE"
  | "RFC822.SIZE"
  | "ENVELOPE"
  | "BODY"
  | "BODYSTRUCTURE"
  | "MODSEQ"
  | "SAVEDATE"
  | "EMAILID"
  | "THREADID";

/** BODY[...], and RFC822, RFC822.HEADER and RFC822.TEXT, which are the same under other names. */
export interface FetchSection {
  readonly item: "SECTION";
  readonly section: SectionSpec;
  /** Whether \Seen stays as it is. */
  readonly peek: boolean;
  readonly partial: PartialRange | null;
  /** The name under which the answer is given, as `BODY[1.MIME]<0>` or `RFC822`. */
  readonly label: string;
}

/** RFC 3516 4.1 */
export interface FetchBinary {
  readonly item: "BINARY";
  readonly part: readonly number[];
  readonly peek: boolean;
  readonly partial: PartialRange | null;
  /** As `BINARY[1.2]<0>`. */
  readonly label: string;
}

/** What stands between the brackets. RFC 9051 6.4.5.1 */
export interface SectionSpec {
  /** Part numbers from 1; empty for the message itself. */
  readonly part: readonly number[];
  /** MIME only with a part; `ALL` is `[]` or `[1.2]`. */
  readonly text: "ALL" | "HEADER" | "HEADER.FIELDS" | "HEADER.FIELDS.NOT" | "TEXT" | "MIME";
  /** Names of HEADER.FIELDS and HEADER.FIELDS.NOT, as sent; else empty. */
  readonly fields: readonly string[];
}

/** `<offset.length>` */
export interface PartialRange {
  readonly offset: number;
  /** At least 1. */
  readonly length: number;
}
