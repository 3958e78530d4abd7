/**
 * The queue of outgoing mail, as store functions: adding, taking what is due, noting what came of it.
 *
 * What is true at each commit: a row that is not on hold has a row of its domain in `queue_destinations`, which is due when
 * the first of them is; nothing else has. An attempt is counted, and the one after it scheduled, in the commit before
 * anybody dials: whatever is killed then, no message is sent again at once.
 *
 * @module
 */
import { type Bytes, equalBytes } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import { Refused } from "../base/errors.ts";
import { literal, many, numbersOf, one, prepared, run, type Work } from "./query.ts";
import type { QueueTable } from "./queue_schema.ts";

/** Bits of `queue.traits`. */
export const queueTraits = {
  /** Addresses or header need SMTPUTF8 (RFC 6531). */
  utf8: 1,
  /** The body has octets above 127. */
  has8Bit: 2,
  /** It is a notice of ours: nobody is told when it fails. */
  notice: 4,
  /** The sender was told that it takes longer. */
  delayTold: 8,
  /** Somebody dropped it while it was being sent: it is not tried again, and nobody is told. */
  dropped: 16,
} as const;

/** A recipient to be added. */
export type NewQueueRow = Omit<
  QueueRow,
  "id" | "base_id" | "attempts" | "last_attempt" | "dialed" | "results"
>;

/** A row as it is read. */
export type QueueRow = { readonly [K in keyof QueueTable]: K extends "id" ? number : QueueTable[K] };

/** Most rows that wait; more are refused. A row is a few hundred octets. */
export const maxQueued = 10_000_000;

const columns = [
  "id",
  "account_id",
  "base_id",
  "body_id",
  "size",
  "prefix",
  "sender",
  "recipient",
  "domain",
  "submitted",
  "due",
  "attempts",
  "max_attempts",
  "last_attempt",
  "hold",
  "transport",
  "require_tls",
  "traits",
  "message_id",
  "subject",
  "from_id",
  "dsn",
  "release",
  "dialed",
  "results",
] as const;

const insert = prepared((
  db,
  p: {
    accountId: number;
    baseId: number;
    bodyId: number;
    size: number;
    prefix: Bytes;
    sender: string;
    recipient: string;
    domain: string;
    submitted: number;
    due: number;
    maxAttempts: number;
    hold: number;
    transport: string;
    requireTls: number | null;
    traits: number;
    messageId: string | null;
    subject: string;
    fromId: string;
    dsn: string;
    release: string;
  },
) =>
  db.insertInto("queue").values({
    account_id: p.accountId,
    base_id: p.baseId,
    body_id: p.bodyId,
    size: p.size,
    prefix: p.prefix,
    sender: p.sender,
    recipient: p.recipient,
    domain: p.domain,
    submitted: p.submitted,
    due: p.due,
    attempts: 0,
    max_attempts: p.maxAttempts,
    last_attempt: 0,
    hold: p.hold,
    transport: p.transport,
    require_tls: p.requireTls,
    traits: p.traits,
    message_id: p.messageId,
    subject: p.subject,
    from_id: p.fromId,
    dsn: p.dsn,
    release: p.release,
    dialed: "[]",
    results: "[]",
  })
);

const setBase = prepared((db, p: { id: number }) =>
  db.updateTable("queue").set((eb) => ({ base_id: eb.ref("id") })).where("id", "=", p.id)
);

/** The domain is due when it was, or when this is, whichever is sooner. */
const dueBy = prepared((db, p: { domain: string; due: number }) =>
  db.insertInto("queue_destinations").values({ domain: p.domain, due: p.due })
    .onConflict((conflict) =>
      conflict.column("domain").doUpdateSet((eb) => ({ due: eb.ref("excluded.due") }))
        .whereRef("excluded.due", "<", "queue_destinations.due")
    )
);

const firstOf = prepared((db, p: { domain: string }) =>
  db.selectFrom("queue").select("due").where("hold", "=", literal(0)).where("domain", "=", p.domain)
    .orderBy("due").limit(literal(1))
);

const destination = prepared((db, p: { domain: string }) =>
  db.selectFrom("queue_destinations").select("due").where("domain", "=", p.domain)
);

const setDue = prepared((db, p: { domain: string; due: number }) =>
  db.insertInto("queue_destinations").values({ domain: p.domain, due: p.due })
    .onConflict((conflict) =>
      conflict.column("domain").doUpdateSet((eb) => ({ due: eb.ref("excluded.due") }))
    )
);

const dropDestination = prepared((db, p: { domain: string }) =>
  db.deleteFrom("queue_destinations").where("domain", "=", p.domain)
);

