/**
 * An email of one account that becomes another's: a row of its own, with an id and a thread of its own, and the same
 * body.
 *
 * Tested by `src/accounts/mail_sharing_test.ts`.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { traitBits } from "./add_message.ts";
import { newObjectId } from "./object_id.ts";
import { one, prepared, run, type Work } from "./query.ts";
import { placeInThread } from "./threads.ts";
import type { Transaction } from "./transaction.ts";

const clues = prepared((db, p: { id: number }) =>
  db.selectFrom("emails as e")
    .innerJoin("email_fields as f", (join) =>
      join.onRef("f.account_id", "=", "e.account_id").onRef("f.email_id", "=", "e.id"))
    .select([
      "e.base_subject",
      "e.traits",
      "e.message_id_hash",
      "f.message_id",
      "f.refs",
      "f.base_subject_hash",
    ])
    .where("e.id", "=", p.id)
);

const shareBody = prepared((db, p: { id: number }) =>
  db.updateTable("emails").set({ body_shared: 1 }).where("id", "=", p.id)
);

/** What was found out of the message when it came stays with whom it came to. */
const insertCopy = prepared((
  db,
  p: {
    id: number;
    from: number;
    accountId: number;
    objectId: string;
    threadId: number | null;
    threadObjectId: string;
    mailboxId: number;
    received: number;
    messageIdHash: number | null;
    missingParentHash: number | null;
  },
) =>
  db.insertInto("emails")
    .columns([
      "id",
      "account_id",
      "object_id",
      "thread_id",
      "thread_object_id",
      "original_mailbox_id",
      "received",
      "message_id_hash",
      "missing_parent_hash",
      "copies",
      "body_shared",
      "evidence",
      ...copied,
    ])
    .expression((eb) =>
      eb.selectFrom("emails").select((eb) => [
        eb.val(p.id).as("id"),
        eb.val(p.accountId).as("account_id"),
        eb.val(p.objectId).as("object_id"),
        eb.val(p.threadId).as("thread_id"),
        eb.val(p.threadObjectId).as("thread_object_id"),
        eb.val(p.mailboxId).as("original_mailbox_id"),
        eb.val(p.received).as("received"),
        eb.val(p.messageIdHash).as("message_id_hash"),
        eb.val(p.missingParentHash).as("missing_parent_hash"),
        eb.lit(1).as("copies"),
        eb.lit(1).as("body_shared"),
        eb.lit(null).as("evidence"),
        ...copied,
      ]).where("id", "=", p.from)
    )
);

const copied = [
  "body_id",
  "size",
  "traits",
  "parse_version",
  "base_subject",
  "from_address",
  "preview",
  "prefix",
  "envelope",
  "body",
  "body_structure",
  "parts",
  "problems",
] as const;

const insertFieldsCopy = prepared((db, p: { from: number; accountId: number; emailId: number }) =>
  db.insertInto("email_fields").columns(["account_id", "email_id", ...copiedFields])
    .expression((eb) =>
      eb.selectFrom("emails as e")
        .innerJoin("email_fields as f", (join) =>
          join.onRef("f.account_id", "=", "e.account_id").onRef("f.email_id", "=", "e.id"))
        .select((eb) => [
          eb.val(p.accountId).as("account_id"),
          eb.val(p.emailId).as("email_id"),
          ...copiedFields.map((field) =>
            eb.ref(`f.${field}`).as(field)
          ),
        ])
        .where("e.id", "=", p.from)
    )
);

const copiedFields = [
  "sent",
  "base_subject_hash",
  "is_reply",
  "subject",
  "from_text",
  "to_text",
  "cc_text",
  "bcc_text",
  "sort_subject",
  "sort_from",
  "sort_to",
  "sort_cc",
  "display_from",
  "display_to",
  "message_id",
  "refs",
] as const;

/** Copies an email with one message of it, which is the caller's to add. Returns its row's id. */
export function* copyEmail(
  tx: Transaction,
  copy: {
    readonly from: number;
    readonly accountId: number;
    readonly mailboxId: number;
    readonly received: Millis;
  },
): Work<number> {
  const { from, accountId, mailboxId, received } = copy;
  const found = yield* one(clues, { id: from });
  if (found === undefined) throw new Error(`email ${from} is gone from under its message`);
  const { message_id, refs, base_subject, traits, message_id_hash, base_subject_hash } = found;
  const place = yield* placeInThread(tx.messageIds, {
    accountId,
    mailboxId,
    received,
    hashes: { messageId: message_id_hash, baseSubject: base_subject_hash },
    messageId: message_id,
    references: refs === "" ? [] : refs.split(" "),
    baseSubject: base_subject,
    isReply: (traits & traitBits.isReply) !== 0,
    isReport: (traits & traitBits.isReport) !== 0,
  });
  yield* run(shareBody, { id: from });
  const id = tx.emailIds.take();
  yield* run(insertCopy, {
    id,
    from,
    accountId,
    objectId: newObjectId(),
    ...place,
    mailboxId,
    received,
  });
  yield* run(insertFieldsCopy, { from, accountId, emailId: id });
  if (message_id_hash !== null) yield* tx.messageIds.add(accountId, message_id_hash, id);
  return id;
}
