/**
 * Rows of `suppressions`: addresses to which an account's mail is not sent.
 *
 * Tested by `src/queue/conclude_test.ts`.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { Refused } from "../base/errors.ts";
import { literal, many, one, prepared, run, type Work } from "./query.ts";

/** Addresses that are kept for one account; further ones are not added. */
export const maxSuppressions = 100_000;

/** One of them. */
export interface Suppression {
  /** In the form in which they are compared. */
  readonly address: string;
  readonly original: string;
  readonly automatic: boolean;
  readonly reason: string;
  readonly created: Millis;
}

const find = prepared((db, p: { accountId: number; address: string }) =>
  db.selectFrom("suppressions").selectAll().where("account_id", "=", p.accountId).where(
    "address",
    "=",
    p.address,
  )
);

const count = prepared((db, p: { accountId: number }) =>
  db.selectFrom("suppressions").select((eb) => eb.fn.countAll<number>().as("n")).where(
    "account_id",
    "=",
    p.accountId,
  )
);

const insert = prepared((
  db,
  p: {
    accountId: number;
    address: string;
    original: string;
    automatic: number;
    reason: string;
    created: number;
  },
) =>
  db.insertInto("suppressions").values({
    account_id: p.accountId,
    address: p.address,
    original: p.original,
    automatic: p.automatic,
    reason: p.reason,
    created: p.created,
  }).onConflict((conflict) => conflict.doNothing())
);

const remove = prepared((db, p: { accountId: number; address: string }) =>
  db.deleteFrom("suppressions").where("account_id", "=", p.accountId).where("address", "=", p.address)
);

const behind = prepared((db, p: { accountId: number; address: string }) =>
  db.selectFrom("suppressions").selectAll().where("account_id", "=", p.accountId).where(
    "address",
    ">",
    p.address,
  )
    .orderBy("address").limit(literal(1000))
);

/** Why an account's mail to an address is not sent; undefined if it is. */
export function* suppressionOf(accountId: number, address: string): Work<Suppression | undefined> {
  const row = yield* one(find, { accountId, address });
  return row === undefined ? undefined : { ...row, automatic: row.automatic === 1 };
}

/** Adds one; of an address that is there already, the first reason stays. @throws {Refused} `tooMany` */
export function* addSuppression(accountId: number, added: Suppression): Work<void> {
  if (((yield* one(count, { accountId }))?.n ?? 0) >= maxSuppressions) {
    throw new Refused("tooMany", "too many suppressed addresses");
  }
  yield* run(insert, { ...added, accountId, automatic: added.automatic ? 1 : 0 });
}

/** Mail to the address is sent again. Tells whether it was not. */
export function* removeSuppression(accountId: number, address: string): Work<boolean> {
  return (yield* run(remove, { accountId, address })).changes > 0;
}

/** The next thousand behind an address, in order. */
export function* suppressionsBehind(accountId: number, address: string): Work<Suppression[]> {
  return (yield* many(behind, { accountId, address })).map((row) => ({
    ...row,
    automatic: row.automatic === 1,
  }));
}
