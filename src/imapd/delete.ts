/**
 * DELETE. RFC 9051 6.3.5
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Mail } from "../accounts/mail.ts";
import type { MailboxCommand } from "../imap/command.ts";
import { findMailbox } from "./names.ts";
import { type Completion, ok } from "./replies.ts";
import type { Session } from "./session.ts";

export async function deleteMailbox(
  session: Session,
  mail: Mail,
  command: MailboxCommand,
): Promise<Completion> {
  const mailbox = await findMailbox(mail, command.mailbox);
  await mail.delete({ name: command.mailbox });
  session.notifications?.ownDeleted(command.mailbox);
  if (session.view?.id === mailbox.id) {
    // Whoever deletes what it has selected has it selected no more; other sessions are told by BYE. RFC 2180 3.3
    session.view = null;
    session.out.line("* OK [CLOSED] the selected mailbox was deleted");
  }
  return ok("deleted");
}
