/**
 * What goes with a message: its email when the last copy is gone, and with that its body and thread.
 *
 * Tested by `src/store/add_message_test.ts`.
 *
 * @module
 */
import type { Bodies } from "./bodies.ts";
import { one, prepared, run, type Work } from "./query.ts";
import { dropEmptyThread } from "./threads.ts";
import type { Transaction } from "./writer.ts";

const takeCopies = prepared((db, p: { accountId: number; emailId: number; copies: number }) =>
  db.updateTable("emails").set((eb) => ({ copies: eb("copies", "-", p.copies) }))
    .where("id", "=", p.emailId).where("account_id", "=", p.accountId)
    .returning(["copies", "body_id", "thread_id"])
);

const deleteEmail = prepared((db, p: { emailId: number }) =>
  db.deleteFrom("emails").where("id", "=", p.emailId)
);

const returnSpace = prepared((db, p: { accountId: number; bytes: number }) =>
  db.updateTable("accounts").set((eb) => ({ bytes: eb("bytes", "-", p.bytes) })).where("id", "=", p.accountId)
);

/**
 * Takes away `copies` messages of an email. To be called in the unit that expunged them: it counts down, and deletes what nobody
 * has any more. The messages' rows, the mailbox's counts and {@link releaseSpace} are the caller's.
 */
export function* dropCopies(
  tx: Transaction,
  bodies: Bodies,
  email: { readonly accountId: number; readonly emailId: number; readonly copies: number },
): Work<void> {
  const row = yield* one(takeCopies, email);
  if (row === undefined || row.copies > 0) return;
  yield* run(deleteEmail, { emailId: email.emailId });
  yield* dropEmptyThread(email.accountId, row.thread_id);
  yield* bodies.dropUnused(tx, row.body_id);
}

/** Gives octets of expunged messages back to the account's quota. */
export function* releaseSpace(accountId: number, bytes: number): Work<void> {
  yield* run(returnSpace, { accountId, bytes });
}
