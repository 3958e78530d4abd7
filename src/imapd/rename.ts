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

export async function rename(mail: Mail, command: Rename): Promise<Completion> {
  const problem = mailboxNameProblem(command.to);
  if (problem !== null) return no("CANNOT", problem);
  await mail.rename({ from: command.from, to: command.to });
  return ok("renamed");
}
