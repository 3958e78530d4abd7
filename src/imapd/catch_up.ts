/**
 * What happened to a mailbox since a client last knew it: SELECT (QRESYNC …) and UID FETCH … (CHANGEDSINCE …
 * VANISHED). RFC 7162 3.2.5, 3.2.6
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Mail, MailboxChanges } from "../accounts/mail.ts";
import type { Qresync } from "../imap/command.ts";
import type { Ranges } from "../imap/search_key.ts";
import { includesNumber, rangesOf, selectNumbers } from "../imap/sequence_set.ts";
import { writeVanished } from "../imap/response.ts";
import type { Session } from "./session.ts";
import { writeFlags } from "./updates.ts";
import { difference, type MailboxView } from "./view.ts";

/** Tells VANISHED (EARLIER) and flags, if the client knew this mailbox and not one that had its name. */
export async function catchUp(
  session: Session,
  mail: Mail,
  view: MailboxView,
  known: Qresync,
): Promise<void> {
  if (known.uidValidity !== view.uidValidity) return;
  const changes = await mail.changes({ mailbox: view.id, modseq: known.modSeq, claimRecent: false });
  const uids = known.knownUids ?? [1, view.uidNext - 1];
  tellVanished(session, view, changes, above(uids, lastAgreed(view, known)));
  const wanted = (uid: number, modseq: number) => modseq <= view.modseq && includesNumber(uids, uid); // What is newer still is told like any other change.
  const form = { uid: true, flags: true, modseq: true };
  await writeFlags(session, view, changes.changed, form, changes.changed.uids.length, wanted);
}

/**
 * `* VANISHED (EARLIER) set`: those of `uids` that the client may know and that are gone. What has arrived since the view
 * was made is no business of it, although `changes` may know more.
 */
export function tellVanished(
  session: Session,
  view: MailboxView,
  changes: MailboxChanges,
  uids: Ranges,
): void {
  const known = view.clamp(uids, view.uidNext - 1);
  // What the view still holds is told later, by VANISHED without EARLIER. RFC 7162 3.2.10
  const gone = changes.complete
    ? rangesOf(difference(selectNumbers(known, changes.expunged), view.uids))
    : withoutKnown(known, view);
  writeVanished(session.out.w, gone, true);
}

/** Where history does not reach back: everything that there may have been and is not. RFC 7162 3.2.6 */
function withoutKnown(uids: Ranges, view: MailboxView): Ranges {
  const gone: number[] = [];
  for (let i = 0; i + 1 < uids.length; i += 2) {
    let from = uids[i] ?? 0;
    const last = uids[i + 1] ?? 0;
    for (const uid of selectNumbers([from, last], view.uids)) {
      if (uid > from) gone.push(from, uid - 1);
      from = uid + 1;
    }
    if (from <= last) gone.push(from, last);
  }
  return gone;
}

/** The highest UID that has the number which the client thinks it has: up to there it knows all. RFC 7162 3.2.5.2 */
function lastAgreed(view: MailboxView, known: Qresync): number {
  if (known.match === null) return 0;
  const { numbers, uids } = known.match;
  let agreed = 0;
  const pairs = new PairedRanges(numbers, uids);
  for (let pair = pairs.next(view.count); pair !== null; pair = pairs.next(view.count)) {
    if (view.uidAt(pair.number) === pair.uid) agreed = pair.uid;
    else break;
  }
  return agreed;
}

/** Walks two sets of equally many numbers side by side. */
class PairedRanges {
  readonly #numbers: Ranges;
  readonly #uids: Ranges;
  #at = 0;
  #inNumbers = 0;
  #uidAt = 0;
  #inUids = 0;

  constructor(numbers: Ranges, uids: Ranges) {
    this.#numbers = numbers;
    this.#uids = uids;
  }

  /** The next pair whose number is at most `count`, or null. */
  next(count: number): { number: number; uid: number } | null {
    const number = (this.#numbers[this.#at] ?? Infinity) + this.#inNumbers;
    const uid = (this.#uids[this.#uidAt] ?? Infinity) + this.#inUids;
    if (number > count || uid === Infinity) return null;
    if (number === this.#numbers[this.#at + 1]) {
      this.#at += 2;
      this.#inNumbers = 0;
    } else this.#inNumbers++;
    if (uid === this.#uids[this.#uidAt + 1]) {
      this.#uidAt += 2;
      this.#inUids = 0;
    } else this.#inUids++;
    return { number, uid };
  }
}

function above(ranges: Ranges, limit: number): Ranges {
  const kept: number[] = [];
  for (let i = 0; i + 1 < ranges.length; i += 2) {
    const last = ranges[i + 1] ?? 0;
    if (last > limit) kept.push(Math.max(ranges[i] ?? 0, limit + 1), last);
  }
  return kept;
}
