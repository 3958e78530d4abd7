/**
 * Removing messages: EXPUNGE, and deleting a mailbox with all that is in it. RFC 9051 6.4.3, 6.4.9, 6.3.5
 *
 * Both go in slices, each with a MODSEQ of its own. What a crash leaves is a mailbox from which some messages are gone.
 *
 * Tested by `src/accounts/mail_store_test.ts`.
 *
 * @module
 */
import { Refused } from "../base/errors.ts";
import { deleted } from "../imap/flags.ts";
import type { Ranges } from "../imap/search_key.ts";
import type { Bodies } from "../store/bodies.ts";
import { CountChange, maxUid } from "../store/counts.ts";
import { messagesBetween, rowsBetween, type UidsBetween } from "../store/message_rows.ts";
import { bitAnd, literal, prepared, run, tuples, type Work } from "../store/query.ts";
import { dropCopies } from "../store/remove_message.ts";
import { pause, type SlicedWork } from "../store/transaction.ts";
import { inChunks } from "./mail_chunks.ts";
import { NumbersBuilder } from "./mail_columns.ts";
import { markExpunged } from "./mail_copy.ts";
import { allUids, type CursorQuery } from "./mail_cursor.ts";
import { type BrokenCopy, forgetCopy } from "./copy_journal.ts";
import { type AccountWork, deletable, dropMailbox, mailboxOrNull, mailboxWithId } from "./mail_mailboxes.ts";

/** Messages removed between two places where the writer may turn to others; each takes some 30 microseconds. */
const chunk = 100;

type RemovedRow = readonly [uid: number, emailId: number, bits: number, size: number];
const removedColumns = ["uid", "email_id", "bits", "size"] as const;

const deletedRows = prepared((db, p: UidsBetween) =>
  messagesBetween(db, p).select(removedColumns).where(bitAnd("bits", deleted), "<>", 0).limit(literal(chunk))
);

const deletedQuery: CursorQuery = { query: deletedRows, limit: chunk, maxBytes: null };

const anyRows = prepared((db, p: UidsBetween) =>
  rowsBetween(db, p).select(removedColumns).limit(literal(chunk))
);

const deleteRows = prepared((db, p: { accountId: number; mailboxId: number; to: number }) =>
  db.deleteFrom("messages").where("account_id", "=", p.accountId).where("mailbox_id", "=", p.mailboxId)
    .where("uid", "<=", p.to)
);

const forgetHistory = prepared((db, p: { id: number; modseq: number }) =>
  db.updateTable("mailboxes").set({ history_from: p.modseq }).where("id", "=", p.id)
);

/** `Mail.expunge`. Returns the UIDs that are gone, ascending. */
export function* expungeMessages(
  work: AccountWork,
  bodies: Bodies,
  request: { readonly mailbox: number; readonly uids: Ranges | null },
): SlicedWork<Uint32Array<ArrayBuffer>> {
  const { mailbox, uids } = request;
  const gone = new NumbersBuilder();
  yield* inChunks<RemovedRow>(work, deletedQuery, { mailbox, uids: uids ?? allUids }, function* (rows) {
    yield* expungeChunk(work, bodies, mailbox, rows);
    for (const row of rows) gone.add(row[0]);
  });
  return gone.finishUids();
}

const existingRows = prepared((db, p: UidsBetween) =>
  messagesBetween(db, p).select(removedColumns).limit(literal(chunk))
);

const existingQuery: CursorQuery = { query: existingRows, limit: chunk, maxBytes: null };

/** Takes back what a copy that broke off has added, as far as it is still there. */
export function* undoCopy(work: AccountWork, bodies: Bodies, broken: BrokenCopy): SlicedWork<void> {
  const { mailbox, uids, id } = broken;
  if ((yield* mailboxOrNull(work.accountId, mailbox)) !== null) {
    yield* inChunks<RemovedRow>(work, existingQuery, { mailbox, uids }, function* (rows) {
      yield* expungeChunk(work, bodies, mailbox, rows);
    });
  }
  yield* forgetCopy(id);
}

const oneRow = prepared((db, p: UidsBetween) =>
  messagesBetween(db, p).select(removedColumns).limit(literal(1))
);

/** Removes one message, whatever its flags: REPLACE. @throws {Refused} `expunged`, `noSuchMailbox` */
export function* removeMessage(
  work: AccountWork,
  bodies: Bodies,
  { mailbox, uid }: { readonly mailbox: number; readonly uid: number },
): Work<void> {
  const { accountId } = work;
  const { id } = yield* mailboxWithId(accountId, mailbox);
  const rows = yield* tuples<RemovedRow>(oneRow, { accountId, mailboxId: id, from: uid, to: uid });
  if (rows.length === 0) throw new Refused("expunged", `no message ${uid}`);
  yield* expungeChunk(work, bodies, id, rows);
}

function* expungeChunk(
  work: AccountWork,
  bodies: Bodies,
  mailboxId: number,
  rows: readonly RemovedRow[],
): Work<void> {
  const { accountId, tx } = work;
  const modseq = yield* tx.counts.takeModSeq(accountId);
  yield* markExpunged(work, mailboxId, rows.map((row) => row[0]), modseq);
  yield* tx.count(accountId, mailboxId, modseq, yield* dropAll(work, bodies, rows));
}

/** Takes away the emails of messages; returns what that changes in the counts. */
function* dropAll(
  { accountId, tx }: AccountWork,
  bodies: Bodies,
  rows: readonly RemovedRow[],
): Work<CountChange> {
  const change = new CountChange();
  const copies = new Map<number, number>();
  for (const [, emailId, bits, size] of rows) {
    change.add(bits, size, -1);
    copies.set(emailId, (copies.get(emailId) ?? 0) + 1);
  }
  for (const [emailId, count] of copies) yield* dropCopies(tx, bodies, { accountId, emailId, copies: count });
  return change;
}

/** `Mail.delete`. */
export function* deleteMailbox(work: AccountWork, bodies: Bodies, mailboxId: number): SlicedWork<void> {
  const { accountId } = work;
  yield* deletable(accountId, (yield* mailboxWithId(accountId, mailboxId)).name);
  const next = { accountId, mailboxId, from: 1, to: maxUid };
  for (;;) {
    // Always from the beginning: what came in since the last slice is deleted as well.
    const rows = yield* tuples<RemovedRow>(anyRows, next);
    if (rows.length === 0) break;
    yield* deleteChunk(work, bodies, mailboxId, rows);
    yield* pause();
    // Meanwhile it may have got a child.
    yield* deletable(accountId, (yield* mailboxWithId(accountId, mailboxId)).name);
  }
  yield* dropMailbox(work, yield* mailboxWithId(accountId, mailboxId));
}

/** Rows go for good, so the mailbox, if it is still there after a crash, does not remember what was in it. */
function* deleteChunk(
  work: AccountWork,
  bodies: Bodies,
  mailboxId: number,
  rows: readonly RemovedRow[],
): Work<void> {
  const { accountId, tx } = work;
  const modseq = yield* tx.counts.takeModSeq(accountId);
  // Those expunged before have no email, and are not counted.
  const change = yield* dropAll(work, bodies, rows.filter((row) => row[1] !== 0));
  yield* run(deleteRows, { accountId, mailboxId, to: rows.at(-1)?.[0] ?? 0 });
  yield* run(forgetHistory, { id: mailboxId, modseq });
  yield* tx.count(accountId, mailboxId, modseq, change);
}
