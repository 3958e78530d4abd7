/**
 * COPY and MOVE into another account's mailbox: all messages or none. RFC 9051 6.4.7, 6.4.8, RFC 4314 4
 *
 * The message becomes an email of the other account, with an id and a thread of its own (RFC 8474 5.1: two accounts
 * never share an EMAILID); the body is shared. It counts against the quota of the account that it comes to.
 *
 * Tested by `src/accounts/mail_sharing_test.ts`.
 *
 * @module
 */
import { Refused } from "../base/errors.ts";
import { changeableFlags } from "../imap/acl.ts";
import { insertMessage, noteKeywords } from "../store/add_message.ts";
import type { Bodies } from "../store/bodies.ts";
import { copyEmail } from "../store/copy_email.ts";
import { CountChange } from "../store/counts.ts";
import { messagesBetween, type UidsBetween } from "../store/message_rows.ts";
import { literal, prepared, run, type Work } from "../store/query.ts";
import { dropCopies } from "../store/remove_message.ts";
import type { Transaction } from "../store/transaction.ts";
import type { Copied, CopyRequest } from "./mail.ts";
import type { Reach } from "./mail_access.ts";
import { markExpunged } from "./mail_copy.ts";
import { type CursorQuery, MessageCursor } from "./mail_cursor.ts";
import { keywordsOf } from "./mail_keywords.ts";
import { mailboxWithId } from "./mail_mailboxes.ts";

/** Most messages of one COPY between accounts: each takes about as long as one of APPEND. */
export const maxCopiedAcross = 1000;

type Row = readonly [
  uid: number,
  emailId: number,
  bits: number,
  keywords: string,
  size: number,
  internalDate: number,
];

const chunk = 500;

const messageRows = prepared((db, p: UidsBetween) =>
  messagesBetween(db, p).select(["uid", "email_id", "bits", "keywords", "size", "internal_date"])
    .limit(literal(chunk))
);

const rowsQuery: CursorQuery = { query: messageRows, limit: chunk, maxBytes: null };

/** @throws {Refused} `noSuchMailbox`, `overQuota`, `tooMany` */
export function* copyAcross(
  tx: Transaction,
  bodies: Bodies,
  from: Reach,
  to: Reach,
  request: CopyRequest,
  move: boolean,
): Work<Copied> {
  const source = yield* mailboxWithId(from.ownerId, request.mailbox);
  const target = yield* mailboxWithId(to.ownerId, request.to);
  const rows = yield* allRows(from.ownerId, source.id, request);
  const nothing = new Uint32Array();
  if (rows.length === 0) return { uidValidity: target.uid_validity, from: nothing, to: nothing };
  const uids = yield* addRows(tx, to, target.id, rows);
  if (move) yield* removeRows(tx, bodies, from.ownerId, source.id, rows);
  return {
    uidValidity: target.uid_validity,
    from: Uint32Array.from(rows, (row) => row[0]),
    to: Uint32Array.from(uids),
  };
}

function* allRows(accountId: number, mailboxId: number, { uids }: CopyRequest): Work<Row[]> {
  const cursor = new MessageCursor<Row>(rowsQuery, { accountId, mailboxId, uids });
  const rows: Row[] = [];
  while (!cursor.done) {
    rows.push(...yield* cursor.next());
    if (rows.length > maxCopiedAcross) throw new Refused("tooMany", "too many messages for another account");
  }
  return rows;
}

function* addRows(
  tx: Transaction,
  { ownerId: accountId, rights }: Reach,
  mailboxId: number,
  rows: readonly Row[],
): Work<number[]> {
  const may = changeableFlags(rights);
  const change = new CountChange();
  for (const [, , bits, , size] of rows) change.add(bits & may.bits, size, 1);
  yield* tx.counts.checkQuota(accountId, change.bytes, change.messages);
  if (may.keywords) yield* noteKeywords(accountId, mailboxId, keywordsOf(rows.map((row) => row[3])));
  let uid = yield* tx.counts.takeUids(accountId, mailboxId, rows.length);
  const modseq = yield* tx.counts.takeModSeq(accountId);
  const uids: number[] = [];
  for (const [, from, bits, keywords, size, internalDate] of rows) {
    const emailId = yield* copyEmail(tx, { from, accountId, mailboxId, received: internalDate });
    yield* run(insertMessage, {
      accountId,
      mailboxId,
      uid,
      emailId,
      modseq,
      bits: bits & may.bits,
      keywords: may.keywords ? keywords : "",
      size,
      internalDate,
      saveDate: tx.now,
    });
    uids.push(uid++);
  }
  yield* tx.count(accountId, mailboxId, modseq, change);
  return uids;
}

function* removeRows(
  tx: Transaction,
  bodies: Bodies,
  accountId: number,
  mailboxId: number,
  rows: readonly Row[],
): Work<void> {
  const modseq = yield* tx.counts.takeModSeq(accountId);
  yield* markExpunged({ accountId, tx }, mailboxId, rows.map((row) => row[0]), modseq);
  const change = new CountChange();
  for (const [, emailId, bits, , size] of rows) {
    change.add(bits, size, -1);
    yield* dropCopies(tx, bodies, { accountId, emailId, copies: 1 });
  }
  yield* tx.count(accountId, mailboxId, modseq, change);
}
