/**
 * SEARCH and SORT, with UID or without. RFC 9051 6.4.4, RFC 3501 6.4.4, RFC 4731, RFC 5182, RFC 5256, RFC 5267, RFC 6203, RFC
 * 7162 3.1.5, 3.1.9, 3.1.10, RFC 9394
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Mail } from "../accounts/mail.ts";
import type { Search, SearchOptions, Sort } from "../imap/command.ts";
import { writeEsearch, writeSearch } from "../imap/search_answer.ts";
import { follow } from "./contexts.ts";
import { esearch, find, type Found, highest, keyFor, reporting, saved } from "./finding.ts";
import { refuseSort, shareOfSearch, withLimit } from "./limit.ts";
import { Progress } from "./progress.ts";
import { bad, type Completion, ok } from "./replies.ts";
import type { Session } from "./session.ts";
import { enableCondstore } from "./updates.ts";
import type { MailboxView } from "./view.ts";

export async function search(
  session: Session,
  mail: Mail,
  view: MailboxView,
  command: Search | Sort,
  tag: string,
): Promise<Completion> {
  const updates = command.returns?.includes("UPDATE") ?? false;
  if (updates && view.contexts.has(tag)) return bad("tag is in use"); // RFC 5267 4.3
  if (command.modSeq || asksModSeq(command)) enableCondstore(session);
  const saves = command.returns?.includes("SAVE") ?? false;
  const criteria = command.verb === "SORT" ? command.criteria : null;
  try {
    const whole = keyFor(view, command);
    const refused = criteria === null ? null : refuseSort(session, view, whole);
    if (refused !== null) {
      if (saves) view.saved = new Uint32Array();
      return refused;
    }
    const { key, lowest } = shareOfSearch(session, view, whole);
    const found = await find(mail, view, key, criteria, reporting(new Progress(session, tag)));
    if (saves) view.saved = saved(found.uids, command);
    tell(session, view, command, found, tag, lowest !== null);
    if (updates) {
      const items = command.updates ?? [];
      follow(session, view, { tag, uid: command.uid, key, criteria, items }, found.uids);
    }
    return withLimit(session, ok("done"), lowest);
  } catch (error) {
    // A search that was to be saved and failed leaves nothing saved. RFC 5182 2.1; wrong numbers are BAD and change
    // nothing.
    if (saves && !(error instanceof SyntaxError)) view.saved = new Uint32Array();
    throw error;
  }
}

/** Whether MODSEQ is to be fetched of new results. RFC 5465 7, RFC 7162 3.1 */
export function asksModSeq({ updates }: SearchOptions): boolean {
  return updates?.some((item) => item.item === "MODSEQ") ?? false;
}

function tell(
  session: Session,
  view: MailboxView,
  command: Search | Sort,
  found: Found,
  tag: string,
  downwards: boolean,
): void {
  const numbers = command.uid ? found.uids : found.uids.map((uid) => view.numberOf(uid));
  const { w } = session.out;
  const { verb, returns, modSeq } = command;
  // SORT is extended by RETURN only. RFC 5267 3
  if (returns === null && (verb === "SORT" || !session.enabled.rev2)) {
    return writeSearch(
      w,
      downwards ? numbers.toReversed() : numbers,
      modSeq ? highest(found.modseqs) : null,
      verb,
    );
  }
  if (returns?.every((option) => option === "SAVE") === true) return; // RFC 9051 6.4.4
  writeEsearch(w, esearch(tag, command.uid, command, modSeq, found, numbers));
}
