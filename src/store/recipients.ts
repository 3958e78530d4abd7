/**
 * Whom accounts have written to, and when: what outgoing limits are counted by.
 *
 * Of the last day there is a row for each recipient of each message, which messages are counted by. Of what is older, only
 * whether an account has ever written to an address matters: of several rows one is kept, and that for two years. So
 * the limits themselves bound the table.
 *
 * Tested by `src/queue/outbox_test.ts` and `src/store/outgoing_chore_test.ts`.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { literal, many, one, prepared, run, type Work } from "./query.ts";

const countSince = prepared((db, p: { accountId: number; since: number; until: number }) =>
  db.selectFrom("recipients").select((eb) => eb.fn.countAll<number>().as("n"))
    .where("account_id", "=", p.accountId).where("sent", ">", p.since).where("sent", "<=", p.until)
);

const countFirst = prepared((db, p: { accountId: number; since: number; until: number }) =>
  db.selectFrom("recipients").select((eb) => eb.fn.countAll<number>().as("n"))
    .where("first", "=", literal(1)).where("account_id", "=", p.accountId).where("sent", ">", p.since)
    .where("sent", "<=", p.until)
);

const ever = prepared((db, p: { accountId: number; address: string }) =>
  db.selectFrom("recipients").select("id").where("account_id", "=", p.accountId).where(
    "address",
    "=",
    p.address,
  )
    .limit(literal(1))
);

const oldBehind = prepared((db, p: { id: number; until: number }) =>
  db.selectFrom("recipients").selectAll().where("id", ">", p.id).where("sent", "<=", p.until).orderBy("id")
    .limit(literal(recipientsLookedAt))
);

/** A later row of the same address that is old as well. */
const later = prepared((db, p: { accountId: number; address: string; id: number; until: number }) =>
  db.selectFrom("recipients").select("id").where("account_id", "=", p.accountId).where(
    "address",
    "=",
    p.address,
  )
    .where("id", ">", p.id).where("sent", "<=", p.until).limit(literal(1))
);

const remove = prepared((db, p: { id: number }) => db.deleteFrom("recipients").where("id", "=", p.id));

const insert = prepared((db, p: { accountId: number; address: string; sent: number; first: number }) =>
  db.insertInto("recipients").values({
    account_id: p.accountId,
    address: p.address,
    sent: p.sent,
    first: p.first,
  })
);

/** For so long each message counts; a limit's day is not longer. */
export const countedMs = 25 * 60 * 60 * 1000;

/** Who was not written to for so long is a first-time recipient again. */
export const rememberedMs = 730 * 24 * 60 * 60 * 1000;

/** Rows that are looked at in one slice. */
export const recipientsLookedAt = 500;

/**
 * What is later than so long after the day that is counted, a clock has said that was ahead. Were it counted, an account
 * could be at its limit until then; small corrections of the clock let nobody send more.
 */
const credibleMs = 2 * countedMs;

/** Recipients that an account has written to since then; one counts once for each message. */
export function* sentSince(accountId: number, since: Millis): Work<number> {
  return (yield* one(countSince, { accountId, since, until: since + credibleMs }))?.n ?? 0;
}

/**
 * Of these addresses and those written to since then, how many the account had never written to before.
 *
 * @param addresses In lower case, as `local@domain`.
 */
export function* firstTimes(accountId: number, addresses: readonly string[], since: Millis): Work<number> {
  let count = (yield* one(countFirst, { accountId, since, until: since + credibleMs }))?.n ?? 0;
  for (const address of new Set(addresses)) {
    if ((yield* one(ever, { accountId, address })) === undefined) count++;
  }
  return count;
}

/** Notes that an account writes to these. */
export function* noteRecipients(accountId: number, addresses: readonly string[], now: Millis): Work<void> {
  for (const address of addresses) {
    const first = (yield* one(ever, { accountId, address })) === undefined ? 1 : 0;
    yield* run(insert, { accountId, address, sent: now, first });
  }
}

/** Some rows in order. */
export interface OldRecipients {
  /** Those that no limit needs any more. */
  readonly ids: readonly number[];
  /** The last that was looked at, null if there are no more. */
  readonly last: number | null;
}

/** Looks at the next rows behind one. */
export function* oldRecipients(behind: number, now: Millis): Work<OldRecipients> {
  const until = now - countedMs;
  const ids: number[] = [];
  const rows = yield* many(oldBehind, { id: behind, until });
  for (const { id, account_id: accountId, address, sent } of rows) {
    const isDouble = (yield* one(later, { accountId, address, id, until })) !== undefined;
    if (isDouble || sent < now - rememberedMs) ids.push(id);
  }
  return { ids, last: rows.length < recipientsLookedAt ? null : rows.at(-1)?.id ?? null };
}

/** Forgets rows. */
export function* forgetRecipients(ids: readonly number[]): Work<void> {
  for (const id of ids) yield* run(remove, { id });
}
