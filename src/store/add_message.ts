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
import { maxKeywords, maxMailboxKeywords } from "../imap/flags.ts";
import { commonHeader } from "../message/header_fields.ts";
import { insertBody, type ReadyBody } from "./bodies.ts";
import type { CheckedIndex } from "./check_index.ts";
import { CountChange } from "./counts.ts";
import { addEmailFields, type EmailFields, emailFields } from "./email_fields.ts";
import { newObjectId } from "./object_id.ts";
import { encodeParts } from "./part_table.ts";
import { many, prepared, run, type Work } from "./query.ts";
import { type ClueHashes, clueHashes, placeInThread } from "./threads.ts";
import type { Transaction } from "./transaction.ts";

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
  /** What was found out of it when it came (`evidence/evidence.ts`, encoded); absent for what clients stored. */
  readonly evidence?: Bytes | null;
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
  readonly hashes: ClueHashes;
  readonly fields: EmailFields;
  /** See `EmailsTable.common_header`. */
  readonly commonHeader: Bytes | null;
}

/** Rows of bodies that this unit has made: handed from call to call where several accounts get the same body. */
export type BodyRows = Map<ReadyBody, number>;

/** Does outside the writer what can be done there. */
export function prepareEmail(body: ReadyBody, index: CheckedIndex): PreparedEmail {
  const { content } = body;
  return {
    body,
    index,
    parts: encodeParts(index.root),
    hashes: clueHashes(index),
    fields: emailFields(index),
    commonHeader: content === null ? null : commonHeader(content.subarray(0, index.root.bodyStart)),
  };
}

/** About how much adding the email writes, for the size of groups. */
export function writtenBytes({ body, index, parts, commonHeader }: PreparedEmail): number {
  const { envelope, bodyStructure, subject, from, to, cc } = index;
  return (body.content?.length ?? 0) + parts.length + envelope.length + index.body.length +
    (commonHeader?.length ?? 0) + bodyStructure.length + subject.length + from.length + to.length +
    cc.length + 1024;
}

const insertEmail = prepared((
  db,
  p: {
    id: number;
    accountId: number;
    objectId: string;
    threadId: number | null;
    threadObjectId: string;
    bodyId: number;
    bodyShared: number;
    size: number;
    mailboxId: number;
    received: number;
    messageIdHash: number | null;
    missingParentHash: number | null;
    traits: number;
    parseVersion: number;
    baseSubject: string;
    fromAddress: string | null;
    preview: string;
    prefix: Bytes;
    envelope: Bytes;
    body: Bytes;
    bodyStructure: Bytes;
    parts: Bytes;
    problems: string;
    evidence: Bytes | null;
    commonHeader: Bytes | null;
  },
) =>
  db.insertInto("emails").values({
    id: p.id,
    account_id: p.accountId,
    object_id: p.objectId,
    thread_id: p.threadId,
    thread_object_id: p.threadObjectId,
    body_id: p.bodyId,
    body_shared: p.bodyShared,
    copies: 1,
    size: p.size,
    original_mailbox_id: p.mailboxId,
    received: p.received,
    message_id_hash: p.messageIdHash,
    missing_parent_hash: p.missingParentHash,
    traits: p.traits,
    parse_version: p.parseVersion,
    base_subject: p.baseSubject,
    from_address: p.fromAddress,
    preview: p.preview,
    prefix: p.prefix,
    envelope: p.envelope,
    body: p.body,
    body_structure: p.bodyStructure,
    parts: p.parts,
    problems: p.problems,
    evidence: p.evidence,
    common_header: p.commonHeader,
  })
);

