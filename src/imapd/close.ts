/**
 * CLOSE and UNSELECT: back to no mailbox, with and without expunging first. RFC 9051 6.4.1, 6.4.2
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Mail } from "../accounts/mail.ts";
import { Refused } from "../base/errors.ts";
import { type Completion, ok } from "./replies.ts";
import type { Session } from "./session.ts";
import type { MailboxView } from "./view.ts";

export async function close(session: Session, mail: Mail, view: MailboxView): Promise<Completion> {
  // Nothing is told of what goes; nor its MODSEQ, which would hide it from the client. RFC 7162 3.2.8
  if (!view.readOnly) await expungeIfAllowed(session, mail, view);
  session.view = null;
  return ok("closed");
}

/** Without the right it is closed all the same. RFC 4314 4 */
async function expungeIfAllowed(session: Session, mail: Mail, view: MailboxView): Promise<void> {
  try {
    const gone = await mail.expunge({ mailbox: view.id, uids: null });
    session.notifications?.ownRemoved(view.id, gone.length);
  } catch (error) {
    const { reason } = error instanceof Refused ? error : { reason: null };
    if (reason !== "noPermission" && reason !== "noSuchMailbox") throw error;
  }
}

export function unselect(session: Session): Completion {
  session.view = null;
  return ok("closed");
}
