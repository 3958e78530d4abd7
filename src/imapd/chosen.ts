/**
 * The messages that a command names, by number or by UID. RFC 9051 2.3.1, 6.4.9, RFC 5182 2.1
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { SequenceSet } from "../imap/command.ts";
import type { Ranges } from "../imap/search_key.ts";
import { countOf, rangesOf, resolveSequence } from "../imap/sequence_set.ts";
import type { MailboxView } from "./view.ts";

/** What to ask the store for. */
export interface Chosen {
  /** UIDs, all of them at most the last that the client knows. */
  readonly uids: Ranges;
  /** How many messages the client meant; null if it named UIDs, which need not exist. RFC 9051 6.4.9 */
  readonly count: number | null;
}

/** The UIDs that a client means, there or not: to hear which of them are gone. RFC 7162 3.2.6 */
export function named(view: MailboxView, set: SequenceSet): Ranges {
  // `*` is the last that there was: a client that asks for all wants to hear of those at the end, too.
  return resolveSequence(set, Math.max(view.uidNext - 1, 1), view.rangesOf(view.saved));
}

/**
 * @throws {SyntaxError} If a message number is higher than there are messages: the client has lost count (RFC 3501
 * 9, seq-number). UIDs that do not exist are nothing.
 */
export function choose(view: MailboxView, set: SequenceSet, uid: boolean): Chosen {
  if (uid) {
    // In an empty mailbox `*` names nothing, and every range is above the last UID.
    const uids = resolveSequence(set, view.lastUid || 0xffff_ffff, view.rangesOf(view.saved));
    return { uids: view.clamp(uids), count: null };
  }
  const saved = rangesOf(view.saved.map((each) => view.numberOf(each)).filter((number) => number !== 0));
  const numbers = resolveSequence(set, view.count, saved);
  const uids = view.uidRanges(numbers);
  if (uids === null) throw new SyntaxError("no message has such a number");
  return { uids, count: countOf(numbers) };
}
