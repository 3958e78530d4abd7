/**
 * Does what follows from a report: rows wait or go, senders are told, addresses are suppressed. All of one report is one
 * unit of the writer, notices included: a sender is told exactly once, whatever is killed when.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import { type Reason, Refused } from "../base/errors.ts";
import { maxReturnedOctets } from "../message/dsn_returned.ts";
import { hasRoom, nameOfAccount } from "../store/accounts.ts";
import { writtenBytes } from "../store/add_message.ts";
import type { Work } from "../store/query.ts";
import { type Outcome, retire } from "../store/queue_retired.ts";
import { dropQueued, noteQueued, type QueueRow, queueRow, queueTraits } from "../store/queue_rows.ts";
import type { Store } from "../store/store.ts";
import type { Transaction } from "../store/transaction.ts";
import { addDialed, addRecord, type Attempt, recordOf } from "./attempt_records.ts";
import { type Consequence, consequenceOf, type Ending, endOf, isDropped } from "./consequences.ts";
import { addressRefuses, addressTakes } from "./judge_address.ts";
import type { QueueReport, QueueResult } from "./queue.ts";
import { originalOf, type ReadyNotice, readyNotice, tell } from "./ready_notice.ts";

/** A recipient whom a notice is about. */
export interface NoticeRecipient {
  readonly row: QueueRow;
  readonly result: QueueResult;
}

/** What a notice is made of. */
export interface NoticeFacts {
  readonly kind: "failed" | "delayed" | "relayed";
  /** At least one; all of one message. */
  readonly recipients: readonly NoticeRecipient[];
  /** When the attempt was made. */
  readonly at: Millis;
  /** Whether the header is all that comes back of the message: its reader has no room for more. */
  readonly brief: boolean;
}

/** What is done with reports. */
export interface ConcludeParts {
  readonly store: Store;
  /**
   * Writes a notice: a message as its reader gets it, without Return-Path. Null if it cannot be written.
   *
   * @param original The message that it is about, or its beginning.
   */
  readonly compose: (facts: NoticeFacts, original: Bytes) => Bytes | null;
  /** For how long it is known what became of an account's recipients, in milliseconds; 0: not at all. */
  readonly keepRetiredMs: (accountId: number) => number;
  /** Where notices about the server's own messages go: an account's row; null for nowhere. */
  readonly postmaster: number | null;
  /** Whether anybody can sign in to an account of that name: what was configured once is still there, unread. */
  readonly hasAccount: (name: string) => boolean;
}

/** Reasons of the disk and of the writer, and of a large notice for which too many spool files are open. */
export const worksLater: ReadonlySet<Reason> = new Set(["diskFull", "tryLater", "tooMany"]);

interface Followed {
  readonly row: QueueRow;
  readonly result: QueueResult;
  readonly consequence: Consequence;
  /** Whether it is put on hold where it waits. */
  readonly held?: boolean;
}

/** Does what follows from a report of these rows. */
export async function conclude(
  parts: ConcludeParts,
  rows: readonly QueueRow[],
  report: QueueReport,
): Promise<void> {
  for (let known: readonly QueueRow[] | null = rows; known !== null;) {
    const byId = new Map(known.map((row) => [row.id, row]));
    const followed = report.results.flatMap((result): Followed[] => {
      const row = byId.get(result.id);
      return row === undefined ? [] : [{ row, result, consequence: consequenceOf(row, result) }];
    });
    known = await followAll(parts, followed, report);
  }
}

/** A recipient who is given up, and why. */
export interface RowEnding {
  readonly row: QueueRow;
  readonly ending: Ending;
}

/** Gives up recipients of one message, each for its own reason, and tells the sender. */
export async function giveUp(parts: ConcludeParts, endings: readonly RowEnding[]): Promise<void> {
  const startedAt = parts.store.clock.now();
  for (let known: readonly QueueRow[] | null = endings.map(({ row }) => row); known !== null;) {
    const byId = new Map(known.map((row) => [row.id, row]));
    const followed = endings.flatMap(({ row: { id }, ending }): Followed[] => {
      const row = byId.get(id);
      return row === undefined
        ? []
        : [{ row, result: resultOf(id, ending), consequence: endOf(row, ending) }];
    });
    known = await followAll(parts, followed, { startedAt, ms: 0, dialed: [] });
  }
}

function resultOf(id: number, { status, text }: Ending): QueueResult {
  return { id, outcome: "permanent", code: 0, status, text, remote: null, relaysDsn: false };
}

/**
 * Does it, if the rows are still as they were when it was thought out what follows; else nothing.
 *
 * @returns The rows as they are now, if it has to be thought out anew; null if all is done.
 */
