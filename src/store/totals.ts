/**
 * Sums over all accounts.
 *
 * Tested by `src/accounts/status_service_test.ts`.
 *
 * @module
 */
import { one, prepared, type Work } from "./query.ts";

/** Sums over all mailboxes. */
export interface Totals {
  readonly accounts: number;
  readonly messages: number;
  readonly unseen: number;
  readonly bytes: number;
}

const mailboxSums = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("mailboxes").select((e) => [
    e.fn.sum<number>("messages").as("messages"),
    e.fn.sum<number>("unseen").as("unseen"),
    e.fn.sum<number>("bytes").as("bytes"),
  ])
);

const accountCount = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("accounts").select((e) => e.fn.countAll<number>().as("accounts"))
);

/** What all accounts hold. Reads one small row for each mailbox, and no message. */
export function* totals(): Work<Totals> {
  const sums = yield* one(mailboxSums, {});
  const count = yield* one(accountCount, {});
  return {
    accounts: count?.accounts ?? 0,
    messages: sums?.messages ?? 0,
    unseen: sums?.unseen ?? 0,
    bytes: sums?.bytes ?? 0,
  };
}
