/**
 * Adding messages to a mailbox: the one way in, for deliveries and for APPEND.
 *
 * All messages added at once share one MODSEQ (RFC 7162 3.1) and take their place all together: the counts of
 * mailbox and account, the UIDs, the threads, the rows of emails and messages.
 *
 * @module
 */
import type { Bytes } from "../base/bytes.ts";
import type { Millis } from "../base/clock.ts";
import { Refused } from "../base/errors.ts";
import { deleted, maxKeywords, maxMailboxKeywords, seen } from "../imap/flags.ts";
import { insertBody, type ReadyBody } from "./bodies.ts";
import type { CheckedIndex } from "./check_index.ts";
import { newObjectId } from "./object_id.ts";
import { encodeParts } from "./part_table.ts";
import { many, one, prepared, run, type Work } from "./query.ts";
import { placeInThread } from "./threads.ts";
import type { Transaction } from "./writer.ts";

/** Octets of the trace fields in front of one message. */
export const maxPrefixBytes = 64 * 1024;

/** Bits of `emails.traits`. */
export const traitBits = { isReply: 1, isReport: 2, hasUtf8Headers: 4, has8Bit: 8 } as const;

/** A message to be added. */
export interface Addition {
  /** From {@link prepareEmail}. */
  readonly email: PreparedEmail;
  /** Trace fields in front of the body, each with CRLF; may be empty. */
  readonly prefix: Bytes;
  /** Flags, as in `imap/flags.ts`. */
  readonly bits: number;
  /** Lower case, ascending, without doubles. */
  readonly keywords: readonly string[];
  readonly internalDate: Millis;
}

/** A message that was added. */
export interface Added {
  readonly uid: number;
  /** EMAILID. */
  readonly objectId: string;
}

/** What {@link addMessages} did. */
export interface AddedAll {
  readonly modseq: number;
  readonly uidValidity: number;
  /** In the order given; UIDs ascend without gaps. */
  readonly messages: readonly Added[];
}

/** A body with what is known of it, ready for the writer: everything that needs time is done. */
export interface PreparedEmail {
  readonly body: ReadyBody;
  readonly index: CheckedIndex;
  readonly parts: Bytes;
}

/** Rows of bodies that this unit has made: handed from call to call where several accounts get the same body. */
export type BodyRows = Map<ReadyBody, number>;

/** Does outside the writer what can be done there. */
export function prepareEmail(body: ReadyBody, index: CheckedIndex): PreparedEmail {
  return { body, index, parts: encodeParts(index.root) };
}

/** About how much adding the email writes, for the size of groups. */
export function writtenBytes({ body, index, parts }: PreparedEmail): number {
  const { envelope, bodyStructure, subject, from, to, cc } = index;
  return (body.content?.length ?? 0) + parts.length + envelope.length + index.body.length +
    bodyStructure.length + subject.length + from.length + to.length + cc.length + 1024;
}

const takeSpace = prepared((db, p: { accountId: number; bytes: number }) =>
  db.updateTable("accounts")
    .set((eb) => ({ modseq: eb("modseq", "+", 1), bytes: eb("bytes", "+", p.bytes) }))
    .where("id", "=", p.accountId)
    .where((eb) =>
      eb.or([eb("max_bytes", "is", null), eb(eb("bytes", "+", p.bytes), "<=", eb.ref("max_bytes"))])
    )
    .returning("modseq")
);

const accountExists = prepared((db, p: { accountId: number }) =>
  db.selectFrom("accounts").select("id").where("id", "=", p.accountId)
);

const takePlaces = prepared((
  db,
  p: {
    accountId: number;
    mailboxId: number;
    modseq: number;
    messages: number;
    unseen: number;
    deleted: number;
    bytes: number;
    deletedBytes: number;
  },
) =>
  db.updateTable("mailboxes")
    .set((eb) => ({
      uid_next: eb("uid_next", "+", p.messages),
      highest_modseq: p.modseq,
      messages: eb("messages", "+", p.messages),
      unseen: eb("unseen", "+", p.unseen),
      deleted: eb("deleted", "+", p.deleted),
      bytes: eb("bytes", "+", p.bytes),
      deleted_bytes: eb("deleted_bytes", "+", p.deletedBytes),
    }))
    .where("id", "=", p.mailboxId).where("account_id", "=", p.accountId)
    .returning(["uid_next", "uid_validity"])
);