async function followAll(
  parts: ConcludeParts,
  expected: readonly Followed[],
  attempt: Attempt,
): Promise<readonly QueueRow[] | null> {
  let followed = expected;
  const [first] = followed;
  if (first === undefined) return null;
  const { store } = parts;
  const accountId = first.row.account_id;
  const keepMs = parts.keepRetiredMs(accountId);
  const notices: ReadyNotice[] = [];
  try {
    for (const kind of ["failed", "delayed", "relayed"] as const) {
      const recipients = followed.filter(({ consequence }) => consequence.notice === kind);
      if (recipients.length === 0) continue;
      const brief = store.read(hasNoRoom(accountId, parts));
      try {
        const notice = await noticeOf(parts, { kind, recipients, at: attempt.startedAt, brief });
        if (notice !== null) notices.push(notice);
      } catch (error) {
        if (error instanceof Refused && worksLater.has(error.reason)) throw error;
        store.log.error("a notice could not be written: who failed is on hold", {
          kind,
          error: asError(error),
        });
        followed = followed.map((each) => each.consequence.notice === kind ? withoutNotice(each) : each);
      }
    }
    const bytes = notices.reduce((sum, { email }) => sum + writtenBytes(email), followed.length * 512);
    const changed = await store.writer.runBehind(function* (tx): Work<readonly QueueRow[] | null> {
      const current: (Followed & { readonly now: QueueRow })[] = [];
      for (const each of followed) {
        const now = yield* stillQueued(each.row.id);
        if (now !== null) current.push({ ...each, now });
      }
      // Of what somebody dropped meanwhile, nobody is told; and what a notice says must be true.
      if (current.length < followed.length || current.some(isStale)) return current.map(({ now }) => now);
      for (const each of current) yield* follow(store, tx, each, attempt, keepMs);
      if (notices.length === 0) return null;
      const reader = yield* readerOf(accountId, parts);
      if (reader !== null) { for (const notice of notices) yield* tell(store, tx, reader, notice); }
      else store.log.warn("nobody is there to be told of a message", { account: accountId });
      return null;
    }, bytes);
    if (changed !== null) return changed;
  } finally {
    for (const { body } of notices) body.release();
  }
  for (const { row, result, consequence } of followed) log(store, row, result, consequence);
  return null;
}

/**
 * What follows where the notice cannot be written, for a fault of ours. What happened is noted all the same: else who has the
 * message would get it again. Whose sender should hear of a failure waits until somebody has seen it.
 */
function withoutNotice(followed: Followed): Followed {
  const { consequence } = followed;
  return consequence.notice === "failed"
    ? { ...followed, consequence: { kind: "wait", notice: null }, held: true }
    : { ...followed, consequence: { ...consequence, notice: null } };
}

/** Whether somebody has changed what it depends on whether the recipient waits, or what is said of that. */
function isStale({ row, consequence, now }: Followed & { readonly now: QueueRow }): boolean {
  if (isDropped(row) !== isDropped(now)) return true;
  return consequence.kind === "wait" && (row.max_attempts !== now.max_attempts ||
    consequence.notice !== null && (row.due !== now.due || row.hold !== now.hold));
}

/** Whose inbox notices go to: the account's; of the server's own mail, or of an account that is gone, the postmaster's. */
function* readerOf(
  accountId: number,
  { postmaster, hasAccount }: Pick<ConcludeParts, "postmaster" | "hasAccount">,
): Work<number | null> {
  const name = accountId === 0 ? undefined : yield* nameOfAccount(accountId);
  return name !== undefined && hasAccount(name) ? accountId : postmaster;
}

/** Whether a message that is returned would not fit into what its reader may have. */
function* hasNoRoom(accountId: number, parts: ConcludeParts): Work<boolean> {
  const reader = yield* readerOf(accountId, parts);
  return reader !== null && !(yield* hasRoom(reader, maxReturnedOctets));
}

/** Does what follows for one recipient. */
function* follow(
  store: Store,
  tx: Transaction,
  { now: row, result, consequence, held = false }: Followed & { readonly now: QueueRow },
  attempt: Attempt,
  keepMs: number,
): Work<void> {
  const results = addRecord(row.results, recordOf(result, attempt));
  if (consequence.kind === "wait") {
    const told = consequence.notice === null ? 0 : queueTraits.delayTold;
    const dialed = addDialed(row.dialed, attempt.dialed);
    const { id, traits, due, hold } = row;
    yield* noteQueued({ id, results, dialed, traits: traits | told, due, hold: held || hold === 1 });
    return;
  }
  yield* dropQueued(row);
  if (keepMs > 0) {
    const { outcome } = consequence;
    yield* retire(row, { outcome, results, now: tx.now, keepUntil: tx.now + keepMs });
  }
  yield* store.bodies.dropUnused(tx, row.body_id, true);
  yield* judgeAddress(row, result, consequence.outcome, tx.now);
}

/** What was said of the address, if anybody there said something. */
function* judgeAddress(
  row: QueueRow,
  { code, status, text, remote, outcome: said }: QueueResult,
  outcome: Outcome,
  now: Millis,
): Work<void> {
  if (row.account_id === 0) return;
  if (outcome === "delivered") yield* addressTakes(row);
  else if (code !== 0 && remote !== null) {
    yield* addressRefuses(row, { isPermanent: said === "permanent", code, status, text }, now);
  }
}

/** The row as it is now, null if somebody removed it. */
export function* stillQueued(id: number): Work<QueueRow | null> {
  try {
    return yield* queueRow(id);
  } catch (error) {
    if (error instanceof Refused && error.reason === "expunged") return null;
    throw error;
  }
}

/** The notice with these facts, ready; null if there is nobody to be told. */
async function noticeOf(
  { store, compose, postmaster }: ConcludeParts,
  facts: NoticeFacts,
): Promise<ReadyNotice | null> {
  const row = facts.recipients[0]?.row;
  if (row === undefined || row.account_id === 0 && postmaster === null) return null;
  const content = compose(facts, originalOf(store, row));
  return content === null ? null : await readyNotice(store, content);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function log({ log }: Store, row: QueueRow, result: QueueResult, consequence: Consequence): void {
  const fields = {
    queueId: row.id,
    to: row.recipient,
    attempt: row.attempts,
    code: result.code,
    status: result.status,
    host: result.remote?.host ?? "",
    address: result.remote?.address ?? "",
    text: result.text,
  };
  if (consequence.kind === "wait") log.info("delivery is tried again later", { ...fields, due: row.due });
  else if (consequence.outcome === "delivered") log.info("message sent", fields);
  else if (consequence.outcome === "dropped") log.info("a dropped message has left the queue", fields);
  else log.warn("delivery failed", { ...fields, told: consequence.notice !== null });
}
