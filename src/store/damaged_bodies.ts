/**
 * Bodies that were found to be damaged: rows of `damaged`, and the same in memory for those who ask of every body.
 *
 * Tested by `src/store/scrub_test.ts`.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { literal, many, prepared, run, type Work } from "./query.ts";

/** Damaged bodies that are remembered; a store with more has other worries. */
export const maxDamaged = 10_000;

const all = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("damaged").select("body_id").orderBy("body_id").limit(literal(maxDamaged))
);

const insert = prepared((db, p: { id: number; found: number; what: string }) =>
  db.insertInto("damaged").columns(["body_id", "found", "what"])
    .expression((eb) =>
      // Not if it was deleted meanwhile.
      eb.selectFrom("bodies").select((eb) => ["id", eb.val(p.found).as("found"), eb.val(p.what).as("what")])
        .where("id", "=", p.id)
    )
    .onConflict((conflict) => conflict.doNothing())
);

const remove = prepared((db, p: { id: number }) => db.deleteFrom("damaged").where("body_id", "=", p.id));

/** The damaged bodies that are on record. */
export function* damagedBodies(): Work<number[]> {
  return (yield* many(all, {})).map((row) => row.body_id);
}

/** Puts one on record. */
export function* markDamaged(id: number, found: Millis, what: string): Work<void> {
  yield* run(insert, { id, found, what });
}

/** It is whole again, or gone. */
export function* unmarkDamaged(id: number): Work<void> {
  yield* run(remove, { id });
}