const insertEmail = prepared((
  db,
  p: {
    accountId: number;
    objectId: string;
    threadId: number;
    bodyId: number;
    size: number;
    mailboxId: number;
    received: number;
    sent: number | null;
    messageIdHash: number | null;
    missingParentHash: number | null;
    baseSubjectHash: number | null;
    traits: number;
    parseVersion: number;
    messageId: string | null;
    baseSubject: string;
    fromAddress: string | null;
    subject: string;
    from: string;
    to: string;
    cc: string;
    bcc: string;
    preview: string;
    prefix: Bytes;
    envelope: Bytes;
    body: Bytes;
    bodyStructure: Bytes;
    parts: Bytes;
    refs: string;
    problems: string;
  },
) =>
  db.insertInto("emails").values({
    account_id: p.accountId,
    object_id: p.objectId,
    thread_id: p.threadId,
    body_id: p.bodyId,
    copies: 1,
    size: p.size,
    original_mailbox_id: p.mailboxId,
    received: p.received,
    sent: p.sent,
    message_id_hash: p.messageIdHash,
    missing_parent_hash: p.missingParentHash,
    base_subject_hash: p.baseSubjectHash,
    traits: p.traits,
    parse_version: p.parseVersion,
    message_id: p.messageId,
    base_subject: p.baseSubject,
    from_address: p.fromAddress,
    subject: p.subject,
    from_text: p.from,
    to_text: p.to,
    cc_text: p.cc,
    bcc_text: p.bcc,
    preview: p.preview,
    prefix: p.prefix,
    envelope: p.envelope,
    body: p.body,
    body_structure: p.bodyStructure,
    parts: p.parts,
    refs: p.refs,
    problems: p.problems,
  })
);

const insertMessage = prepared((
  db,
  p: {
    accountId: number;
    mailboxId: number;
    uid: number;
    emailId: number;
    modseq: number;
    bits: number;
    keywords: string;
    size: number;
    internalDate: number;
    saveDate: number;
  },
) =>
  db.insertInto("messages").values({
    account_id: p.accountId,
    mailbox_id: p.mailboxId,
    uid: p.uid,
    email_id: p.emailId,
    modseq: p.modseq,
    createseq: p.modseq,
    bits: p.bits,
    keywords: p.keywords,
    size: p.size,
    internal_date: p.internalDate,
    save_date: p.saveDate,
    expunged: 0,
  })
);

const keywordsOf = prepared((db, p: { accountId: number; mailboxId: number }) =>
  db.selectFrom("mailbox_keywords").select("keyword")
    .where("account_id", "=", p.accountId).where("mailbox_id", "=", p.mailboxId)
);

const addKeyword = prepared((db, p: { accountId: number; mailboxId: number; keyword: string }) =>
  db.insertInto("mailbox_keywords").values({
    account_id: p.accountId,
    mailbox_id: p.mailboxId,
    keyword: p.keyword,
  })
);

/**
 * Adds messages to a mailbox. All or nothing, in one unit of the writer.
 *
 * @throws {Refused} `noSuchMailbox`, `overQuota`, `tooMany` (keywords), `tooLarge` (prefix).
 */
export function* addMessages(
  tx: Transaction,
  accountId: number,
  mailboxId: number,
  additions: readonly Addition[],
  bodies: BodyRows = new Map(),
): Work<AddedAll> {
  const totals = totalsOf(additions);
  const modseq = yield* takeModseqAndSpace(accountId, totals.bytes);
  const place = yield* one(takePlaces, { accountId, mailboxId, modseq, ...totals });
  if (place === undefined) {
    throw new Refused("noSuchMailbox", `no mailbox ${mailboxId} in account ${accountId}`);
  }
  yield* noteKeywords(accountId, mailboxId, additions.flatMap((addition) => addition.keywords));
  const messages: Added[] = [];
  let uid = place.uid_next - additions.length;
  for (const addition of additions) {
    const { id, objectId } = yield* addEmail(accountId, mailboxId, addition, bodies);
    yield* run(insertMessage, {
      accountId,
      mailboxId,
      uid,
      emailId: id,
      modseq,
      bits: addition.bits,
      keywords: addition.keywords.join(" "),
      size: sizeOf(addition),
      internalDate: addition.internalDate,
      saveDate: tx.now,
    });
    messages.push({ uid, objectId });
    uid++;
  }
  tx.changed(accountId, mailboxId);
  return { modseq, uidValidity: place.uid_validity, messages };
}

