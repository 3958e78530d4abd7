/**
 * EXPUNGE and UID EXPUNGE. RFC 9051 6.4.3, 6.4.9, RFC 7162 3.2.7, 3.2.9
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Mail } from "../accounts/mail.ts";
import type { Expunge } from "../imap/command.ts";
import type { Ranges } from "../imap/search_key.ts";
import { choose } from "./chosen.ts";
import { find } from "./finding.ts";
import { type Share, shareOf, withLimit } from "./limit.ts";
import { whileWorking } from "./progress.ts";
import { type Completion, no, ok } from "./replies.ts";
import type { Session } from "./session.ts";
import { tellChanges, tellExpunged } from "./updates.ts";
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
  const named = command.uids === null ? null : choose(view, command.uids, true).uids;
  // Without UIDs there is no limit. RFC 9738 3.1
  const { uids, lowest } = named === null
    ? { uids: null, lowest: null }
    : await shareOfMarked(session, mail, view, named);
  const gone = await whileWorking(session, tag, mail.expunge({ mailbox: view.id, uids }));
  const completion = await tellGone(session, mail, view, gone, ok("expunged"), lowest !== null);
  return withLimit(session, completion, lowest);
}

/** Those that are marked count, and no others. RFC 9738 3.1 */
async function shareOfMarked(session: Session, mail: Mail, view: MailboxView, uids: Ranges): Promise<Share> {
  const all = shareOf(session, view, uids);
  if (all.lowest === null) return all;
  const deleted = { key: "flag" as const, flag: "\\Deleted" };
  const key = { key: "and" as const, keys: [{ key: "uids" as const, set: uids }, deleted] };
  const marked = await find(mail, view, key, null, () => Promise.resolve());
  return shareOf(session, view, view.rangesOf(marked.uids));
}

/** Tells what this session's own command removed, and up to where the client now knows everything. */
export async function tellGone(
  session: Session,
  mail: Mail,
  view: MailboxView,
  gone: Uint32Array,
  completion: Completion,
  downwards = false,
): Promise<Completion> {
  if (gone.length === 0) return completion;
  view.settled ??= view.knownModseq;
  view.expunged = union(view.expunged, view.known(gone));
  view.stale = true;
  if (downwards) await tellExpunged(session, view, true);
  await tellChanges(session, mail, "expunge");
  return session.enabled.qresync
    ? { ...completion, code: { code: "HIGHESTMODSEQ", value: view.knownModseq } }
    : completion;
}
