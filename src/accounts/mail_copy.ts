/**
 * COPY and MOVE. RFC 9051 6.4.7, 6.4.8, RFC 4315 3, RFC 6851
 *
 * A message in another mailbox is a new row with a new UID and save date; its email (id, thread, content) is the
 * same (RFC 8474 5.1).
 *
 * Tested by `src/accounts/mail_store_test.ts`.
 *
 * @module
 */
import { changeableFlags } from "../imap/acl.ts";
import { allRights } from "../imap/rights.ts";
import type { Ranges } from "../imap/search_key.ts";
import { noteKeywords } from "../store/add_message.ts";
import { CountChange } from "../store/counts.ts";
import { messagesBetween, type UidsBetween } from "../store/message_rows.ts";
import { bitAnd, literal, numbersOf, prepared, run, type Work } from "../store/query.ts";
import type { Copied, CopyRequest } from "./mail.ts";
import { allUids, type CursorQuery, MessageCursor } from "./mail_cursor.ts";
import { keywordsOf } from "./mail_keywords.ts";
import type { CopyJournal } from "./copy_journal.ts";
import { NumbersBuilder } from "./mail_columns.ts";
import { checkRanges } from "./mail_ranges.ts";
import { pause, type SlicedWork } from "../store/transaction.ts";
import { type AccountWork, type MailboxRow, mailboxWithId } from "./mail_mailboxes.ts";

/** Rows read by one query. */
const chunk = 5000;

type CopyRow = readonly [uid: number, emailId: number, bits: number, keywords: string, size: number];

const copyRows = prepared((db, p: UidsBetween) =>
  messagesBetween(db, p).select(["uid", "email_id", "bits", "keywords", "size"]).limit(literal(chunk))
);

const copyQuery: CursorQuery = { query: copyRows, limit: chunk, maxBytes: null };

/** Messages copied between two places where the writer may turn to others: some five milliseconds. */
const sliceRows = 500;

const someRows = prepared((db, p: UidsBetween) =>
  messagesBetween(db, p).select(["uid", "email_id", "bits", "keywords", "size"]).limit(literal(sliceRows))
);

const sliceQuery: CursorQuery = { query: someRows, limit: sliceRows, maxBytes: null };

/** New rows for messages, in the order of their UIDs, from UID `base` plus one on. */
const insertCopies = prepared((
  db,
  p: {
    accountId: number;
    mailboxId: number;
    uids: string;
    to: number;
    base: number;
    modseq: number;
    now: number;
    bits: number;
    keywords: number;
  },
) =>
  db.insertInto("messages")
    .columns([
      "account_id",
      "mailbox_id",
      "uid",
      "email_id",
      "modseq",
      "createseq",
      "bits",
      "keywords",
      "size",
      "internal_date",
      "save_date",
      "expunged",
    ])
    .expression((eb) =>
      eb.selectFrom("messages").select((eb) => [
        "account_id",
        eb.val(p.to).as("mailbox_id"),
        eb(eb.fn.agg<number>("row_number").over((over) => over.orderBy("uid")), "+", p.base).as("uid"),
        "email_id",
        eb.val(p.modseq).as("modseq"),
        eb.val(p.modseq).as("createseq"),
        bitAnd("bits", p.bits).as("bits"),
        eb.case().when(eb.val(p.keywords), "=", 1).then(eb.ref("keywords")).else("").end().as("keywords"),
        "size",
        "internal_date",
        eb.val(p.now).as("save_date"),
        "expunged",
      ])
        .where("account_id", "=", p.accountId).where("mailbox_id", "=", p.mailboxId)
        .where("uid", "in", numbersOf(p.uids))
    )
);

const addCopies = prepared((db, p: { emails: string; more: number }) =>
  db.updateTable("emails").set((eb) => ({ copies: eb("copies", "+", p.more) }))
    .where("id", "in", numbersOf(p.emails))
);

/** The rows of expunged messages stay, without what they were. RFC 7162 3.2 */
const expungeRows = prepared((
  db,
  p: { accountId: number; mailboxId: number; uids: string; modseq: number; now: number },
) =>
  db.updateTable("messages")
    .set({ expunged: 1, email_id: 0, size: 0, bits: 0, keywords: "", modseq: p.modseq, save_date: p.now })
    .where("account_id", "=", p.accountId).where("mailbox_id", "=", p.mailboxId)
    .where("uid", "in", numbersOf(p.uids))
);

/** Marks messages as expunged, with the MODSEQ of the change. Counts and emails are the caller's. */
export function* markExpunged(
  { accountId, tx }: AccountWork,
  mailboxId: number,
  uids: readonly number[],
  modseq: number,
): Work<void> {
  yield* run(expungeRows, { accountId, mailboxId, uids: JSON.stringify(uids), modseq, now: tx.now });
}

/**
 * `Mail.copy`, and, without a journal, `Mail.move`: in slices, each with a MODSEQ of its own.
 *
 * Who breaks a copy off must have it taken back: see `copy_journal.ts`. A move that breaks off leaves some messages moved
 * and the others where they were (RFC 9051 6.4.8).
 *
 * @param rights Those to the target: flags that may not be changed there are not copied. RFC 4314 4
 */
