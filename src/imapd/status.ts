/**
 * STATUS. RFC 9051 6.3.11, RFC 3501 6.3.10, RFC 7162 3.1.7, RFC 7889 3.2, RFC 8438, RFC 8474 4.3, RFC 9208 4.1.4
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Mail, MailboxInfo } from "../accounts/mail.ts";
import type { Status, StatusItem } from "../imap/command.ts";
import { appendLimit } from "./capability.ts";
import { storageUnits } from "../imap/quota.ts";
import { right } from "../imap/rights.ts";
import { checkRights, findMailbox } from "./names.ts";
import { writeStatus } from "../imap/status.ts";
import { type Completion, ok } from "./replies.ts";
import type { Session } from "./session.ts";
import { enableCondstore } from "./updates.ts";

export async function status(session: Session, mail: Mail, command: Status): Promise<Completion> {
  const mailbox = await findMailbox(mail, command.mailbox);
  checkRights(mailbox, right.read); // RFC 4314 4
  tellStatus(session, mailbox, command.items);
  return ok("done");
}

/** `* STATUS name (ITEM value …)`, items in the order asked. */
export function tellStatus(session: Session, mailbox: MailboxInfo, items: readonly StatusItem[]): void {
  if (items.includes("HIGHESTMODSEQ")) enableCondstore(session);
  writeStatus(session.out.w, mailbox.name, items.map((item) => [item, statusValue(mailbox, item)]));
}

/** The value of an item. */
export function statusValue(mailbox: MailboxInfo, item: StatusItem): number | string {
  switch (item) {
    case "MESSAGES":
      return mailbox.messages;
    case "UIDNEXT":
      return mailbox.uidNext;
    case "UIDVALIDITY":
      return mailbox.uidValidity;
    case "UNSEEN":
      return mailbox.unseen;
    case "DELETED":
      return mailbox.deleted;
    case "SIZE":
      return mailbox.bytes;
    case "RECENT":
      return mailbox.recent;
    case "HIGHESTMODSEQ":
      return mailbox.highestModSeq;
    case "APPENDLIMIT":
      return appendLimit;
    case "DELETED-STORAGE":
      return storageUnits(mailbox.deletedBytes); // RFC 9208 4.1.4
    case "MAILBOXID":
      return mailbox.objectId;
  }
}
