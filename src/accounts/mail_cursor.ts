/**
 * Messages of a mailbox in ranges of UIDs, read a few at a time by key, so that a slice can end anywhere and the next
 * goes on behind the last message.
 *
 * Tested by `src/accounts/mail_store_test.ts`.
 *
 * @module
 */
import type { Ranges } from "../imap/search_key.ts";
import { maxUid } from "../store/counts.ts";
import type { UidsBetween } from "../store/message_rows.ts";
import {
  type Prepared,
  type SomeRows,
  someTuples,
  type SqlValue,
  tuples,
  type Values,
  type Work,
} from "../store/query.ts";
import { checkRanges, RangeWalk, type Stretch } from "./mail_ranges.ts";

/** A cursor's query. */
export interface CursorQuery {
  /** Takes {@link UidsBetween}; gives rows in the order of their UIDs. */
  readonly query: Prepared<never, unknown>;
  /** Its LIMIT, which is written out: see `query.ts`. */
  readonly limit: number;
  /** Where the columns of rows reach so many octets, their reading ends; null if they hold no bytes. */
  readonly maxBytes: number | null;
}

/** A query of one call; ranges far apart need one each. */
const maxQueries = 256;

/** Every UID. */
export const allUids: Ranges = [1, maxUid];

/** Reads rows, whose first column is the UID, in order. Holds nothing open. */
export class MessageCursor<T extends readonly [uid: number, ...rest: SqlValue[]]> {
  readonly #query: CursorQuery;
  readonly #accountId: number;
  readonly #mailboxId: number;
  readonly #extra: Values;
  readonly #walk: RangeWalk;
  #from = 1;
  #done = false;

  /**
   * @param extra What the query takes beside {@link UidsBetween}.
   * @throws {Refused} for ranges that are none.
   */
  constructor(
    query: CursorQuery,
    of: { readonly accountId: number; readonly mailboxId: number; readonly uids: Ranges },
    extra: Values = {},
  ) {
    checkRanges(of.uids);
    this.#query = query;
    this.#accountId = of.accountId;
    this.#mailboxId = of.mailboxId;
    this.#extra = extra;
    this.#walk = new RangeWalk(of.uids);
  }

  /** Whether there is nothing more to read. */
  get done(): boolean {
    return this.#done;
  }

  /** Reads on from this UID: rows that were read and not used are read again. */
  seek(uid: number): void {
    this.#from = uid;
    this.#done = false;
  }

  /** Some rows more, fewer than twice the query's limit; perhaps none though it is not {@link done}. */
  *next(): Work<readonly T[]> {
    const { limit } = this.#query;
    let found: T[] = [];
    for (let queries = 0; queries < maxQueries && found.length < limit; queries++) {
      const stretch = this.#walk.next(this.#from);
      if (stretch === null) {
        this.#done = true;
        return found;
      }
      const { rows, cut } = yield* this.#rows(stretch);
      const last = cut || rows.length >= limit ? rows.at(-1) : undefined;
      const kept = stretch.dense ? rows : rows.filter((row) => this.#walk.wants(row[0]));
      found = found.length === 0 ? kept : found.concat(kept);
      this.#from = last === undefined ? stretch.to + 1 : last[0] + 1;
      if (cut) break;
    }
    return found;
  }

  *#rows({ from, to }: Stretch): Work<SomeRows<T>> {
    const { query, maxBytes } = this.#query;
    const between: UidsBetween = { accountId: this.#accountId, mailboxId: this.#mailboxId, from, to };
    const values = { ...this.#extra, ...between };
    if (maxBytes !== null) return yield* someTuples<T>(query, values, maxBytes);
    return { rows: yield* tuples<T>(query, values), cut: false };
  }
}
