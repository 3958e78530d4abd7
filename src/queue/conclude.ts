/**
 * Does what follows from a report: rows wait or go, senders are told, addresses are suppressed. All of one report is one
 * unit of the writer, notices included: a sender is told exactly once, whatever is killed when.
 *
 * @module
 */
import { ensureMailbox } from "../accounts/mail_mailboxes.ts";
import { type Bytes, concat } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import { Refused } from "../base/errors.ts";
import { maxReturnedOctets } from "../message/dsn_returned.ts";
import { Indexer } from "../message/indexer.ts";
import { addMessages, type PreparedEmail, prepareEmail, writtenBytes } from "../store/add_message.ts";
import type { ReadyBody } from "../store/bodies.ts";
import { checkIndex } from "../store/check_index.ts";
import type { Work } from "../store/query.ts";
import { retire } from "../store/queue_retired.ts";
import { noteQueued, type QueueRow, queueRow, queueTraits, removeQueued } from "../store/queue_rows.ts";
import type { Store } from "../store/store.ts";
import { addSuppression } from "../store/suppressions.ts";
import type { Transaction } from "../store/transaction.ts";
import { type Consequence, consequenceOf } from "./consequences.ts";
import { maxResults, maxResultText, type QueueReport, type QueueResult } from "./queue.ts";
import { suppressionKey } from "./suppression.ts";

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
  /** For how long it is known what became of a recipient, in milliseconds; 0: not at all. */
  readonly keepRetiredMs: number;
  /** Where notices about the server's own messages go: an account's row; null for nowhere. */
  readonly postmaster: number | null;
}

/** One attempt of one recipient, as the queue's list tells it. */
export interface AttemptRecord {
  readonly at: Millis;
  readonly ms: number;
  readonly ok: boolean;
  readonly code: number;
  readonly status: string;
  readonly text: string;
  readonly host: string;
  readonly address: string;
}

interface Followed {
  readonly row: QueueRow;
  readonly result: QueueResult;
  readonly consequence: Consequence;
}

interface ReadyNotice {
  readonly body: ReadyBody;
  readonly email: PreparedEmail;
}

/** Does what follows from a report of these rows. */
export async function conclude(
  parts: ConcludeParts,
  rows: readonly QueueRow[],
  report: QueueReport,
): Promise<void> {
  const followed = report.results.flatMap((result): Followed[] => {
    const row = rows.find(({ id }) => id === result.id);
    return row === undefined ? [] : [{ row, result, consequence: consequenceOf(row, result) }];
  });
  if (followed.length === 0) return;
  const notices: ReadyNotice[] = [];
  try {
    for (const kind of ["failed", "delayed", "relayed"] as const) {
      const notice = await readyNotice(parts, kind, followed, report.startedAt);
      if (notice !== null) notices.push(notice);
    }
    const bytes = notices.reduce((sum, { email }) => sum + writtenBytes(email), followed.length * 512);
    await parts.store.writer.run((tx) => unit(parts, tx, followed, report, notices), bytes);
  } finally {
    for (const { body } of notices) body.release();
  }
  for (const { row, result, consequence } of followed) log(parts.store, row, result, consequence);
}

function* unit(
  parts: ConcludeParts,
  tx: Transaction,
  followed: readonly Followed[],
  report: QueueReport,
  notices: readonly ReadyNotice[],
): Work<void> {
  for (const each of followed) yield* follow(parts, tx, each, report);
  const accountId = followed[0]?.row.account_id ?? 0;
  const reader = accountId === 0 ? parts.postmaster : accountId;
  if (reader === null) return;
  for (const { email } of notices) yield* tell(parts.store, tx, reader, email);
}

/** Puts a notice into an inbox. One that is full does not keep the message in the queue for ever: the log has it. */
function* tell(store: Store, tx: Transaction, accountId: number, email: PreparedEmail): Work<void> {
  const addition = { email, prefix: new Uint8Array(), bits: 0, keywords: [], internalDate: tx.now };
  try {
    const mailbox = yield* ensureMailbox({ accountId, tx }, "Inbox");
    yield* addMessages(tx, accountId, mailbox.id, [addition]);
  } catch (error) {
    // Refused before anything was changed.
    if (!(error instanceof Refused) || error.reason !== "overQuota" && error.reason !== "tooMany") {
      throw error;
    }
    store.log.warn("a notice did not fit into its sender's inbox", {
      account: accountId,
      why: error.message,
    });
  }
}

