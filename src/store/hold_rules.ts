/**
 * Rows of `hold_rules`; what they mean says `queue/hold_rules.ts`.
 *
 * Tested by `src/queue/outbox_test.ts`.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { Refused } from "../base/errors.ts";
import { many, prepared, run, type Work } from "./query.ts";

/** Most rules: each message is compared with each of them. */
export const maxHoldRules = 1000;

/** A rule as it is kept. */
export interface HoldRuleRow {
  readonly id: number;
  readonly account_id: number;
  readonly sender_domain: string;
  readonly recipient_domain: string;
  readonly created: number;
}

const all = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("hold_rules").selectAll().orderBy("id")
);

const insert = prepared((db, p: { accountId: number; sender: string; recipient: string; now: number }) =>
  db.insertInto("hold_rules").values({
    account_id: p.accountId,
    sender_domain: p.sender,
    recipient_domain: p.recipient,
    created: p.now,
  })
);

const remove = prepared((db, p: { id: number }) => db.deleteFrom("hold_rules").where("id", "=", p.id));

export function* holdRules(): Work<HoldRuleRow[]> {
  return yield* many(all, {});
}

/** @throws {Refused} `tooMany` */
export function* addHoldRule(rule: Omit<HoldRuleRow, "id" | "created">, now: Millis): Work<number> {
  if ((yield* holdRules()).length >= maxHoldRules) throw new Refused("tooMany", "too many hold rules");
  const { account_id: accountId, sender_domain: sender, recipient_domain: recipient } = rule;
  return (yield* run(insert, { accountId, sender, recipient, now })).insertedId;
}

/** Tells whether there was one. What it has put on hold stays so. */
export function* removeHoldRule(id: number): Work<boolean> {
  return (yield* run(remove, { id })).changes > 0;
}
