/**
 * SELECT and EXAMINE. RFC 9051 6.3.2, 6.3.3, RFC 3501 6.3.1, RFC 7162 3.1.8, 3.2.5, RFC 8474 4.2,
 * RFC 4314 5.2
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Mail, OpenMailbox } from "../accounts/mail.ts";
import type { Select } from "../imap/command.ts";
import { catchUp } from "./catch_up.ts";
import { writeList } from "../imap/list.ts";
import { type ResponseCode, writeCondition, writeCount } from "../imap/response.ts";
import { attributesOf } from "./list.ts";
import { findMailbox } from "./names.ts";
import { bad, type Completion, ok } from "./replies.ts";
import type { Session } from "./session.ts";
import { enableCondstore, tellAllFlags, tellPermanentFlags } from "./updates.ts";
import { MailboxView } from "./view.ts";

export async function select(session: Session, mail: Mail, command: Select): Promise<Completion> {
  const { qresync } = command;
  if (qresync !== null && !session.enabled.qresync) return bad("QRESYNC is not enabled"); // RFC 7162 3.2.5
  if (session.view !== null) {
    // Also when what follows fails: then no mailbox is selected. RFC 9051 6.3.2
    session.deselect();
    session.out.line("* OK [CLOSED] the mailbox before");
  }
  if (command.condstore) enableCondstore(session);
  const readOnly = command.verb === "EXAMINE";
  await session.select(mail, () => open(session, mail, command, readOnly));
  return ok("selected", isReadOnly(session) ? "READ-ONLY" : "READ-WRITE");
}

/** Also without EXAMINE, where nothing may be changed. RFC 4314 5.2 */
function isReadOnly({ view }: Session): boolean {
  return view?.readOnly !== false;
}

/** Opens the mailbox and tells its state. Updates may come only behind that, so it is not selected yet. */
async function open(
  session: Session,
  mail: Mail,
  command: Select,
  readOnly: boolean,
): Promise<MailboxView> {
  const found = await findMailbox(mail, command.mailbox);
  const opened = await mail.open({ mailbox: found.id, claimRecent: !readOnly });
  const { info } = opened;
  const view = new MailboxView(opened, readOnly);
  writeState(session, view, opened);
  if (session.enabled.rev2) {
    const { mailboxes } = await mail.list({});
    writeList(session.out.w, { attributes: attributesOf(info, mailboxes), mailbox: info.name });
  }
  if (command.qresync !== null) await catchUp(session, mail, view, command.qresync);
  return view;
}

function writeState(session: Session, view: MailboxView, open: OpenMailbox): void {
  const { out } = session;
  const { info } = open;
  tellAllFlags(session, view);
  const tell = (code: ResponseCode, text: string) => writeCondition(out.w, null, "OK", code, text);
  tellPermanentFlags(session, view);
  writeCount(out.w, view.count, "EXISTS");
  if (!session.enabled.rev2) {
    writeCount(out.w, view.recentCount, "RECENT");
    const value = view.numberOf(open.firstUnseenUid);
    // A message number. RFC 9586 3
    if (value !== 0 && !session.enabled.uidOnly) tell({ code: "UNSEEN", value }, "first message not seen");
  }
  tell({ code: "UIDVALIDITY", value: info.uidValidity }, "UIDs are valid");
  tell({ code: "UIDNEXT", value: info.uidNext }, "next UID");
  tell({ code: "HIGHESTMODSEQ", value: info.highestModSeq }, "highest MODSEQ");
  tell({ code: "MAILBOXID", id: info.objectId }, "identity");
}
