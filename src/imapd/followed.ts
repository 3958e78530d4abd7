/**
 * A search whose results are followed. RFC 5267 4.3
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { FetchItem } from "../imap/fetch_item.ts";
import type { SearchKey } from "../imap/search_key.ts";
import type { SortCriterion } from "../imap/sort_key.ts";

/** What is followed. */
export interface Followed {
  readonly tag: string;
  /** Whether its answers name UIDs. */
  readonly uid: boolean;
  /** As it was understood when the command came. */
  readonly key: SearchKey;
  /** Null for SEARCH: results are in the order of the mailbox. */
  readonly criteria: readonly SortCriterion[] | null;
  /** What to fetch of messages that arrive and are results; may be empty. RFC 5465 7 */
  readonly items: readonly FetchItem[];
  /** For ESEARCH. */
  readonly mailbox?: { readonly name: string; readonly uidValidity: number };
}

/** A search that is followed, and what the client thinks its results are. */
export interface Context extends Followed {
  results: Uint32Array;
}