/**
 * The account's next MODSEQ, and room for `bytes` more within its quota.
 *
 * @throws {Refused} `overQuota`, `noSuchMailbox` if there is no such account.
 */
export function* takeModseqAndSpace(accountId: number, bytes: number): Work<number> {
  const row = yield* one(takeSpace, { accountId, bytes });
  if (row !== undefined) return row.modseq;
  if ((yield* one(accountExists, { accountId })) === undefined) {
    throw new Refused("noSuchMailbox", `no account ${accountId}`);
  }
  throw new Refused("overQuota", `account ${accountId} has no room for ${bytes} octets`);
}

/**
 * Remembers the keywords that a mailbox has.
 *
 * @throws {Refused} `tooMany` if it would have more than `maxMailboxKeywords`.
 */
export function* noteKeywords(accountId: number, mailboxId: number, keywords: readonly string[]): Work<void> {
  if (keywords.length === 0) return;
  const known = new Set((yield* many(keywordsOf, { accountId, mailboxId })).map((row) => row.keyword));
  for (const keyword of keywords) {
    if (known.has(keyword)) continue;
    if (known.size >= maxMailboxKeywords) throw new Refused("tooMany", "too many keywords in one mailbox");
    known.add(keyword);
    yield* run(addKeyword, { accountId, mailboxId, keyword });
  }
}

function* addEmail(
  accountId: number,
  mailboxId: number,
  addition: Addition,
  bodies: BodyRows,
): Work<{ id: number; objectId: string }> {
  const { email: { body, index, parts }, prefix, internalDate } = addition;
  const place = yield* placeInThread({
    accountId,
    mailboxId,
    received: internalDate,
    messageId: index.messageId,
    references: index.references,
    baseSubject: index.baseSubject,
    isReply: index.isReply,
    isReport: index.isReport,
  });
  const objectId = newObjectId();
  const { insertedId } = yield* run(insertEmail, {
    accountId,
    objectId,
    ...place,
    bodyId: yield* bodyRow(body, bodies),
    size: sizeOf(addition),
    mailboxId,
    received: internalDate,
    sent: index.date,
    traits: traitsOf(index),
    parseVersion: index.version,
    messageId: index.messageId,
    baseSubject: index.baseSubject,
    fromAddress: index.fromAddress,
    subject: index.subject,
    from: index.from,
    to: index.to,
    cc: index.cc,
    bcc: index.bcc,
    preview: index.preview,
    prefix,
    envelope: index.envelope,
    body: index.body,
    bodyStructure: index.bodyStructure,
    parts,
    refs: index.references.join(" "),
    problems: index.problems.join("\n"),
  });
  return { id: insertedId, objectId };
}

/** The row of a body, made when this unit first needs it. */
function* bodyRow(body: ReadyBody, rows: BodyRows): Work<number> {
  const known = rows.get(body);
  if (known !== undefined) return known;
  const id = yield* insertBody(body);
  rows.set(body, id);
  return id;
}

function sizeOf({ email, prefix }: Addition): number {
  return prefix.length + email.body.hashes.size;
}

function traitsOf(index: CheckedIndex): number {
  return (index.isReply ? traitBits.isReply : 0) | (index.isReport ? traitBits.isReport : 0) |
    (index.hasUtf8Headers ? traitBits.hasUtf8Headers : 0) | (index.has8Bit ? traitBits.has8Bit : 0);
}

/** What the additions add to a mailbox's counts. */
function totalsOf(additions: readonly Addition[]) {
  const totals = { messages: additions.length, unseen: 0, deleted: 0, bytes: 0, deletedBytes: 0 };
  for (const addition of additions) {
    if (addition.prefix.length > maxPrefixBytes) {
      throw new Refused("tooLarge", "a message's prefix is too large");
    }
    if (addition.keywords.length > maxKeywords) {
      throw new Refused("tooMany", "too many keywords of one message");
    }
    const size = sizeOf(addition);
    totals.bytes += size;
    if ((addition.bits & seen) === 0) totals.unseen++;
    if ((addition.bits & deleted) !== 0) {
      totals.deleted++;
      totals.deletedBytes += size;
    }
  }
  return totals;
}
