/**
 * Recipients that are done with, kept for a while: so that somebody can see what became of a message, and a notice that
 * comes back finds the message that it is about.
 *
 * Tested by `src/queue/conclude_test.ts`.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { emptyText, literal, many, one, prepared, run, type Work } from "./query.ts";
import type { QueueRow } from "./queue_rows.ts";
import type { QueueRetiredTable } from "./queue_schema.ts";

/** Rows forgotten in one unit. */
export const maxForgotten = 500;

const insert = prepared((
  db,
  p: {
    id: number;
    accountId: number;
    baseId: number;
    size: number;
    sender: string;
    recipient: string;
    domain: string;
    submitted: number;
    lastAttempt: number;
    attempts: number;
    messageId: string | null;
    subject: string;
    fromId: string;
    results: string;
    retired: number;
    outcome: string;
    keepUntil: number;
  },
) =>
  db.insertInto("queue_retired").values({
    id: p.id,
    account_id: p.accountId,
    base_id: p.baseId,
    size: p.size,
    sender: p.sender,
    recipient: p.recipient,
    domain: p.domain,
    submitted: p.submitted,
    last_attempt: p.lastAttempt,
    attempts: p.attempts,
    message_id: p.messageId,
    subject: p.subject,
    from_id: p.fromId,
    results: p.results,
    retired: p.retired,
    outcome: p.outcome,
    keep_until: p.keepUntil,
  })
);

const oldest = prepared((db, p: { now: number }) =>
  db.selectFrom("queue_retired").select("id").where("keep_until", "<=", p.now).orderBy("keep_until")
    .limit(literal(maxForgotten))
);

const remove = prepared((db, p: { id: number }) => db.deleteFrom("queue_retired").where("id", "=", p.id));

const byFromId = prepared((db, p: { fromId: string }) =>
  db.selectFrom("queue_retired").selectAll().where("from_id", "<>", emptyText).where(
    "from_id",
    "=",
    p.fromId,
  ).limit(literal(1))
);

const amend = prepared((db, p: { id: number; results: string; outcome: string }) =>
  db.updateTable("queue_retired").set({ results: p.results, outcome: p.outcome }).where("id", "=", p.id)
);

/** The recipient whose message had a sender with this id; undefined if it is not known (any more). */
export function* retiredWithFromId(fromId: string): Work<QueueRetiredTable | undefined> {
  return yield* one(byFromId, { fromId });
}

/** Changes what is known of how a recipient ended: somebody has told us more. */
export function* amendRetired(id: number, outcome: Outcome, results: string): Work<void> {
  yield* run(amend, { id, outcome, results });
}

/** How a recipient ended. */
export type Outcome = "delivered" | "failed" | "dropped" | "suppressed";

/** Keeps what became of a row that was just taken out of the queue. */
export function* retire(
  row: QueueRow,
  end: {
    readonly outcome: Outcome;
    readonly results: string;
    readonly now: Millis;
    readonly keepUntil: Millis;
  },
): Work<void> {
  yield* run(insert, {
    id: row.id,
    accountId: row.account_id,
    baseId: row.base_id,
    size: row.size,
    sender: row.sender,
    recipient: row.recipient,
    domain: row.domain,
    submitted: row.submitted,
    lastAttempt: row.last_attempt,
    attempts: row.attempts,
    messageId: row.message_id,
    subject: row.subject,
    fromId: row.from_id,
    results: end.results,
    retired: end.now,
    outcome: end.outcome,
    keepUntil: end.keepUntil,
  });
}

/** Forgets what was kept long enough; tells whether there may be more. */
export function* forgetRetired(now: Millis): Work<boolean> {
  const rows = yield* many(oldest, { now });
  for (const { id } of rows) yield* run(remove, { id });
  return rows.length === maxForgotten;
}
