/**
 * SUBSCRIBE and UNSUBSCRIBE. RFC 9051 6.3.7, 6.3.8
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Mail } from "../accounts/mail.ts";
import type { MailboxCommand } from "../imap/command.ts";
import { mailboxNameProblem } from "../imap/mailbox_name.ts";
import { type Completion, no, ok } from "./replies.ts";
import type { Session } from "./session.ts";

export async function subscribe(
  session: Session,
  mail: Mail,
  command: MailboxCommand,
): Promise<Completion> {
  const subscribed = command.verb === "SUBSCRIBE";
  const problem = mailboxNameProblem(command.mailbox);
  // The mailbox need not exist (yet). RFC 9051 6.3.7; nor need a subscription that is given up. 6.3.8
  if (subscribed && problem !== null) return no("CANNOT", problem);
  await mail.subscribe({ name: command.mailbox, subscribed });
  session.notifications?.ownSubscribed(command.mailbox, subscribed);
  return ok(subscribed ? "subscribed" : "unsubscribed");
}
