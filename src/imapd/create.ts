/**
 * CREATE. RFC 9051 6.3.4, RFC 6154 3, RFC 8474 4.1
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Mail } from "../accounts/mail.ts";
import type { Create } from "../imap/command.ts";
import { mailboxNameProblem } from "../imap/mailbox_name.ts";
import { type Completion, no, ok } from "./replies.ts";
import type { Session } from "./session.ts";

export async function create(session: Session, mail: Mail, command: Create): Promise<Completion> {
  const problem = mailboxNameProblem(command.mailbox);
  if (problem !== null) return no("CANNOT", problem);
  const made = await mail.create({ name: command.mailbox, specialUse: command.specialUse });
  session.notifications?.ownCreated(command.mailbox);
  return ok("created", { code: "MAILBOXID", id: made.objectId });
}
