/**
 * Which thread an email belongs to. Decided once, when it comes; a thread id that was told is never rewritten.
 *
 * The first of these that is found, each with the same base subject (RFC 5256 2.1) unless it is a report:
 * an email with the same Message-ID; one of the References (or else In-Reply-To), the newest first; an email that
 * came before its parent and waits for this one. Without references, and only where the subject says that it is a reply:
 * the newest email with the same base subject that came to the same mailbox at most four weeks before or a day
 * after.
 *
 * Message ids and subjects are looked up by a hash of 48 bits, and then compared in full. Replies without references
 * are rare, and an index by subject would be one more page in each commit: so the hash stands in `email_fields`, whose rows
 * are narrow and in the order in which emails came, and such a reply looks through the newest of them.
 *
 * @module
 */
import { hash } from "node:crypto";
import type { Millis } from "../base/clock.ts";
import type { MessageIds } from "./message_ids.ts";
import { newObjectId } from "./object_id.ts";
import { literal, many, prepared, type Work } from "./query.ts";

/**
 * Emails looked at for one parent or subject (for one Message-ID see `message_ids.ts`): whoever sends more with the same
 * ones gets more threads.
 */
export const maxCandidates = 20;

/** Subjects looked through for one reply without references, the newest of its account: half a millisecond. */
export const maxSubjects = 2000;

const day = 24 * 60 * 60 * 1000;
/** How far a reply without references looks back, and forward (for clocks and order). */
export const subjectBeforeMs = 28 * day;
export const subjectAfterMs = day;

/** Hashes of what threads are found by. */
export interface ClueHashes {
  /** `hashId` of the Message-ID, null if there is none. */
  readonly messageId: number | null;
  /** `hashId` of the base subject, null if it is empty. */
  readonly baseSubject: number | null;
}

/** What of an email decides its thread. */
export interface ThreadClues {
  readonly accountId: number;
  readonly mailboxId: number;
  readonly received: Millis;
  readonly hashes: ClueHashes;
  readonly messageId: string | null;
  /** Oldest first. */
  readonly references: readonly string[];
  readonly baseSubject: string;
  readonly isReply: boolean;
  readonly isReport: boolean;
}

/** What is stored with the email. */
export interface ThreadPlace {
  /** Row of the thread's first email; null if this is it. */
  readonly threadId: number | null;
  readonly threadObjectId: string;
  readonly messageIdHash: number | null;
  readonly missingParentHash: number | null;
}

/** A thread that was found. */
interface Thread {
  readonly threadId: number;
  readonly threadObjectId: string;
}

const byMissingParent = prepared((db, p: { accountId: number; hash: number }) =>
  db.selectFrom("emails as e")
    .innerJoin("email_fields as f", (join) =>
      join.onRef("f.account_id", "=", "e.account_id").onRef("f.email_id", "=", "e.id"))
    .select(["e.id", "e.thread_id", "e.thread_object_id", "e.base_subject", "f.refs"])
    .where("e.account_id", "=", p.accountId).where("e.missing_parent_hash", "=", p.hash)
    .where("e.missing_parent_hash", "is not", null).orderBy("e.id").limit(literal(maxCandidates))
);

/** The limit is the subquery's, which reads narrow rows only. */
const bySubject = prepared((
  db,
  p: { accountId: number; mailboxId: number; hash: number; from: number; to: number },
) =>
  db.selectFrom((eb) =>
    eb.selectFrom("email_fields").select(["email_id", "base_subject_hash"])
      .where("account_id", "=", p.accountId).orderBy("email_id", "desc").limit(literal(maxSubjects)).as(
        "newest",
      )
  )
    .innerJoin("emails", "emails.id", "newest.email_id")
    .select(["emails.id", "thread_id", "thread_object_id", "base_subject"])
    .where("newest.base_subject_hash", "=", p.hash)
    .where("original_mailbox_id", "=", p.mailboxId)
    .where("received", ">=", p.from).where("received", "<=", p.to)
    .orderBy("received", "desc").orderBy("emails.id", "desc").limit(literal(maxCandidates))
);