/** Destinations from the one that is due first. */
const destinationsDue = prepared((db, p: { now: number; limit: number }) =>
  db.selectFrom("queue_destinations").select(["domain", "due"]).where("due", "<=", p.now)
    .orderBy("due").limit(p.limit)
);

const nextDestination = prepared((db, p: { now: number }) =>
  db.selectFrom("queue_destinations").select("due").where("due", ">", p.now).orderBy("due").limit(literal(1))
);

/** The row of a domain that is due first. */
const firstDue = prepared((db, p: { domain: string; now: number; leased: string }) =>
  db.selectFrom("queue").select(columns).where("hold", "=", literal(0)).where("domain", "=", p.domain)
    .where("due", "<=", p.now).where("id", "not in", numbersOf(p.leased)).orderBy("due").orderBy("id").limit(
      literal(1),
    )
);

/** The others of its submission. */
const ofBase = prepared((
  db,
  p: { id: number; baseId: number; domain: string; now: number; leased: string; limit: number },
) =>
  db.selectFrom("queue").select(columns).where("base_id", "=", p.baseId).where("id", "<>", p.id)
    .where("domain", "=", p.domain)
    .where("hold", "=", literal(0)).where("due", "<=", p.now).where("id", "not in", numbersOf(p.leased))
    .orderBy("due").limit(p.limit)
);

const begin = prepared((db, p: { ids: string; now: number; due: number }) =>
  db.updateTable("queue").set((eb) => ({
    attempts: eb("attempts", "+", 1),
    last_attempt: p.now,
    due: p.due,
  })).where("id", "in", numbersOf(p.ids))
);

const undo = prepared((db, p: { id: number; taken: number; due: number }) =>
  db.updateTable("queue").set((eb) => ({
    attempts: eb("attempts", "-", 1),
    // Somebody may have chosen another time meanwhile.
    due: eb.case().when("due", "=", p.taken).then(p.due).else(eb.ref("due")).end(),
  }))
    .where("id", "=", p.id).where("attempts", ">", literal(0)).returning("domain")
);

const byId = prepared((db, p: { id: number }) =>
  db.selectFrom("queue").select(columns).where("id", "=", p.id)
);

const note = prepared((
  db,
  p: { id: number; results: string; dialed: string; traits: number; due: number; hold: number },
) =>
  db.updateTable("queue").set({
    results: p.results,
    dialed: p.dialed,
    traits: p.traits,
    due: p.due,
    hold: p.hold,
  }).where("id", "=", p.id)
);

const remove = prepared((db, p: { id: number }) => db.deleteFrom("queue").where("id", "=", p.id));

const lowest = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("queue").select("id").orderBy("id").limit(literal(1))
);

const highest = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("queue").select("id").orderBy("id", "desc").limit(literal(1))
);

const count = prepared((db, _p: Record<string, never>) =>
  db.selectFrom("queue").select((eb) => eb.fn.countAll<number>().as("n"))
);

/** Counts only where the numbers of the first and the last are further apart than that. */
function* checkRoom(added: number, limit: number): Work<void> {
  const [first, last] = [yield* one(lowest, {}), yield* one(highest, {})];
  if ((last?.id ?? 0) - (first?.id ?? 0) + 1 + added <= limit) return;
  if (((yield* one(count, {}))?.n ?? 0) + added > limit) {
    throw new Refused("tooMany", `more than ${limit} messages wait to be sent`);
  }
}

/**
 * Adds the recipients of one submission, in one base. Their body's row must be there, marked as shared.
 *
 * @returns Their ids, in order.
 * @throws {Refused} `tooMany` if the queue is full.
 */
export function* addQueued(rows: readonly NewQueueRow[], limit = maxQueued): Work<number[]> {
  yield* checkRoom(rows.length, limit);
  const ids: number[] = [];
  let baseId = 0;
  for (const row of rows) {
    const { insertedId } = yield* run(insert, {
      accountId: row.account_id,
      baseId,
      bodyId: row.body_id,
      size: row.size,
      prefix: row.prefix,
      sender: row.sender,
      recipient: row.recipient,
      domain: row.domain,
      submitted: row.submitted,
      due: row.due,
      maxAttempts: row.max_attempts,
      hold: row.hold,
      transport: row.transport,
      requireTls: row.require_tls,
      traits: row.traits,
      messageId: row.message_id,
      subject: row.subject,
      fromId: row.from_id,
      dsn: row.dsn,
      release: row.release,
    });
    if (baseId === 0) {
      baseId = insertedId;
      yield* run(setBase, { id: insertedId });
    }
    if (row.hold === 0) yield* run(dueBy, { domain: row.domain, due: row.due });
    ids.push(insertedId);
  }
  return ids;
}

