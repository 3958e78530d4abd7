/**
 * UIDONLY: from ENABLE on, neither side names messages by number. RFC 9586
 *
 * FETCH responses become UIDFETCH (`fetch.ts`, `updates.ts`), EXPUNGE becomes VANISHED (`updates.ts`), SELECT tells no UNSEEN
 * (`select.ts`). `*` stays where UIDs are named: there it is a UID. `$` as a search key is refused, since it is a sequence-set by
 * its grammar (RFC 9051 9, RFC 9586 3.5); `UID $` says the same.
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Command } from "../imap/command.ts";
import { writeCondition } from "../imap/response.ts";
import { bad, type Completion } from "./replies.ts";
import type { Session } from "./session.ts";

/** The answer to a message number. RFC 9586 3 */
export const uidRequired: Completion = bad("message numbers are not allowed with UIDONLY", "UIDREQUIRED");

/** The answer to a command that may not be used any more; null for others. RFC 9586 3.2, 3.5, 3.7, 3.8 */
export function refuseNumbers({ enabled }: Session, command: Command): Completion | null {
  if (!enabled.uidOnly) return null;
  const numbered = ("uid" in command && !command.uid) || ("counts" in command && command.counts) ||
    ("qresync" in command && command.qresync !== null && command.qresync.match !== null);
  return numbered ? uidRequired : null;
}

/** From now on. Searches that are followed by message numbers could not be told of any more. */
export function enableUidOnly(session: Session): void {
  session.enabled.uidOnly = true;
  const { view, out } = session;
  for (const [tag, context] of view?.contexts ?? []) {
    if (context.uid) continue;
    view?.contexts.delete(tag);
    writeCondition(out.w, null, "NO", { code: "NOUPDATE", tag }, "its results are message numbers");
  }
}
