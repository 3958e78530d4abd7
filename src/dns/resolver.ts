/**
 * What everything that asks the DNS is handed: one function that answers, and never throws for what the DNS
 * or the network did. The types alone; `net` makes the real one, `testing/zone_resolver.ts` one of a table.
 *
 * @module
 */
import type { DataByType, Name, RecordType } from "./record.ts";

/**
 * What DNSSEC says of an answer, also of one that denies. RFC 4033 5
 *
 * - `secure`: a chain of signatures from a trust anchor covers all of it, each alias on the way included.
 * - `insecure`: it is proved that a zone on the way is not signed (or only with algorithms that nobody here knows).
 * - `bogus`: it should be signed, and is not, or wrongly. Such an answer's records are never given out.
 * - `indeterminate`: nobody could tell, for example as the upstream strips signatures, or validation is off.
 */
export type Security = "secure" | "insecure" | "bogus" | "indeterminate";

/** Why there is no answer. */
export type FailureKind =
  /** No server answered in time. */
  | "timeout"
  /** SERVFAIL, REFUSED, or an answer that nobody can read, from every server asked. */
  | "serverFailure"
  /** The answer did not pass validation; `security` is `bogus` then. */
  | "bogus"
  /** A chain of aliases that is a circle, or longer than the limit. */
  | "aliases"
  /** To find out would be more work than a named limit lets one lookup be: that is the zones' doing. */
  | "costly"
  /** A named limit on how much is under way here at once: it says nothing of the DNS. */
  | "limit"
  /** The one who asked gave up. */
  | "aborted";

/** The answer to one question. */
export interface Answer<T extends RecordType = RecordType> {
  /** As asked, absolute. */
  readonly name: Name;
  readonly type: T;
  /**
   * - `found`: there are records, at least one.
   * - `noData`: the name exists and has none of this type. RFC 2308 2.2
   * - `noSuchDomain`: the name does not exist, nor anything below it. RFC 8020
   * - `failed`: nobody knows; look at `failure`. It may work later.
   */
  readonly status: "found" | "noData" | "noSuchDomain" | "failed";
  /** The name that `records` belong to: `name`, or where its aliases led. */
  readonly canonicalName: Name;
  readonly records: readonly DataByType[T][];
  /** Seconds that the answer may still be kept; 0 for a failure. */
  readonly ttl: number;
  readonly security: Security;
  /** One sentence for people: why `security` is what it is, with zone, name and extended errors (RFC 8914). */
  readonly why: string;
  /** Null unless `status` is `failed`. */
  readonly failure: FailureKind | null;
}

/** What may be said with a question. */
export interface LookupOptions {
  /** Gives up when it is aborted; the answer is then a failure of kind `aborted`. */
  readonly signal?: AbortSignal;
}

/** Asks the DNS. */
export interface Resolver {
  /**
   * Looks up the records of one type of one name. Aliases (CNAME, DNAME) are followed.
   *
   * @param name Absolute, with its final dot: nothing is ever appended. Labels in A-labels or U-labels.
   * @returns Always an answer; `status` is `failed` where there is none.
   * @throws {SyntaxError} If `name` can not be a domain name, or is not absolute.
   */
  lookup<T extends RecordType>(name: string, type: T, options?: LookupOptions): Promise<Answer<T>>;
  /** Forgets the answers that it keeps, if it keeps any: somebody has mended a zone, and does not want to wait. */
  forget?(): void;
}
