/**
 * Removing messages: EXPUNGE, and deleting a mailbox with all that is in it. RFC 9051 6.4.3, 6.4.9, 6.3.5
 *
 * Both go in slices, each with a MODSEQ of its own. What a crash leaves is a mailbox from which some messages are gone.
 *
 * Tested by `src/accounts/mail_store_test.ts`.
 *
 * @module
 */
import { deleted } from "../imap/flags.ts";
import type { Ranges } from "../imap/search_key.ts";
import type { Bodies } from "../store/bodies.ts";
import { bitAnd, literal, prepared, run, tuples, type Work } from "../store/query.ts";
import { dropCopies } from "../store/remove_message.ts";
import { pause, type SlicedWork } from "../store/writer.ts";
import { NumbersBuilder } from "./mail_columns.ts";
import { markExpunged } from "./mail_copy.ts";
import { applyCounts, CountChange } from "./mail_counts.ts";
import { allUids, type CursorQuery, MessageCursor } from "./mail_cursor.ts";
import { type AccountWork, deletable, dropMailbox, mailboxWithId, takeModSeq } from "./mail_mailboxes.ts";
import { maxUid } from "./mail_ranges.ts";

/** Messages removed between two places where the writer may turn to others; each takes some 30 microseconds. */
const chunk = 100;

type RemovedRow = readonly [uid: number, emailId: number, bits: number, size: number];

const deletedRows = prepared((
  db,
  p: { accountId: number; mailboxId: number; from: number; to: number },
) =>
  db.selectFrom("messages").select(["uid", "email_id", "bits", "size"])
    .where("account_id", "=", p.accountId).where("mailbox_id", "=", p.mailboxId)
    .where("uid", ">=", p.from).where("uid", "<=", p.to).where("expunged", "=", 0)
    .where(bitAnd("bits", deleted), "<>", 0)
    .orderBy("uid").limit(literal(chunk))
);

const deletedQuery: CursorQuery = { query: deletedRows, limit: chunk, maxBytes: null };

const anyRows = prepared((
  db,
  p: { accountId: number; mailboxId: number; from: number; to: number },
) =>
  db.selectFrom("messages").select(["uid", "email_id", "bits", "size"])
    .where("account_id", "=", p.accountId).where("mailbox_id", "=", p.mailboxId)
    .where("uid", ">=", p.from).where("uid", "<=", p.to)
    .orderBy("uid").limit(literal(chunk))
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
  const { accountId } = work;
  const mailboxId = request.mailbox;
  const uids = request.uids ?? allUids;
  const cursor = new MessageCursor<RemovedRow>(deletedQuery, { accountId, mailboxId, uids });
  const gone = new NumbersBuilder();
  yield* mailboxWithId(accountId, mailboxId);
  while (!cursor.done) {
    const rows = yield* cursor.next();
    if (rows.length > 0) yield* expungeChunk(work, bodies, mailboxId, rows);
    for (const row of rows) gone.add(row[0]);
    yield* pause();
  }
  return gone.finishUids();
}

function* expungeChunk(
  work: AccountWork,
  bodies: Bodies,
  mailboxId: number,
  rows: readonly RemovedRow[],
): Work<void> {
  const { accountId } = work;
  const modseq = yield* takeModSeq(accountId);
  yield* markExpunged(accountId, mailboxId, rows.map((row) => row[0]), modseq);
  const change = yield* dropAll(work, bodies, rows);
  yield* applyCounts(work, mailboxId, modseq, change);
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
export function* deleteMailbox(work: AccountWork, bodies: Bodies, name: string): SlicedWork<void> {
  const { accountId } = work;
  const mailboxId = (yield* deletable(accountId, name)).id;
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
  const { accountId } = work;
  const modseq = yield* takeModSeq(accountId);
  // Those expunged before have no email, and are not counted.
  const change = yield* dropAll(work, bodies, rows.filter((row) => row[1] !== 0));
  yield* run(deleteRows, { accountId, mailboxId, to: rows.at(-1)?.[0] ?? 0 });
  yield* run(forgetHistory, { id: mailboxId, modseq });
  yield* applyCounts(work, mailboxId, modseq, change);
}
