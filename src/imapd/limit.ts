/**
 * At most so many messages a command, from the highest UID down. RFC 9738
 *
 * Off unless the configuration says otherwise: a client that does not know of the limit sees only the last messages of a large
 * mailbox (RFC 9738 4.1). EXPUNGE, CLOSE and STATUS have none (3.1). Where half a result is of no use, nothing is done: COPY,
 * APPEND and PARTIAL (3.1), SORT and THREAD (3.3), and ESEARCH of several mailboxes, where one UID could not say how far it came.
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { ResponseCode } from "../imap/response.ts";
import { writeCondition } from "../imap/response.ts";
import type { Ranges, SearchKey } from "../imap/search_key.ts";
import { selectNumbers } from "../imap/sequence_set.ts";
import { type Completion, no } from "./replies.ts";
import type { Session } from "./session.ts";
import { difference, type MailboxView } from "./view.ts";

/** What a command does at once. */
export interface Share {
  readonly uids: Ranges;
  /** The lowest UID of it, if there are more; else null. */
  readonly lowest: number | null;
}

/** Of the messages that a command means, the highest that it may have. */
export function shareOf(session: Session, view: MailboxView, uids: Ranges): Share {
  const messageLimit = limitOf(session);
  return messageLimit === null ? { uids, lowest: null } : highest(view, uids, messageLimit);
}

function highest(view: MailboxView, uids: Ranges, limit: number): Share {
  const there = difference(selectNumbers(uids, view.uids), view.expunged);
  if (there.length <= limit) return { uids, lowest: null };
  const kept = there.subarray(there.length - limit);
  return { uids: view.rangesOf(kept), lowest: kept[0] ?? 0 };
}

/** How many messages were named from the lowest that was processed on, those that are gone too. */
export function countFrom(view: MailboxView, uids: Ranges, lowest: number): number {
  return selectNumbers(uids, view.uids).filter((uid) => uid >= lowest).length;
}

/** The answer to COPY of too many messages; null where it may be done. */
export function refuseCopy(session: Session, view: MailboxView, uids: Ranges): Completion | null {
  const limit = copyLimit(session);
  if (limit === null) return null;
  const { lowest } = highest(view, uids, limit);
  return lowest === null ? null : no(codeOf(limit, lowest), "too many messages to copy");
}

/** The answer to APPEND of so many messages; null where it may be done. */
export function refuseAppend(session: Session, count: number): Completion | null {
  const limit = copyLimit(session);
  return limit === null || count <= limit ? null : no(codeOf(limit, null), "too many messages at once");
}

/** The answer to what is done of all messages or not at all. */
export function refuseMany(session: Session, count: number): Completion | null {
  const limit = limitOf(session);
  return limit === null || count <= limit ? null : no(codeOf(limit, null), "too many messages");
}

/** The answer to SORT and THREAD of too many messages; null where it may be done. */
export function refuseSort(session: Session, view: MailboxView, key: SearchKey): Completion | null {
  return limitOf(session) === null ? null : refuseMany(session, lookedAt(view, key).length);
}

function limitOf({ settings }: Session): number | null {
  return settings.messageLimit ?? null;
}

function copyLimit({ settings }: Session): number | null {
  return settings.messageLimit ?? settings.saveLimit ?? null;
}

/** What the limits are announced as. RFC 9738 3 */
export function limitCapabilities({ settings }: Session): string[] {
  const { messageLimit, saveLimit } = settings;
  if (messageLimit) return [`MESSAGELIMIT=${messageLimit}`];
  return saveLimit ? [`SAVELIMIT=${saveLimit}`] : [];
}

/** The messages that a search has to look at: those that its program names, or all. */
export function lookedAt(view: MailboxView, key: SearchKey): Uint32Array {
  let left = difference(view.uids, view.expunged);
  for (const part of key.key === "and" ? key.keys : [key]) {
    if (part.key === "uids") left = selectNumbers(part.set, left);
    else if (part.key === "not" && part.inner.key === "uids") {
      left = difference(left, selectNumbers(part.inner.set, left));
    }
  }
  return left;
}

const last = 0xffff_ffff;

/** The program for the highest messages that it may look at, and for all that come later. */
export function shareOfSearch(
  session: Session,
  view: MailboxView,
  key: SearchKey,
): { key: SearchKey; lowest: number | null } {
  const messageLimit = limitOf(session);
  if (messageLimit === null) return { key, lowest: null };
  const looked = lookedAt(view, key);
  if (looked.length <= messageLimit) return { key, lowest: null };
  const lowest = looked[looked.length - messageLimit] ?? 0;
  return { key: { key: "and", keys: [{ key: "uids", set: [lowest, last] }, key] }, lowest };
}

/** The answer of a command that has left messages out. Another code keeps its place, as EXPUNGEISSUED does. RFC 9738 3.1 */
export function withLimit(session: Session, completion: Completion, lowest: number | null): Completion {
  const messageLimit = limitOf(session);
  if (lowest === null || messageLimit === null) return completion;
  const code = codeOf(messageLimit, lowest);
  if (completion.code === null && completion.status === "OK") return { ...completion, code };
  writeCondition(session.out.w, null, "NO", code, "the rest is left");
  return completion.code === "EXPUNGEISSUED" ? { ...completion, status: "OK" } : completion;
}

function codeOf(limit: number, lowest: number | null): ResponseCode {
  return { code: "MESSAGELIMIT", limit, lowest };
}
