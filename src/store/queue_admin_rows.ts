/**
 * The queue as an administrator sees and changes it: rows by time, by number, and changes of many at once.
 *
 * Looking is narrow: which rows are meant is told by the few columns of a {@link QueueCandidate}; only what is shown is read
 * in full.
 *
 * Tested by `src/queue/queue_admin_service_test.ts`.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { bitAnd, literal, many, numbersOf, one, prepared, run, type Work } from "./query.ts";
import { type QueueRow, queueTraits, settleDestination } from "./queue_rows.ts";

/** Candidates that are read at once. */
export const candidatesRead = 500;

/** Rows that are changed in one step of bulk work: with their destinations, some milliseconds. */
export const changedAtOnce = 100;

const narrow = [
  "id",
  "account_id",
  "sender",
  "recipient",
  "domain",
  "submitted",
  "due",
  "hold",
  "transport",
] as const;

/** What rows are chosen by. */
export type QueueCandidate = Pick<QueueRow, typeof narrow[number]>;

const shown = [
  ...narrow,
  "base_id",
  "size",
  "attempts",
  "max_attempts",
  "last_attempt",
  "traits",
  "require_tls",
  "message_id",
  "subject",
  "from_id",
  "release",
  "results",
] as const;

/** What is shown of a row. */
export type ShownRow = Pick<QueueRow, typeof shown[number]>;

const sameDue = prepared((db, p: { due: number; id: number }) =>
  db.selectFrom("queue").select(narrow).where("due", "=", p.due).where("id", ">", p.id).orderBy("id")
    .limit(literal(candidatesRead))
);

const laterDue = prepared((db, p: { due: number; until: number }) =>
  db.selectFrom("queue").select(narrow).where("due", ">", p.due).where("due", "<", p.until).orderBy("due")
    .orderBy("id").limit(literal(candidatesRead))
);

const behind = prepared((db, p: { id: number }) =>
  db.selectFrom("queue").select(narrow).where("id", ">", p.id).orderBy("id").limit(literal(changedAtOnce))
);

const numbered = prepared((db, p: { ids: string }) =>
  db.selectFrom("queue").select(narrow).where("id", "in", numbersOf(p.ids)).orderBy("due").orderBy("id")
);

const inFull = prepared((db, p: { ids: string }) =>
  db.selectFrom("queue").select(shown).where("id", "in", numbersOf(p.ids)).orderBy("due").orderBy("id")
);

const setHold = prepared((db, p: { ids: string; hold: number }) =>
  db.updateTable("queue").set({ hold: p.hold }).where("id", "in", numbersOf(p.ids))
);

const setDue = prepared((db, p: { id: number; due: number }) =>
  db.updateTable("queue").set({ due: p.due }).where("id", "=", p.id)
);

const setTransport = prepared((db, p: { ids: string; transport: string }) =>
  db.updateTable("queue").set({ transport: p.transport }).where("id", "in", numbersOf(p.ids))
);

const setRequireTls = prepared((db, p: { ids: string; requireTls: number | null }) =>
  db.updateTable("queue").set({ require_tls: p.requireTls }).where("id", "in", numbersOf(p.ids))
);

const noMoreAttempts = prepared((db, p: { ids: string }) =>
  db.updateTable("queue").set({ max_attempts: literal(0) }).where("id", "in", numbersOf(p.ids))
);

/** What is on hold would have no next turn. */
const markDropped = prepared((db, p: { ids: string; dropped: number }) =>
  db.updateTable("queue").set((eb) => ({
    traits: eb("traits", "+", p.dropped),
    hold: 0,
  })).where("id", "in", numbersOf(p.ids)).where(bitAnd("traits", queueTraits.dropped), "=", literal(0))
);

const unmarkDropped = prepared((db, p: { ids: string; dropped: number }) =>
  db.updateTable("queue").set((eb) => ({ traits: eb("traits", "-", p.dropped) }))
    .where("id", "in", numbersOf(p.ids)).where(bitAnd("traits", queueTraits.dropped), "<>", literal(0))
);

const retiredBehind = prepared((db, p: { id: number }) =>
  db.selectFrom("queue_retired").selectAll().where("id", "<", p.id).orderBy("id", "desc")
    .limit(literal(100))
);

