/**
 * Reads columns of `email_fields` for some messages of a mailbox at once: by one walk through neighbouring rows where their
 * emails came one after the other, as they usually did, and else one by one.
 *
 * Tested by `src/accounts/mail_store_test.ts`.
 *
 * @module
 */
import { numbersOf, type Prepared, prepared, type SqlValue, tuples, type Work } from "../store/query.ts";

/** Columns that can be asked for; each is a bit of a mask by its place here. */
const columns = [
  "sent",
  "subject",
  "from_text",
  "to_text",
  "cc_text",
  "bcc_text",
  "is_reply",
  "sort_subject",
  "sort_from",
  "sort_to",
  "sort_cc",
  "display_from",
  "display_to",
  "message_id",
  "refs",
] as const;

export type FieldColumn = typeof columns[number];

/** The email's row, then the columns asked for, in the order of {@link columns}. */
export type FieldRow = readonly [emailId: number, ...values: SqlValue[]];

/** Rows between wanted ones that are read and passed over, for each wanted one. */
const passedOver = 3;

/** The bits of columns. */
export function fieldMask(wanted: readonly FieldColumn[]): number {
  return columns.reduce((mask, column, i) => wanted.includes(column) ? mask | 1 << i : mask, 0);
}

interface Queries {
  readonly range: Prepared<{ accountId: number; from: number; to: number }, unknown>;
  readonly list: Prepared<{ accountId: number; ids: string }, unknown>;
}

const known = new Map<number, Queries>();

function queriesFor(mask: number): Queries {
  let queries = known.get(mask);
  if (queries === undefined) {
    const names = ["email_id" as const, ...columns.filter((_column, i) => (mask & 1 << i) !== 0)];
    queries = {
      range: prepared((db, p: { accountId: number; from: number; to: number }) =>
        db.selectFrom("email_fields").select(names).where("account_id", "=", p.accountId)
          .where("email_id", ">=", p.from).where("email_id", "<=", p.to).orderBy("email_id")
      ),
      list: prepared((db, p: { accountId: number; ids: string }) =>
        db.selectFrom("email_fields").select(names).where("account_id", "=", p.accountId)
          .where("email_id", "in", numbersOf(p.ids)).orderBy("email_id")
      ),
    };
    known.set(mask, queries);
  }
  return queries;
}

/** The columns of one kind of question. */
export class FieldReader {
  readonly #accountId: number;
  readonly #queries: Queries;
  readonly #places: ReadonlyMap<FieldColumn, number>;

  /** @param mask Of {@link fieldMask}. */
  constructor(accountId: number, mask: number) {
    this.#accountId = accountId;
    this.#queries = queriesFor(mask);
    const asked = columns.filter((_column, i) => (mask & 1 << i) !== 0);
    this.#places = new Map(asked.map((column, i) => [column, i + 1]));
  }

  /** Where a column stands in rows; 0, which is the email's row, if it was not asked for. */
  place(column: FieldColumn): number {
    return this.#places.get(column) ?? 0;
  }

  /** The rows of some emails, to be looked up. */
  *read(emailIds: ArrayLike<number>): Work<FieldRows> {
    let [from, to] = [Infinity, 0];
    for (let i = 0; i < emailIds.length; i++) {
      const id = emailIds[i] ?? 0;
      if (id < from) from = id;
      if (id > to) to = id;
    }
    if (emailIds.length === 0) return new FieldRows([]);
    const accountId = this.#accountId;
    const dense = to - from < (1 + passedOver) * emailIds.length;
    return new FieldRows(
      dense
        ? yield* tuples<FieldRow>(this.#queries.range, { accountId, from, to })
        : yield* tuples<FieldRow>(this.#queries.list, {
          accountId,
          ids: JSON.stringify(Array.from(emailIds)),
        }),
    );
  }
}

/** Rows in the order of emails. */
export class FieldRows {
  readonly #rows: readonly FieldRow[];
  #at = 0;

  constructor(rows: readonly FieldRow[]) {
    this.#rows = rows;
  }

  /** The row of an email: at once where emails are asked for in order. */
  of(emailId: number): FieldRow | undefined {
    const rows = this.#rows;
    if (rows[this.#at]?.[0] !== emailId) this.#at = this.#find(emailId);
    const row = rows[this.#at];
    if (row?.[0] !== emailId) return undefined;
    this.#at++;
    return row;
  }

  #find(emailId: number): number {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#rows[middle]?.[0] ?? 0) < emailId) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
