/**
 * Row ids of emails, none of which is ever used twice: what was written down elsewhere of an email that is gone (in the
 * full-text index, which is another file) can then never be taken for another's.
 *
 * SQLite itself would need a change to one more page in each commit for that. Here a thousand numbers are taken at
 * once: `meta.email_ids` holds the last of those taken, and a start leaves out the rest of them.
 *
 * @module
 */
import type { Reader } from "./connection.ts";
import { one, prepared, run, type Work } from "./query.ts";

/** Numbers taken at once. */
export const idsTaken = 1000;

const takenRow = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("meta").select("value").where("name", "=", "email_ids")
);

const lastRow = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("emails").select((eb) => eb.fn.max("id").as("id"))
);

const setTaken = prepared((db, p: { value: number }) =>
  db.insertInto("meta").values({ name: "email_ids", value: p.value })
    .onConflict((conflict) => conflict.column("name").doUpdateSet({ value: p.value }))
);

/** Hands out row ids of emails, ascending. */
export class EmailIds {
  #last: number;
  /** The end of what is taken, as it is on the disk; and as it will be with the next COMMIT. */
  #taken: number;
  #noted: number;

  constructor(last: number) {
    this.#last = this.#taken = this.#noted = last;
  }

  /** Goes on behind every number that may have been used. */
  static load(reader: Reader): EmailIds {
    const taken = reader.read(one(takenRow, {}))?.value ?? 0;
    return new EmailIds(Math.max(taken, reader.read(one(lastRow, {}))?.id ?? 0));
  }

  /** No number up to this one will be given to an email that is added from now on. */
  get last(): number {
    return this.#last;
  }

  /** The next number. One whose email is rolled back is left out. */
  take(): number {
    return ++this.#last;
  }

  /** To be run at the end of each transaction, before COMMIT; costs something only once in a thousand emails. */
  *note(): Work<void> {
    this.#noted = this.#taken;
    if (this.#last <= this.#taken) return;
    const value = this.#last + idsTaken;
    yield* run(setTaken, { value });
    this.#noted = value;
  }

  /** After COMMIT. */
  committed(): void {
    this.#taken = this.#noted;
  }
}