const suppressedBehind = prepared((db, p: { accountId: number; address: string }) =>
  db.selectFrom("suppressions").selectAll().where("account_id", "=", p.accountId)
    .where("address", ">", p.address).orderBy("address").limit(literal(100))
);

const nextSuppressing = prepared((db, p: { accountId: number }) =>
  db.selectFrom("suppressions").select("account_id").where("account_id", ">", p.accountId)
    .orderBy("account_id").limit(literal(1))
);

/** Where one who reads by time goes on. */
export interface DuePlace {
  readonly due: Millis;
  readonly id: number;
}

/**
 * The next rows in the order in which they are due, behind a place. None: there are no more.
 *
 * @param until Only those that are due before this.
 */
export function* candidatesByDue(place: DuePlace, until: Millis): Work<QueueCandidate[]> {
  if (place.due < until) {
    const rows = yield* many(sameDue, place);
    if (rows.length > 0) return rows;
  }
  return yield* many(laterDue, { due: place.due, until });
}

/** The next {@link changedAtOnce} rows by number. */
export function* candidatesBehind(id: number): Work<QueueCandidate[]> {
  return yield* many(behind, { id });
}

/** Those of these numbers that there are, in the order in which they are due. */
export function* candidatesNumbered(ids: readonly number[]): Work<QueueCandidate[]> {
  return yield* many(numbered, { ids: JSON.stringify(ids) });
}

/** The same in full. */
export function* shownRows(ids: readonly number[]): Work<ShownRow[]> {
  return yield* many(inFull, { ids: JSON.stringify(ids) });
}

/** Takes back what holds them, or holds them. */
export function* holdRows(rows: readonly QueueCandidate[], hold: boolean): Work<void> {
  yield* run(setHold, { ids: idsOf(rows), hold: hold ? 1 : 0 });
  yield* settle(rows);
}

/** Sets when each is tried next. */
export function* scheduleRows(
  rows: readonly QueueCandidate[],
  at: (row: QueueCandidate) => Millis,
): Work<void> {
  for (const row of rows) yield* run(setDue, { id: row.id, due: at(row) });
  yield* settle(rows);
}

/** @param transport Empty: as the routes say. */
export function* chooseTransport(rows: readonly QueueCandidate[], transport: string): Work<void> {
  yield* run(setTransport, { ids: idsOf(rows), transport });
}

export function* requireTlsOf(rows: readonly QueueCandidate[], requireTls: boolean | null): Work<void> {
  yield* run(setRequireTls, {
    ids: idsOf(rows),
    requireTls: requireTls === null ? null : requireTls ? 1 : 0,
  });
}

/** The attempt that is under way is their last. */
export function* lastAttempt(ids: readonly number[]): Work<void> {
  yield* run(noMoreAttempts, { ids: JSON.stringify(ids) });
  yield* run(unmarkDropped, { ids: JSON.stringify(ids), dropped: queueTraits.dropped }); // The last word counts.
}

/** Drops rows that are being worked on as soon as that ends, or with its next turn if nothing is heard of it. */
export function* dropLater(rows: readonly QueueCandidate[]): Work<void> {
  if (rows.length === 0) return;
  yield* run(markDropped, { ids: idsOf(rows), dropped: queueTraits.dropped });
  for (const domain of new Set(rows.map(({ domain }) => domain))) yield* settleDestination(domain);
}

/** The next recipients that are done with, by number, downwards. */
export function* retiredBelow(id: number) {
  return yield* many(retiredBehind, { id });
}

/** The next suppressed addresses of an account, in their order. */
export function* suppressedAfter(accountId: number, address: string) {
  return yield* many(suppressedBehind, { accountId, address });
}

/** The next account that has suppressed addresses; null if there is none. */
export function* accountWithSuppressions(behind: number): Work<number | null> {
  return (yield* one(nextSuppressing, { accountId: behind }))?.account_id ?? null;
}

function idsOf(rows: readonly QueueCandidate[]): string {
  return JSON.stringify(rows.map(({ id }) => id));
}

function* settle(rows: readonly QueueCandidate[]): Work<void> {
  for (const domain of new Set(rows.map((row) => row.domain))) yield* settleDestination(domain);
}
