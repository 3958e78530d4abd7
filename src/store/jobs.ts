/**
 * Rows of `jobs`: what is to be done at some time, and how far it has come. Nothing of it is only in memory.
 *
 * Tested by `src/store/housekeeping_test.ts`.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { one, prepared, run, type Work } from "./query.ts";

/** A job of which there is one in the store. */
export interface Job {
  readonly id: number;
  /** Where to go on; empty to begin. */
  readonly payload: string;
  readonly due: Millis;
  /** How often it failed since it last came to an end. */
  readonly attempts: number;
}

/** Jobs of the store itself belong to no account. */
const nobody = 0;

const jobOfKind = prepared((db, p: { kind: string }) =>
  db.selectFrom("jobs").select(["id", "payload", "due", "attempts"]).where("kind", "=", p.kind)
    .where("account_id", "=", nobody).orderBy("id")
);

const insert = prepared((db, p: { kind: string; due: number; now: number }) =>
  db.insertInto("jobs").values({
    account_id: nobody,
    kind: p.kind,
    payload: "",
    due: p.due,
    attempts: 0,
    leased_until: 0,
    created: p.now,
  })
);

const update = prepared((db, p: { id: number; payload: string; due: number; attempts: number }) =>
  db.updateTable("jobs").set({ payload: p.payload, due: p.due, attempts: p.attempts }).where("id", "=", p.id)
);

/** The job of that kind, or undefined. */
export function* jobOf(kind: string): Work<Job | undefined> {
  return yield* one(jobOfKind, { kind });
}

/** Makes the job of a kind, to begin now. */
export function* makeJob(kind: string, now: Millis): Work<Job> {
  const { insertedId } = yield* run(insert, { kind, due: now, now });
  return { id: insertedId, payload: "", due: now, attempts: 0 };
}

/** Writes how far a job has come, or when it is due next. */
export function* saveJob(job: Job): Work<void> {
  const { id, payload, due, attempts } = job;
  yield* run(update, { id, payload, due, attempts });
}