/** 48 bits of SHA-256: nobody makes collisions by the thousand. */
export function hashId(text: string): number {
  return Number.parseInt(hash("sha256", text, "hex").slice(0, 12), 16);
}

/** Message ids are compared without regard to case: some relays change it. */
function canonical(messageId: string): string {
  return messageId.toLowerCase();
}

/** Makes the hashes, outside of the writer. */
export function clueHashes(
  { messageId, baseSubject }: { readonly messageId: string | null; readonly baseSubject: string },
): ClueHashes {
  return {
    messageId: messageId === null ? null : hashId(canonical(messageId)),
    baseSubject: baseSubject === "" ? null : hashId(baseSubject),
  };
}

/** Finds or makes the thread of an email that is about to be added. */
export function* placeInThread(messageIds: MessageIds, clues: ThreadClues): Work<ThreadPlace> {
  const { messageId, references, hashes } = clues;
  const own = messageId === null ? null : canonical(messageId);
  const found = yield* referenced(messageIds, clues, own, hashes.messageId);
  const thread = found.thread ?? (yield* waiting(clues, own, hashes.messageId)) ??
    (references.length === 0 && clues.isReply ? yield* sameSubject(clues) : null);
  return {
    threadId: thread?.threadId ?? null,
    threadObjectId: thread?.threadObjectId ?? newObjectId(),
    messageIdHash: hashes.messageId,
    missingParentHash: found.missingParentHash,
  };
}

function threadOf(
  row: { readonly id: number; readonly thread_id: number | null; readonly thread_object_id: string },
): Thread {
  return { threadId: row.thread_id ?? row.id, threadObjectId: row.thread_object_id };
}

/** By its own Message-ID, then by its references. */
function* referenced(
  messageIds: MessageIds,
  clues: ThreadClues,
  own: string | null,
  ownHash: number | null,
): Work<{ thread: Thread | null; missingParentHash: number | null }> {
  if (own !== null && ownHash !== null) {
    const { thread } = yield* withMessageId(messageIds, clues, own, ownHash);
    if (thread !== null) return { thread, missingParentHash: null };
  }
  let missingParentHash: number | null = null;
  for (let i = clues.references.length - 1; i >= 0; i--) {
    const reference = canonical(clues.references[i] ?? "");
    const hash = hashId(reference);
    const { thread, known } = yield* withMessageId(messageIds, clues, reference, hash);
    if (i === clues.references.length - 1 && !known) missingParentHash = hash;
    if (thread !== null) return { thread, missingParentHash };
  }
  return { thread: null, missingParentHash };
}

function* withMessageId(
  messageIds: MessageIds,
  clues: ThreadClues,
  id: string,
  hash: number,
): Work<{ thread: Thread | null; known: boolean }> {
  let known = false;
  for (const row of yield* messageIds.find(clues.accountId, hash)) {
    if (row.message_id === null || canonical(row.message_id) !== id) continue;
    known = true;
    if (clues.isReport || row.base_subject === clues.baseSubject) return { thread: threadOf(row), known };
  }
  return { thread: null, known };
}

/** The thread of an answer that came before what it answers. */
function* waiting(clues: ThreadClues, own: string | null, hash: number | null): Work<Thread | null> {
  if (own === null || hash === null) return null;
  for (
    const row of yield* many(byMissingParent, { accountId: clues.accountId, hash })
  ) {
    const parent = row.refs.slice(row.refs.lastIndexOf(" ") + 1);
    if (canonical(parent) === own && row.base_subject === clues.baseSubject) return threadOf(row);
  }
  return null;
}

function* sameSubject(clues: ThreadClues): Work<Thread | null> {
  const { accountId, mailboxId, baseSubject, received } = clues;
  const hash = clues.hashes.baseSubject;
  if (hash === null) return null;
  const near = { from: received - subjectBeforeMs, to: received + subjectAfterMs };
  for (const row of yield* many(bySubject, { accountId, mailboxId, hash, ...near })) {
    if (row.base_subject === baseSubject) return threadOf(row);
  }
  return null;
}