/** Destinations that are due now, the longest first; at most so many. */
export function* dueDestinations(now: Millis, limit: number): Work<string[]> {
  return (yield* many(destinationsDue, { now, limit })).map(({ domain }) => domain);
}

/** When the next destination will be due that is not now; null if there is none. */
export function* nextDue(now: Millis): Work<Millis | null> {
  return (yield* one(nextDestination, { now }))?.due ?? null;
}

/** What {@link takeDue} is told. */
export interface TakeDue {
  readonly domain: string;
  readonly now: Millis;
  /** Most recipients. */
  readonly limit: number;
  /** Rows of the domain that are being worked on: an attempt may take longer than the wait for the next. */
  readonly leased?: Iterable<number>;
  /** When to try again, should nothing be heard of this attempt. @param attempts How many it makes with this one. */
  readonly nextAttempt: (attempts: number) => Millis;
}

/**
 * Takes what is due for a domain: recipients of one message that can go in one transaction. Their attempt is counted and the
 * next one scheduled, so that the caller may dial as soon as this is committed.
 *
 * @returns The rows as they are now; none if nothing is due.
 */
export function* takeDue({ domain, now, limit, leased = [], nextAttempt }: TakeDue): Work<QueueRow[]> {
  const others = JSON.stringify([...leased]);
  const first = yield* one(firstDue, { domain, now, leased: others });
  if (first === undefined) return [];
  const { id, base_id: baseId } = first;
  const found = yield* many(ofBase, { id, baseId, domain, now, leased: others, limit: limit - 1 });
  const rows = [first, ...found.filter((row) => alike(row, first))];
  const attempts = first.attempts + 1;
  const due = nextAttempt(attempts);
  yield* run(begin, { ids: JSON.stringify(rows.map(({ id }) => id)), now, due });
  yield* settleDestination(domain);
  return rows.map((row) => ({ ...row, attempts, last_attempt: now, due }));
}

/** Gives back what was taken and not tried: it is due now, and the attempt does not count. @param rows As they were taken. */
export function* untakeQueued(rows: readonly Pick<QueueRow, "id" | "due">[], now: Millis): Work<void> {
  const domains = new Set<string>();
  for (const { id, due } of rows) {
    const row = yield* one(undo, { id, taken: due, due: now });
    if (row !== undefined) domains.add(row.domain);
  }
  for (const domain of domains) yield* settleDestination(domain);
}

/** Whether two rows of one base can go in one transaction, at the same attempt: also, whether they are the same message. */
function alike(a: QueueRow, b: QueueRow): boolean {
  return a.attempts === b.attempts && a.transport === b.transport && a.require_tls === b.require_tls &&
    a.sender === b.sender && equalBytes(a.prefix, b.prefix);
}

/** What came of an attempt for a recipient who stays in the queue. */
export interface QueueNote {
  readonly id: number;
  readonly results: string;
  readonly dialed: string;
  readonly traits: number;
  readonly due: Millis;
  readonly hold: boolean;
}

/** Notes it. @throws {Refused} `expunged` if the row is gone: somebody dropped it meanwhile. */
export function* noteQueued({ hold, ...values }: QueueNote): Work<void> {
  const row = yield* queueRow(values.id);
  yield* run(note, { ...values, hold: hold ? 1 : 0 });
  yield* settleDestination(row.domain);
}

/** Takes a recipient out of the queue; its body is the caller's to drop (`Bodies.dropUnused`). */
export function* removeQueued(id: number): Work<QueueRow> {
  const row = yield* queueRow(id);
  yield* dropQueued(row);
  return row;
}

/** The same for who has read the row in this unit. */
export function* dropQueued({ id, domain, due }: Pick<QueueRow, "id" | "domain" | "due">): Work<void> {
  yield* run(remove, { id });
  // Without one that was not the first, the destination is due when it was.
  const known = yield* one(destination, { domain });
  if (known !== undefined && known.due >= due) yield* settleDestination(domain);
}

/** @throws {Refused} `expunged` if there is none. */
export function* queueRow(id: number): Work<QueueRow> {
  const row = yield* one(byId, { id });
  if (row === undefined) throw new Refused("expunged", `there is no message ${id} in the queue`);
  return row;
}

/** Makes a destination due when the first of its rows is. */
export function* settleDestination(domain: string): Work<void> {
  const first = yield* one(firstOf, { domain });
  if (first === undefined) yield* run(dropDestination, { domain });
  else yield* run(setDue, { domain, due: first.due });
}
