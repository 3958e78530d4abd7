/**
 * Which thread an email belongs to. Decided once, when it comes; a thread id that was told is never rewritten.
 *
 * The first of these that is found, each with the same base subject (RFC 5256 2.1) unless it is a report:
 * an email with the same Message-ID; one of the References (or else In-Reply-To), the newest first; an email that
 * came before its parent and waits for this one. Without references, and only where the subject says that it is a reply:
 * the newest email with the same base subject that came to the same mailbox at most four weeks before or a day
 * after.
 *
 * Message ids and subjects are looked up by a hash of 48 bits, and then compared in full.
 *
 * @module
 */
import { hash } from "node:crypto";
import type { Millis } from "../base/clock.ts";
import { newObjectId } from "./object_id.ts";
import { literal, many, one, prepared, run, type Work } from "./query.ts";

/** Emails looked at for one message id or subject: whoever sends more with the same ones gets more threads. */
export const maxCandidates = 20;

const day = 24 * 60 * 60 * 1000;
/** How far a reply without references looks back, and forward (for clocks and order). */
export const subjectBeforeMs = 28 * day;
export const subjectAfterMs = day;

/** What of an email decides its thread. */
export interface ThreadClues {
  readonly accountId: number;
  readonly mailboxId: number;
  readonly received: Millis;
  readonly messageId: string | null;
  /** Oldest first. */
  readonly references: readonly string[];
  readonly baseSubject: string;
  readonly isReply: boolean;
  readonly isReport: boolean;
}

/** What is stored with the email. */
export interface ThreadPlace {
  readonly threadId: number;
  readonly messageIdHash: number | null;
  readonly missingParentHash: number | null;
  readonly baseSubjectHash: number | null;
}

const byMessageId = prepared((db, p: { accountId: number; hash: number }) =>
  db.selectFrom("emails").select(["thread_id", "message_id", "base_subject"])
    .where("account_id", "=", p.accountId).where("message_id_hash", "=", p.hash)
    .where("message_id_hash", "is not", null).orderBy("id", "desc").limit(literal(maxCandidates))
);

const byMissingParent = prepared((db, p: { accountId: number; hash: number }) =>
  db.selectFrom("emails").select(["thread_id", "refs", "base_subject"])
    .where("account_id", "=", p.accountId).where("missing_parent_hash", "=", p.hash)
    .where("missing_parent_hash", "is not", null).orderBy("id").limit(literal(maxCandidates))
);

const bySubject = prepared((db, p: { accountId: number; mailboxId: number; hash: number }) =>
  db.selectFrom("emails").select(["thread_id", "base_subject", "received"])
    .where("account_id", "=", p.accountId).where("original_mailbox_id", "=", p.mailboxId)
    .where("base_subject_hash", "=", p.hash).where("base_subject_hash", "is not", null)
    .orderBy("id", "desc").limit(literal(maxCandidates))
);

const insertThread = prepared((db, p: { accountId: number; objectId: string }) =>
  db.insertInto("threads").values({ account_id: p.accountId, object_id: p.objectId })
);

const emailInThread = prepared((db, p: { accountId: number; threadId: number }) =>
  db.selectFrom("emails").select("id").where("account_id", "=", p.accountId)
    .where("thread_id", "=", p.threadId).limit(literal(1))
);

const deleteThread = prepared((db, p: { threadId: number }) =>
  db.deleteFrom("threads").where("id", "=", p.threadId)
);

/** 48 bits of SHA-256: nobody makes collisions by the thousand. */
export function hashId(text: string): number {
  return Number.parseInt(hash("sha256", text, "hex").slice(0, 12), 16);
}

/** Message ids are compared without regard to case: some relays change it. */
function canonical(messageId: string): string {
  return messageId.toLowerCase();
}

/** Finds or makes the thread of an email that is about to be added. */
export function* placeInThread(clues: ThreadClues): Work<ThreadPlace> {
  const { accountId, messageId, references, baseSubject } = clues;
  const own = messageId === null ? null : canonical(messageId);
  const messageIdHash = own === null ? null : hashId(own);
  const found = yield* referenced(clues, own, messageIdHash);
  const threadId = found.threadId ?? (yield* waiting(clues, own, messageIdHash)) ??
    (references.length === 0 && clues.isReply ? yield* sameSubject(clues) : null) ??
    (yield* run(insertThread, { accountId, objectId: newObjectId() })).insertedId;
  return {
    threadId,
    messageIdHash,
    missingParentHash: found.missingParentHash,
    baseSubjectHash: baseSubject === "" ? null : hashId(baseSubject),
  };
}

/** By its own Message-ID, then by its references. */
function* referenced(
  clues: ThreadClues,
  own: string | null,
  ownHash: number | null,
): Work<{ threadId: number | null; missingParentHash: number | null }> {
  if (own !== null && ownHash !== null) {
    const { threadId } = yield* withMessageId(clues, own, ownHash);
    if (threadId !== null) return { threadId, missingParentHash: null };
  }
  let missingParentHash: number | null = null;
  for (let i = clues.references.length - 1; i >= 0; i--) {
    const reference = canonical(clues.references[i] ?? "");
    const hash = hashId(reference);
    const { threadId, known } = yield* withMessageId(clues, reference, hash);
    if (i === clues.references.length - 1 && !known) missingParentHash = hash;
    if (threadId !== null) return { threadId, missingParentHash };
  }
  return { threadId: null, missingParentHash };
}

function* withMessageId(
  clues: ThreadClues,
  id: string,
  hash: number,
): Work<{ threadId: number | null; known: boolean }> {
  let known = false;
  for (const row of yield* many(byMessageId, { accountId: clues.accountId, hash })) {
    if (row.message_id === null || canonical(row.message_id) !== id) continue;
    known = true;
    if (clues.isReport || row.base_subject === clues.baseSubject) return { threadId: row.thread_id, known };
  }
  return { threadId: null, known };
}

/** The thread of an answer that came before what it answers. */
function* waiting(clues: ThreadClues, own: string | null, hash: number | null): Work<number | null> {
  if (own === null || hash === null) return null;
  for (
    const row of yield* many(byMissingParent, { accountId: clues.accountId, hash })
  ) {
    const parent = row.refs.slice(row.refs.lastIndexOf(" ") + 1);
    if (canonical(parent) === own && row.base_subject === clues.baseSubject) return row.thread_id;
  }
  return null;
}

function* sameSubject(clues: ThreadClues): Work<number | null> {
  const { accountId, mailboxId, baseSubject, received } = clues;
  if (baseSubject === "") return null;
  const hash = hashId(baseSubject);
  for (const row of yield* many(bySubject, { accountId, mailboxId, hash })) {
    const age = received - row.received;
    const near = age <= subjectBeforeMs && age >= -subjectAfterMs;
    if (near && row.base_subject === baseSubject) return row.thread_id;
  }
  return null;
}

/** Deletes a thread that has no email any more. To be called in the unit that deleted an email. */
export function* dropEmptyThread(accountId: number, threadId: number): Work<void> {
  if ((yield* one(emailInThread, { accountId, threadId })) === undefined) {
    yield* run(deleteThread, { threadId });
  }
}
