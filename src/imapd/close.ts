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
  session.deselect(view.readOnly ? 0 : await expungeIfAllowed(mail, view));
  return ok("closed");
}

/** Returns how many went of those that the client knew. Without the right it is closed all the same. RFC 4314 4 */
async function expungeIfAllowed(mail: Mail, view: MailboxView): Promise<number> {
  try {
    return view.known(await mail.expunge({ mailbox: view.id, uids: null })).length;
  } catch (error) {
    const { reason } = error instanceof Refused ? error : { reason: null };
    if (reason !== "noPermission" && reason !== "noSuchMailbox") throw error;
    return 0;
  }
}

export function unselect(session: Session): Completion {
  session.deselect();
  return ok("closed");
}
