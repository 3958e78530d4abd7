/**
 * What goes with a message: its email when the last copy is gone, and with that its body.
 *
 * Tested by `src/store/add_message_test.ts`.
 *
 * @module
 */
import type { Bodies } from "./bodies.ts";
import { deleteEmailFields } from "./email_fields.ts";
import { one, prepared, run, type Work } from "./query.ts";
import type { Transaction } from "./transaction.ts";

const takeCopies = prepared((db, p: { accountId: number; emailId: number; copies: number }) =>
  db.updateTable("emails").set((eb) => ({ copies: eb("copies", "-", p.copies) }))
    .where("id", "=", p.emailId).where("account_id", "=", p.accountId)
    .returning(["copies", "body_id", "body_shared", "message_id_hash"])
);

const deleteEmail = prepared((db, p: { emailId: number }) =>
  db.deleteFrom("emails").where("id", "=", p.emailId)
);

/**
 * Takes away `copies` messages of an email. To be called in the unit that expunged them: it counts down, and deletes
 * what nobody has any more. The messages' rows and the counts are the caller's.
 */
export function* dropCopies(
  tx: Transaction,
  bodies: Bodies,
  email: { readonly accountId: number; readonly emailId: number; readonly copies: number },
): Work<void> {
  const row = yield* one(takeCopies, email);
  if (row === undefined || row.copies > 0) return;
  yield* run(deleteEmail, { emailId: email.emailId });
  yield* deleteEmailFields(email.accountId, email.emailId);
  tx.emailDeleted({ accountId: email.accountId, emailId: email.emailId });
  if (row.message_id_hash !== null) {
    yield* tx.messageIds.remove(email.accountId, row.message_id_hash, email.emailId);
  }
  yield* bodies.dropUnused(tx, row.body_id, row.body_shared === 1);
}
