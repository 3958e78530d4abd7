/**
 * COPY and MOVE. RFC 9051 6.4.7, 6.4.8, 6.4.9, RFC 4315 3, RFC 6851
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Copied, Mail } from "../accounts/mail.ts";
import type { Copy } from "../imap/command.ts";
import { type ResponseCode, writeCondition } from "../imap/response.ts";
import { rangesOf } from "../imap/sequence_set.ts";
import { choose } from "./chosen.ts";
import { readOnly, tellGone } from "./expunge.ts";
import { refuseCopy, shareOf, withLimit } from "./limit.ts";
import { findTarget } from "./names.ts";
import { whileWorking } from "./progress.ts";
import { type Completion, no, ok } from "./replies.ts";
import type { Session } from "./session.ts";
import type { MailboxView } from "./view.ts";

/** The answer to COPY, MOVE and APPEND to a mailbox that could be created. RFC 9051 7.1 (TRYCREATE) */
export const tryCreate: Completion = no("TRYCREATE", "no such mailbox");

export async function copy(
  session: Session,
  mail: Mail,
  view: MailboxView,
  command: Copy,
  tag: string,
): Promise<Completion> {
  const moves = command.verb === "MOVE";
  if (moves && view.readOnly) return readOnly;
  const chosen = choose(view, command.set, command.uid);
  const { uids, lowest } = moves ? shareOf(session, view, chosen.uids) : { uids: chosen.uids, lowest: null };
  const target = await findTarget(mail, command.mailbox);
  if (target === null) return tryCreate;
  if (uids.length === 0) return ok("no messages");
  const refused = moves ? null : refuseCopy(session, view, uids);
  if (refused !== null) return refused;
  const request = { mailbox: view.id, uids, to: target.id };
  const copied = await whileWorking(session, tag, moves ? mail.move(request) : mail.copy(request));
  if (target.id === view.id) view.addOwn(copied.to);
  else session.notifications?.ownAdded(target.id, copied.to);
  // Not of a mailbox that may not be read. RFC 4315 3
  const code = copied.from.length === 0 || copied.uidValidity === 0 ? null : copyUid(copied);
  if (!moves) return ok("copied", code);
  // Before the EXPUNGE responses, as the client could not tell any more what went where. RFC 9051 6.4.8
  if (code !== null) writeCondition(session.out.w, null, "OK", code, "moved");
  const completion = await tellGone(session, mail, view, copied.from, ok("moved"), lowest !== null);
  return withLimit(session, completion, lowest);
}

/** RFC 4315 3: both sets in the same order; ours ascend. */
function copyUid(copied: Copied): ResponseCode {
  const { uidValidity, from, to } = copied;
  return { code: "COPYUID", uidValidity, from: rangesOf(from), to: rangesOf(to) };
}
