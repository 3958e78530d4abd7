/**
 * SEARCH and UID SEARCH. RFC 9051 6.4.4, RFC 3501 6.4.4, RFC 4731, RFC 5182, RFC 7162 3.1.5
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Mail } from "../accounts/mail.ts";
import type { Search, SearchReturn, SequenceSet } from "../imap/command.ts";
import { type Esearch, resolveSearch, writeEsearch, writeSearch } from "../imap/search.ts";
import { rangesOf } from "../imap/sequence_set.ts";
import { TransportError } from "../net/transport.ts";
import { choose } from "./chosen.ts";
import { type Completion, ok } from "./replies.ts";
import type { Session } from "./session.ts";
import { enableCondstore } from "./updates.ts";
import type { MailboxView } from "./view.ts";

/** What was found, ascending, each with its MODSEQ. */
interface Found {
  readonly uids: Uint32Array;
  readonly modseqs: Float64Array;
}

export async function search(
  session: Session,
  mail: Mail,
  view: MailboxView,
  command: Search,
  tag: string,
): Promise<Completion> {
  if (command.modSeq) enableCondstore(session);
  const saves = command.returns?.includes("SAVE") ?? false;
  let found: Found;
  try {
    found = await find(session, mail, view, command);
  } catch (error) {
    // A search that was to be saved and failed leaves nothing saved. RFC 5182 2.1; wrong numbers are BAD and change
    // nothing.
    if (saves && !(error instanceof SyntaxError)) view.saved = new Uint32Array();
    throw error;
  }
  if (saves) view.saved = saved(found.uids, command.returns ?? []);
  tell(session, view, command, found, tag);
  return ok("done");
}

async function find(session: Session, mail: Mail, view: MailboxView, command: Search): Promise<Found> {
  const key = resolveSearch(command.key, {
    numbers: (set: SequenceSet) => choose(view, set, false).uids,
    uids: (set: SequenceSet) => choose(view, set, true).uids,
    recent: () => view.recent,
  });
  const uids: number[] = [];
  const modseqs: number[] = [];
  let number = 0;
  for await (const batch of mail.search({ mailbox: view.id, key })) {
    if (session.transport.ended.aborted) throw new TransportError("closed", "nobody waits for the search");
    for (let i = 0; i < batch.uids.length; i++) {
      const uid = batch.uids[i] ?? 0;
      const found = view.numberAfter(number, uid);
      if (found === 0) continue; // Arrived meanwhile; the client does not know it yet.
      number = found;
      uids.push(uid);
      modseqs.push(batch.modseqs[i] ?? 0);
    }
  }
  return { uids: Uint32Array.from(uids), modseqs: Float64Array.from(modseqs) };
}

/** What `$` becomes. RFC 9051 6.4.4.1, table 4 */
function saved(uids: Uint32Array, returns: readonly SearchReturn[]): Uint32Array {
  const only = (option: SearchReturn) =>
    returns.includes(option) && !returns.includes("ALL") && !returns.includes("COUNT");
  const ends: number[] = [];
  if (!only("MIN") && !only("MAX")) return uids;
  if (only("MIN")) ends.push(...uids.subarray(0, 1));
  if (only("MAX")) ends.push(...uids.subarray(-1));
  return Uint32Array.from(new Set(ends));
}

function tell(session: Session, view: MailboxView, command: Search, found: Found, tag: string): void {
  const numbers = command.uid ? found.uids : found.uids.map((uid) => view.numberOf(uid));
  const { w } = session.out;
  if (command.returns === null && !session.enabled.rev2) {
    return writeSearch(w, numbers, command.modSeq ? highest(found.modseqs) : null);
  }
  const returns = command.returns ?? ["ALL"];
  if (returns.every((option) => option === "SAVE")) return; // RFC 9051 6.4.4
  const asks = (option: SearchReturn) => returns.includes(option);
  const [min, max] = [numbers[0], numbers.at(-1)];
  const answer: Esearch = {
    tag,
    uid: command.uid,
    ...(asks("MIN") && min !== undefined ? { min } : {}),
    ...(asks("MAX") && max !== undefined ? { max } : {}),
    ...(asks("COUNT") ? { count: numbers.length } : {}),
    ...(asks("ALL") ? { all: rangesOf(numbers) } : {}),
    ...(command.modSeq && numbers.length > 0 ? { modSeq: modSeqOf(returns, found.modseqs) } : {}),
  };
  writeEsearch(w, answer);
}

/** The highest MODSEQ of what the answer names: all, or only the first or last. RFC 4731 3.2 */
function modSeqOf(returns: readonly SearchReturn[], modseqs: Float64Array): number {
  if (returns.includes("ALL") || returns.includes("COUNT")) return highest(modseqs);
  const first = returns.includes("MIN") ? modseqs[0] ?? 0 : 0;
  const last = returns.includes("MAX") ? modseqs.at(-1) ?? 0 : 0;
  return Math.max(first, last);
}

function highest(modseqs: Float64Array): number {
  let most = 0;
  for (const modseq of modseqs) if (modseq > most) most = modseq;
  return most;
}
