/**
 * Messages that were put off by a clock which was wrong. A machine that thought for an hour that it was next year has set the
 * next attempts to next year; once its clock is right again, nobody would try them before that.
 *
 * Tested by `src/store/outgoing_chore_test.ts`.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { literal, many, one, prepared, run, type Work } from "./query.ts";
import { settleDestination } from "./queue_rows.ts";

/** Longer than any wait between two attempts: what is due later was put off by somebody, or by a clock. */
export const putOffMs = 25 * 60 * 60 * 1000;

/** So much later than now nothing has happened yet. Clocks are set back by a moment all the time. */
const aheadMs = 60 * 60 * 1000;

/** Rows that are looked at in one unit. */
const lookedAt = 500;

/** Where the next unit goes on. */
export interface PutOffPlace {
  readonly due: Millis;
  readonly id: number;
}

const columns = ["id", "domain", "due", "submitted", "last_attempt", "release"] as const;

const sameDue = prepared((db, p: { due: number; id: number }) =>
  db.selectFrom("queue").select(columns).where("due", "=", p.due).where("id", ">", p.id).orderBy("id")
    .limit(literal(lookedAt))
);

const laterDue = prepared((db, p: { due: number }) =>
  db.selectFrom("queue").select(columns).where("due", ">", p.due).orderBy("due").orderBy("id")
    .limit(literal(lookedAt))
);

const first = prepared((db, p: { due: number }) =>
  db.selectFrom("queue").select("id").where("due", ">", p.due).limit(literal(1))
);

const setDue = prepared((db, p: { id: number; due: number }) =>
  db.updateTable("queue").set({ due: p.due }).where("id", "=", p.id)
);

/** Whether anything is put off that far. */
export function* hasPutOff(now: Millis): Work<boolean> {
  return (yield* one(first, { due: now + putOffMs })) !== undefined;
}

/**
 * Of the next messages that are put off, those that have been handled at a time which is still to come wait as long as they
 * should have from now on. What its sender wants at a certain time (RFC 4865) stays.
 *
 * @returns Where to go on; null at the end.
 */
export function* mendTimes(place: PutOffPlace | null, now: Millis): Work<PutOffPlace | null> {
  const same = place === null ? [] : yield* many(sameDue, place);
  const rows = same.length > 0 ? same : yield* many(laterDue, { due: place?.due ?? now + putOffMs });
  const domains = new Set<string>();
  for (const { id, domain, due, submitted, last_attempt: attempted, release } of rows) {
    const handled = Math.max(submitted, attempted);
    const isWished = attempted === 0 && release.startsWith("until;");
    if (handled <= now + aheadMs || isWished) continue;
    yield* run(setDue, { id, due: now + Math.max(0, due - handled) });
    domains.add(domain);
  }
  for (const domain of domains) yield* settleDestination(domain);
  const last = rows.at(-1);
  return last === undefined ? null : { due: last.due, id: last.id };
}
