/**
 * Whom accounts have written to, and when: what outgoing limits are counted by.
 *
 * Tested by `src/queue/outbox_test.ts`.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { literal, many, one, prepared, run, type Work } from "./query.ts";

const countSince = prepared((db, p: { accountId: number; since: number }) =>
  db.selectFrom("recipients").select((eb) => eb.fn.countAll<number>().as("n"))
    .where("account_id", "=", p.accountId).where("sent", ">", p.since)
);

const addressesSince = prepared((db, p: { accountId: number; since: number }) =>
  db.selectFrom("recipients").select("address").distinct()
    .where("account_id", "=", p.accountId).where("sent", ">", p.since)
);

const before = prepared((db, p: { accountId: number; address: string; until: number }) =>
  db.selectFrom("recipients").select("id").where("account_id", "=", p.accountId).where(
    "address",
    "=",
    p.address,
  )
    .where("sent", "<=", p.until).limit(literal(1))
);

const insert = prepared((db, p: { accountId: number; address: string; sent: number }) =>
  db.insertInto("recipients").values({ account_id: p.accountId, address: p.address, sent: p.sent })
);

/** Recipients that an account has written to since then; one counts once for each message. */
export function* sentSince(accountId: number, since: Millis): Work<number> {
  return (yield* one(countSince, { accountId, since }))?.n ?? 0;
}

/**
 * Of these addresses and those written to since then, how many the account had never written to before.
 *
 * @param addresses In lower case, as `local@domain`.
 */
export function* firstTimes(accountId: number, addresses: readonly string[], since: Millis): Work<number> {
  const recent = yield* many(addressesSince, { accountId, since });
  let count = 0;
  for (const address of new Set([...addresses, ...recent.map((row) => row.address)])) {
    if ((yield* one(before, { accountId, address, until: since })) === undefined) count++;
  }
  return count;
}

/** Notes that an account writes to these. */
export function* noteRecipients(accountId: number, addresses: readonly string[], now: Millis): Work<void> {
  for (const address of addresses) yield* run(insert, { accountId, address, sent: now });
}
