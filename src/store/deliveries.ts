/**
 * Deliveries of the last day by their id, so that one that is repeated gets the same answer and no second copy.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import type { Bytes } from "../base/bytes.ts";
import { literal, many, one, prepared, run, type Work } from "./query.ts";

/** How long an answer is kept. */
export const keptMs = 24 * 60 * 60 * 1000;

/** Answers deleted by one call of {@link expireDeliveries}. */
export const maxExpired = 500;

const find = prepared((db, p: { id: Bytes }) =>
  db.selectFrom("deliveries").select("answer").where("delivery_id", "=", p.id)
);

const insert = prepared((db, p: { id: Bytes; at: number; answer: string }) =>
  db.insertInto("deliveries").values({ delivery_id: p.id, at: p.at, answer: p.answer })
);

const oldest = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("deliveries").select(["id", "at"]).orderBy("id").limit(literal(maxExpired))
);

const deleteUpTo = prepared((db, p: { id: number }) => db.deleteFrom("deliveries").where("id", "<=", p.id));

/** The answer that was given to this delivery, or undefined. */
export function* answerTo(id: Bytes): Work<string | undefined> {
  return (yield* one(find, { id }))?.answer;
}

/** Keeps an answer, in the unit that delivered. */
export function* keepAnswer(id: Bytes, at: Millis, answer: string): Work<void> {
  yield* run(insert, { id, at, answer });
}

/** Deletes answers that are older than a day, at most {@link maxExpired}. Returns whether there may be more. */
export function* expireDeliveries(now: Millis): Work<boolean> {
  const rows = yield* many(oldest, {});
  const old = rows.filter((row) => row.at < now - keptMs);
  const last = old.at(-1);
  if (last === undefined) return false;
  yield* run(deleteUpTo, { id: last.id });
  return old.length === maxExpired;
}
