/**
 * Rows of messages, as they are asked for again and again: those of a mailbox, from one UID to another.
 *
 * Tested by `src/accounts/mail_store_test.ts`.
 *
 * @module
 */
import type { Kysely } from "kysely";
import type { Tables } from "./schema.ts";

/** UIDs of a mailbox. (An interface could not stand for a query's `Values`.) */
export type UidsBetween = {
  readonly accountId: number;
  readonly mailboxId: number;
  readonly from: number;
  readonly to: number;
};

/** Every row, also of messages that were expunged, by UID. The select list and the limit are the caller's. */
export function rowsBetween(db: Kysely<Tables>, p: UidsBetween) {
  return db.selectFrom("messages as m")
    .where("m.account_id", "=", p.accountId).where("m.mailbox_id", "=", p.mailboxId)
    .where("m.uid", ">=", p.from).where("m.uid", "<=", p.to)
    .orderBy("m.uid");
}

/** Rows of messages that exist, by UID. */
export function messagesBetween(db: Kysely<Tables>, p: UidsBetween) {
  return rowsBetween(db, p).where("m.expunged", "=", 0);
}
