/**
 * What SEARCH asks, as a tree. RFC 9051 6.4.4, RFC 3501 6.4.4, RFC 7162 3.1.5, RFC 5032, RFC 8514
 *
 * Before it goes to the store, the session replaces `sequence` by `uids` (RFC 9051 6.4.4: message numbers
 * are the session's own). Flags are in the vocabulary of `flags.ts`.
 *
 * @module
 */

/** UIDs or message numbers as ascending, disjoint, inclusive ranges: `[first, last, first, last, …]`. */
export type Ranges = readonly number[];

/** Day in a search key: days since 1970-01-01, without time zone. */
export type Day = number;

export type SearchKey =
  | { readonly key: "all" }
  | { readonly key: "and"; readonly keys: readonly SearchKey[] }
  | { readonly key: "or"; readonly left: SearchKey; readonly right: SearchKey }
  | { readonly key: "not"; readonly inner: SearchKey }
  | { readonly key: "sequence"; readonly set: Ranges }
  | { readonly key: "uids"; readonly set: Ranges }
  /** A flag (`\Seen`) or keyword is set. */
  | { readonly key: "flag"; readonly flag: string }
  /** \Recent for this session; the session replaces it by `uids`. */
  | { readonly key: "recent" }
  /** In the named header field, decoded, ignoring case; an empty text asks only that the field is there. */
  | { readonly key: "header"; readonly field: string; readonly text: string }
  /** In the text of the body (decoded text parts), ignoring case. */
  | { readonly key: "body"; readonly text: string }
  /** In header or body. */
  | { readonly key: "text"; readonly text: string }
  /** What is inside is matched loosely. RFC 6203 3 */
  | { readonly key: "fuzzy"; readonly inner: SearchKey }
  /** Strictly larger or smaller than so many octets. */
  | { readonly key: "larger"; readonly octets: number }
  | { readonly key: "smaller"; readonly octets: number }
  /** Internal date's, Date field's (sent) or save date's day; `before` is exclusive, `since` inclusive. */
  | {
    readonly key: "date";
    readonly of: DateField;
    readonly is: "before" | "on" | "since";
    readonly day: Day;
  }
  /** Internal date within the last so many seconds (`younger`) or before (`older`). RFC 5032 */
  | { readonly key: "within"; readonly is: "younger" | "older"; readonly seconds: number }
  | { readonly key: "saveDateSupported" }
  /** RFC 7162 3.1.5 */
  | { readonly key: "modseq"; readonly atLeast: number }
  | { readonly key: "emailId"; readonly id: string }
  | { readonly key: "threadId"; readonly id: string };

export type DateField = "internal" | "sent" | "saved";