function* follow(
  { store, keepRetiredMs }: ConcludeParts,
  tx: Transaction,
  { row: taken, result, consequence }: Followed,
  report: QueueReport,
): Work<void> {
  let row: QueueRow;
  try {
    row = yield* queueRow(taken.id);
  } catch (error) {
    if (error instanceof Refused && error.reason === "expunged") return; // Somebody dropped it meanwhile.
    throw error;
  }
  const results = addRecord(row.results, result, report);
  if (consequence.kind === "wait") {
    const told = consequence.notice === null ? 0 : queueTraits.delayTold;
    const dialed = JSON.stringify(addDialed(row.dialed, report.dialed));
    return yield* noteQueued({
      id: row.id,
      results,
      dialed,
      traits: row.traits | told,
      due: row.due,
      hold: row.hold === 1,
    });
  }
  yield* removeQueued(row.id);
  if (keepRetiredMs > 0) {
    const { outcome } = consequence;
    yield* retire(row, { outcome, results, now: tx.now, keepUntil: tx.now + keepRetiredMs });
  }
  yield* store.bodies.dropUnused(tx, row.body_id, true);
  if (consequence.suppress && row.account_id !== 0) yield* suppress(row, result, tx.now);
}

function* suppress(row: QueueRow, { code, status, text }: QueueResult, now: Millis): Work<void> {
  const at = row.recipient.lastIndexOf("@");
  const address = suppressionKey({
    local: row.recipient.slice(0, at),
    domain: row.recipient.slice(at + 1),
  });
  const reason = `${code} ${status} ${text}`.slice(0, maxResultText);
  try {
    yield* addSuppression(row.account_id, {
      address,
      original: row.recipient,
      automatic: true,
      reason,
      created: now,
    });
  } catch (error) {
    // The message is done with all the same; the next one to this address fails by itself.
    if (!(error instanceof Refused) || error.reason !== "tooMany") throw error;
  }
}

/** A notice about all of these for whom one of this kind follows; null if there are none. */
async function readyNotice(
  { store, compose, postmaster }: ConcludeParts,
  kind: NoticeFacts["kind"],
  followed: readonly Followed[],
  at: Millis,
): Promise<ReadyNotice | null> {
  const recipients = followed.filter(({ consequence }) => consequence.notice === kind);
  const [first] = recipients;
  if (first === undefined || first.row.account_id === 0 && postmaster === null) return null;
  const content = compose({ kind, recipients, at }, originalOf(store, first.row));
  if (content === null) return null;
  const body = await store.bodies.ready({ content, spool: null }, store.spools.forOwner());
  const indexer = new Indexer();
  indexer.write(content);
  return { body, email: prepareEmail(body, checkIndex(indexer.end(), body.hashes.size)) };
}

/** As much of a message as a notice may return; where it is damaged, what stands in front of it. */
function originalOf(store: Store, { prefix, body_id }: QueueRow): Bytes {
  try {
    const body = store.read(store.bodies.open(body_id));
    return concat([prefix, body.slice(0, Math.min(body.size, maxReturnedOctets + 1))]);
  } catch (error) {
    if (error instanceof Refused) return prefix;
    throw error;
  }
}

/** The list of attempts with this one, as JSON; the oldest go where there are too many. */
function addRecord(json: string, result: QueueResult, report: QueueReport): string {
  const records = JSON.parse(json) as AttemptRecord[]; // Written by us.
  records.push({
    at: report.startedAt,
    ms: report.ms,
    ok: result.outcome === "delivered",
    code: result.code,
    status: result.status,
    text: result.text.slice(0, maxResultText),
    host: result.remote?.host ?? "",
    address: result.remote?.address ?? "",
  });
  return JSON.stringify(records.slice(-maxResults));
}

/** Addresses that are remembered as dialled. */
const maxDialed = 20;

function addDialed(json: string, dialed: readonly string[]): string[] {
  return [...JSON.parse(json) as string[], ...dialed].slice(-maxDialed);
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
  else log.warn("delivery failed", { ...fields, told: consequence.notice !== null });
}
