/**
 * Which mailbox a name means.
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Mail, MailboxInfo } from "../accounts/mail.ts";
import { Refused } from "../base/errors.ts";
import { includesRights, right } from "../imap/rights.ts";

/** The mailbox of that name. @throws {Refused} `noSuchMailbox` */
export async function findMailbox(mail: Mail, name: string): Promise<MailboxInfo> {
  const found = await findTarget(mail, name);
  if (found === null) throw new Refused("noSuchMailbox", name);
  return found;
}

/** As {@link findMailbox}; null if there is none. */
export async function findTarget(mail: Mail, name: string): Promise<MailboxInfo | null> {
  return await mail.find({ name });
}

/** Where somebody may do something with a mailbox. @throws {Refused} As the store would. RFC 4314 6 */
export function checkRights(mailbox: MailboxInfo, needed: number): void {
  if (includesRights(mailbox.rights, needed)) return;
  const reason = includesRights(mailbox.rights, right.lookup) ? "noPermission" : "noSuchMailbox";
  throw new Refused(reason, mailbox.name);
}
