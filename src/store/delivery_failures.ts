/**
 * How often messages of an account to an address have failed in a row. Only addresses that failed last time have a row, and
 * only for a while.
 *
 * Tested by `src/queue/conclude_test.ts`.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { literal, one, prepared, run, type Work } from "./query.ts";

/** A failure that was longer ago than this is not in a row with the next one. */
export const failureMemoryMs = 90 * 24 * 60 * 60 * 1000;

/** Rows that are forgotten in one unit. */
const maxForgotten = 500;

const add = prepared((db, p: { accountId: number; address: string; last: number }) =>
  db.insertInto("delivery_failures")
    .values({ account_id: p.accountId, address: p.address, failures: 1, last: p.last })
    .onConflict((conflict) =>
      conflict.columns(["account_id", "address"]).doUpdateSet((eb) => ({
        failures: eb("delivery_failures.failures", "+", 1),
        last: eb.ref("excluded.last"),
      }))
    )
    .returning("failures")
);

const remove = prepared((db, p: { accountId: number; address: string }) =>
  db.deleteFrom("delivery_failures").where("account_id", "=", p.accountId).where("address", "=", p.address)
);

const removeOld = prepared((db, p: { until: number }) =>
  db.deleteFrom("delivery_failures").where((eb) =>
    eb(
      eb.refTuple("account_id", "address"),
      "in",
      eb.selectFrom("delivery_failures").select(["account_id", "address"]).where("last", "<", p.until)
        .limit(literal(maxForgotten)).$asTuple("account_id", "address"),
    )
  )
);

/** Counts a failure. Returns how many there were in a row, this one among them. */
export function* countFailure(accountId: number, address: string, now: Millis): Work<number> {
  return (yield* one(add, { accountId, address, last: now }))?.failures ?? 1;
}

/** A message arrived, or the address is on the list: the row has ended. */
export function* endFailures(accountId: number, address: string): Work<void> {
  yield* run(remove, { accountId, address });
}

/** Forgets what is too old; tells whether there may be more. */
export function* forgetFailures(now: Millis): Work<boolean> {
  return (yield* run(removeOld, { until: now - failureMemoryMs })).changes === maxForgotten;
}