export const insertMessage = prepared((
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
 * Adds messages to a mailbox. All or nothing, in one unit of the writer; what it refuses, it refuses before it has
 * changed anything.
 *
 * @param bodies To be given where several accounts get the same bodies; null if each body is one message's alone.
 * @param beyondQuota Whether they are added although the account has no room: only what the server itself has to say.
 * @throws {Refused} `noSuchMailbox`, `overQuota`, `tooMany` (keywords, UIDs), `tooLarge` (prefix).
 */
export function* addMessages(
  tx: Transaction,
  accountId: number,
  mailboxId: number,
  additions: readonly Addition[],
  bodies: BodyRows | null = null,
  beyondQuota = false,
): Work<AddedAll> {
  const { counts } = tx;
  const change = changeOf(additions);
  const mailbox = yield* counts.mailbox(accountId, mailboxId);
  if (mailbox === undefined) {
    throw new Refused("noSuchMailbox", `no mailbox ${mailboxId} in account ${accountId}`);
  }
  if (!beyondQuota) yield* counts.checkQuota(accountId, change.bytes, change.messages);
  yield* noteKeywords(accountId, mailboxId, additions.flatMap((addition) => addition.keywords));
  let uid = yield* counts.takeUids(accountId, mailboxId, additions.length);
  const modseq = yield* counts.takeModSeq(accountId);
  const messages: Added[] = [];
  for (const addition of additions) {
    const { id, objectId } = yield* addEmail(tx, accountId, mailboxId, addition, bodies);
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
  yield* tx.count(accountId, mailboxId, modseq, change);
  return { modseq, uidValidity: mailbox.uid_validity, messages };
}

/**
 * Remembers the keywords that a mailbox has.
 *
 * @throws {Refused} `tooMany` if it would have more than `maxMailboxKeywords`; then it has changed nothing.
 */
export function* noteKeywords(accountId: number, mailboxId: number, keywords: readonly string[]): Work<void> {
  if (keywords.length === 0) return;
  const known = new Set((yield* many(keywordsOf, { accountId, mailboxId })).map((row) => row.keyword));
  const fresh = new Set(keywords).difference(known);
  if (fresh.size > 0 && known.size + fresh.size > maxMailboxKeywords) {
    throw new Refused("tooMany", "too many keywords in one mailbox");
  }
  for (const keyword of fresh) yield* run(addKeyword, { accountId, mailboxId, keyword });
}

function* addEmail(
  tx: Transaction,
  accountId: number,
  mailboxId: number,
  addition: Addition,
  bodies: BodyRows | null,
): Work<{ id: number; objectId: string }> {
  const { email: { body, index, parts, hashes, fields }, prefix, internalDate } = addition;
  const place = yield* placeInThread(tx.messageIds, {
    accountId,
    mailboxId,
    received: internalDate,
    hashes,
    messageId: index.messageId,
    references: index.references,
    baseSubject: index.baseSubject,
    isReply: index.isReply,
    isReport: index.isReport,
  });
  const objectId = newObjectId();
  const id = tx.emailIds.take();
  yield* run(insertEmail, {
    id,
    accountId,
    objectId,
    ...place,
    bodyId: yield* bodyRow(body, bodies),
    bodyShared: bodies !== null || body.content === null ? 1 : 0,
    size: sizeOf(addition),
    mailboxId,
    received: internalDate,
    traits: traitsOf(index),
    parseVersion: index.version,
    baseSubject: index.baseSubject,
    fromAddress: index.fromAddress,
    preview: index.preview,
    prefix,
    envelope: index.envelope,
    body: index.body,
    bodyStructure: index.bodyStructure,
    parts,
    problems: index.problems.join("\n"),
    evidence: addition.evidence ?? null,
    commonHeader: addition.email.commonHeader,
  });
  yield* addEmailFields(accountId, id, hashes.baseSubject, fields);
  if (hashes.messageId !== null) yield* tx.messageIds.add(accountId, hashes.messageId, id);
  return { id, objectId };
}

/** The row of a body; made when this unit first needs it, if others of the unit may need it, too. */
export function* bodyRow(body: ReadyBody, rows: BodyRows | null): Work<number> {
  if (rows === null) return yield* insertBody(body);
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

/** What the additions add to a mailbox's counts. @throws {Refused} For what cannot be added. */
function changeOf(additions: readonly Addition[]): CountChange {
  const change = new CountChange();
  for (const addition of additions) {
    if (addition.prefix.length > maxPrefixBytes) {
      throw new Refused("tooLarge", "a message's prefix is too large");
    }
    if (addition.keywords.length > maxKeywords) {
      throw new Refused("tooMany", "too many keywords of one message");
    }
    change.add(addition.bits, sizeOf(addition), 1);
  }
  return change;
}