export function* copyMessages(
  work: AccountWork,
  request: CopyRequest,
  journal: CopyJournal | null,
  rights: number = allRights,
): SlicedWork<Copied> {
  const { accountId, tx } = work;
  const { uid_next } = yield* mailboxWithId(accountId, request.mailbox);
  const { uid_validity } = yield* mailboxWithId(accountId, request.to);
  // What is copied into the same mailbox must not be copied again.
  const uids = below(uid_next, request.uids);
  const cursor = new MessageCursor<CopyRow>(sliceQuery, { accountId, mailboxId: request.mailbox, uids });
  const from = new NumbersBuilder();
  const to = new NumbersBuilder();
  while (!cursor.done) {
    // Both may be gone since the last slice.
    const source = yield* mailboxWithId(accountId, request.mailbox);
    const target = yield* mailboxWithId(accountId, request.to);
    const rows = yield* cursor.next();
    if (rows.length > 0) {
      if (journal !== null) {
        yield* tx.counts.checkQuota(accountId, rows.reduce((sum, row) => sum + row[4], 0), rows.length);
      }
      const modseq = yield* tx.counts.takeModSeq(accountId);
      const copied = yield* insertRows(work, source, target, rows, modseq, rights);
      yield* journal === null ? removeRows(work, source, rows, modseq) : countCopies(rows);
      for (const uid of copied.from) from.add(uid);
      for (const uid of copied.to) to.add(uid);
      journal?.added(copied.to[0] ?? 0, copied.to.at(-1) ?? 0);
    }
    if (cursor.done) break;
    if (journal !== null && to.length > 0) yield* journal.write(tx.now);
    yield* pause();
  }
  if (journal !== null) yield* journal.end();
  return { uidValidity: uid_validity, from: from.finishUids(), to: to.finishUids() };
}

/** Ranges of UIDs, without what is not below an end. */
function below(end: number, uids: Ranges): Ranges {
  checkRanges(uids);
  const kept: number[] = [];
  for (let i = 0; i < uids.length && (uids[i] ?? 0) < end; i += 2) {
    kept.push(uids[i] ?? 0, Math.min(uids[i + 1] ?? 0, end - 1));
  }
  return kept;
}

/** Moves every message: renaming the inbox. RFC 9051 6.3.6 */
export function* moveAll(work: AccountWork, from: MailboxRow, to: MailboxRow, modseq: number): Work<void> {
  const rows = yield* allRows(work.accountId, from.id, allUids);
  if (rows.length === 0) return;
  yield* insertRows(work, from, to, rows, modseq, allRights);
  yield* removeRows(work, from, rows, modseq);
}

function* allRows(accountId: number, mailboxId: number, uids: Ranges): Work<CopyRow[]> {
  const cursor = new MessageCursor<CopyRow>(copyQuery, { accountId, mailboxId, uids });
  const chunks: (readonly CopyRow[])[] = [];
  while (!cursor.done) chunks.push(yield* cursor.next());
  return chunks.flat();
}

function* removeRows(
  work: AccountWork,
  source: MailboxRow,
  rows: readonly CopyRow[],
  modseq: number,
): Work<void> {
  yield* markExpunged(work, source.id, rows.map((row) => row[0]), modseq);
  yield* work.tx.count(work.accountId, source.id, modseq, countOf(rows, -1));
}

/** Emails have more copies now; a mailbox can hold an email more than once. */
function* countCopies(rows: readonly CopyRow[]): Work<void> {
  const times = new Map<number, number>();
  for (const [, emailId] of rows) times.set(emailId, (times.get(emailId) ?? 0) + 1);
  const byTimes = Map.groupBy(times, ([, more]) => more);
  for (const [more, emails] of byTimes) {
    yield* run(addCopies, { emails: JSON.stringify(emails.map(([id]) => id)), more });
  }
}

function* insertRows(
  { accountId, tx }: AccountWork,
  source: MailboxRow,
  target: MailboxRow,
  rows: readonly CopyRow[],
  modseq: number,
  rights: number,
): Work<Copied> {
  const uids = rows.map((row) => row[0]);
  const may = changeableFlags(rights);
  if (may.keywords) yield* noteKeywords(accountId, target.id, keywordsOf(rows.map((row) => row[3])));
  const first = yield* tx.counts.takeUids(accountId, target.id, rows.length);
  yield* run(insertCopies, {
    accountId,
    mailboxId: source.id,
    uids: JSON.stringify(uids),
    to: target.id,
    base: first - 1,
    modseq,
    now: tx.now,
    bits: may.bits,
    keywords: may.keywords ? 1 : 0,
  });
  yield* tx.count(accountId, target.id, modseq, countOf(rows, 1, may.bits));
  return {
    uidValidity: target.uid_validity,
    from: Uint32Array.from(uids),
    to: Uint32Array.from(uids, (_uid, i) => first + i),
  };
}

function countOf(rows: readonly CopyRow[], by: 1 | -1, mask = ~0): CountChange {
  const change = new CountChange();
  for (const [, , bits, , size] of rows) change.add(bits & mask, size, by);
  return change;
}
