/**
 * Deliveries of the last day by their id, so that one that is repeated gets the same answer and no second copy.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { type Bytes, noBytes } from "../base/bytes.ts";
import { literal, one, prepared, run, tuples, type Work } from "./query.ts";

/** How long an answer is kept. */
export const keptMs = 24 * 60 * 60 * 1000;

/** Answers looked at by one call of {@link oldDeliveries}. */
export const maxExpired = 500;

/** Before every id. */
export const firstDelivery: Bytes = noBytes;

const find = prepared((db, p: { id: Bytes }) =>
  db.selectFrom("deliveries").select("answer").where("delivery_id", "=", p.id)
);

const insert = prepared((db, p: { id: Bytes; at: number; answer: string }) =>
  db.insertInto("deliveries").values({ delivery_id: p.id, at: p.at, answer: p.answer })
);

const after = prepared((db, p: { id: Bytes }) =>
  db.selectFrom("deliveries").select(["delivery_id", "at"]).where("delivery_id", ">", p.id)
    .orderBy("delivery_id").limit(literal(maxExpired))
);

const remove = prepared((db, p: { id: Bytes }) =>
  db.deleteFrom("deliveries").where("delivery_id", "=", p.id)
);

/** The answer that was given to this delivery, or undefined. */
export function* answerTo(id: Bytes): Work<string | undefined> {
  return (yield* one(find, { id }))?.answer;
}

/** Keeps an answer, in the unit that delivered. */
export function* keepAnswer(id: Bytes, at: Millis, answer: string): Work<void> {
  yield* run(insert, { id, at, answer });
}

/** Some deliveries in the order of their ids. */
export interface OldDeliveries {
  /** Those that are older than a day. */
  readonly ids: readonly Bytes[];
  /** The last that was looked at, or null if there are no more. */
  readonly last: Bytes | null;
}

/**
 * Looks at the next deliveries behind an id. All are looked at, hour by hour: that ids of one time lie together makes
 * adding them cheap, but whoever makes them need not keep to it.
 */
export function* oldDeliveries(behind: Bytes, now: Millis): Work<OldDeliveries> {
  const rows = yield* tuples<[id: Bytes, at: number]>(after, { id: behind });
  const old = rows.filter(([, at]) => at < now - keptMs);
  return { ids: old.map(([id]) => id), last: rows.length < maxExpired ? null : rows.at(-1)?.[0] ?? null };
}

/** Forgets deliveries. */
export function* forgetDeliveries(ids: readonly Bytes[]): Work<void> {
  for (const id of ids) yield* run(remove, { id });
}
