/**
 * What SORT and THREAD order by. RFC 5256 3, RFC 5957 4, RFC 6203 6
 *
 * @module
 */

/** `relevancy` goes with a `fuzzy` search key, and puts the highest score first. */
export type SortKey =
  | "arrival"
  | "cc"
  | "date"
  | "displayFrom"
  | "displayTo"
  | "from"
  | "relevancy"
  | "size"
  | "subject"
  | "to";

export interface SortCriterion {
  readonly key: SortKey;
  readonly reverse: boolean;
}

export type ThreadAlgorithm = "orderedSubject" | "references";
