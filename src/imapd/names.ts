/**
 * Which mailbox a name means.
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Mail, MailboxInfo } from "../accounts/mail.ts";
import { Refused } from "../base/errors.ts";

/** The mailbox of that name. @throws {Refused} `noSuchMailbox` */
export async function findMailbox(mail: Mail, name: string): Promise<MailboxInfo> {
  const found = await findTarget(mail, name);
  if (found === null) throw new Refused("noSuchMailbox", name);
  return found;
}

/** As {@link findMailbox}; null if there is none. */
export async function findTarget(mail: Mail, name: string): Promise<MailboxInfo | null> {
  const { mailboxes } = await mail.list({});
  return mailboxes.find((mailbox) => mailbox.name === name) ?? null;
}
