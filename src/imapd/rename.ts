/**
 * RENAME. RFC 9051 6.3.6
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Mail } from "../accounts/mail.ts";
import type { Rename } from "../imap/command.ts";
import { mailboxNameProblem } from "../imap/mailbox_name.ts";
import { type Completion, no, ok } from "./replies.ts";
import type { Session } from "./session.ts";

export async function rename(session: Session, mail: Mail, command: Rename): Promise<Completion> {
  const problem = mailboxNameProblem(command.to);
  if (problem !== null) return no("CANNOT", problem);
  await mail.rename({ from: command.from, to: command.to });
  session.notifications?.ownRenamed(command.from, command.to);
  return ok("renamed");
}
