/**
 * EXPUNGE and UID EXPUNGE. RFC 9051 6.4.3, 6.4.9, RFC 7162 3.2.7, 3.2.9
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Mail } from "../accounts/mail.ts";
import type { Expunge } from "../imap/command.ts";
import { choose } from "./chosen.ts";
import { whileWorking } from "./progress.ts";
import { type Completion, no, ok } from "./replies.ts";
import type { Session } from "./session.ts";
import { tellChanges } from "./updates.ts";
import { type MailboxView, union } from "./view.ts";

/** The answer to changing a mailbox that was opened with EXAMINE. */
export const readOnly: Completion = no(null, "the mailbox is selected read-only");

export async function expunge(
  session: Session,
  mail: Mail,
  view: MailboxView,
  command: Expunge,
  tag: string,
): Promise<Completion> {
  if (view.readOnly) return readOnly;
  const uids = command.uids === null ? null : choose(view, command.uids, true).uids;
  const gone = await whileWorking(session, tag, mail.expunge({ mailbox: view.id, uids }));
  return await tellGone(session, mail, view, gone, ok("expunged"));
}

/** Tells what this session's own command removed, and up to where the client now knows everything. */
export async function tellGone(
  session: Session,
  mail: Mail,
  view: MailboxView,
  gone: Uint32Array,
  completion: Completion,
): Promise<Completion> {
  if (gone.length === 0) return completion;
  view.settled ??= view.knownModseq;
  view.expunged = union(view.expunged, view.known(gone));
  view.stale = true;
  await tellChanges(session, mail, "expunge");
  return session.enabled.qresync
    ? { ...completion, code: { code: "HIGHESTMODSEQ", value: view.knownModseq } }
    : completion;
}
