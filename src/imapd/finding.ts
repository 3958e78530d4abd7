/**
 * What SEARCH, SORT, THREAD and ESEARCH have in common: asking the store, and telling the answer in a client's terms.
 *
 * Tested by `src/imapd/transcripts_test.ts`.
 *
 * @module
 */
import type { Mail } from "../accounts/mail.ts";
import type { SearchOptions, SearchProgram, SearchReturn, SequenceSet } from "../imap/command.ts";
import { resolveSearch } from "../imap/search.ts";
import type { Esearch } from "../imap/search_answer.ts";
import type { SearchKey } from "../imap/search_key.ts";
import { placesOf } from "../imap/result_range.ts";
import { rangesOf } from "../imap/sequence_set.ts";
import type { SortCriterion } from "../imap/sort_key.ts";
import { choose } from "./chosen.ts";
import type { Progress } from "./progress.ts";
import type { MailboxView } from "./view.ts";

/** What was found, in the order asked for, which is that of UIDs unless told. */
export interface Found {
  readonly uids: Uint32Array;
  readonly modseqs: Float64Array;
  /** Null unless the program has something FUZZY. */
  readonly scores: Uint8Array | null;
}

/**
 * The key as the store takes it.
 *
 * In an empty mailbox `1:*` finds nothing, where RFC 9051 9 (seq-number) would rather have BAD: clients search so without
 * looking at EXISTS, and other servers let them.
 *
 * @throws {SyntaxError} If there are no such message numbers.
 */
export function keyFor(view: MailboxView, { key }: SearchProgram): SearchKey {
  return resolveSearch(key, {
    numbers: (set: SequenceSet) => view.count === 0 ? [] : choose(view, set, false).uids,
    uids: (set: SequenceSet) => choose(view, set, true).uids,
    recent: () => view.recent,
  });
}

/** Searches a mailbox for what the client knows of it, and puts it in order. */
export async function find(
  mail: Mail,
  view: MailboxView,
  key: SearchKey,
  criteria: readonly SortCriterion[] | null,
  report: (looked: number, total: number) => Promise<void>,
): Promise<Found> {
  const request = { mailbox: view.id, key };
  const batches = criteria === null ? mail.search(request) : mail.sort({ ...request, criteria });
  const uids: number[] = [];
  const modseqs: number[] = [];
  const scores: number[] = [];
  let scored = false;
  let number = 0;
  for await (const batch of batches) {
    await report(batch.looked, batch.total);
    scored ||= batch.scores !== null;
    for (let i = 0; i < batch.uids.length; i++) {
      const uid = batch.uids[i] ?? 0;
      const found = view.numberAfter(number, uid);
      if (found === 0) continue; // Arrived meanwhile; the client does not know it yet.
      number = found;
      uids.push(uid);
      modseqs.push(batch.modseqs[i] ?? 0);
      if (batch.scores !== null) scores.push(batch.scores[i] ?? 0);
    }
  }
  return {
    uids: Uint32Array.from(uids),
    modseqs: Float64Array.from(modseqs),
    scores: scored ? Uint8Array.from(scores) : null,
  };
}

/** As {@link find} wants it, of a command of one mailbox. */
export function reporting(progress: Progress): (looked: number, total: number) => Promise<void> {
  return (looked, total) => progress.report(looked, total);
}

/** Results that are told, or saved, by their places. */
interface Chosen {
  readonly min: boolean;
  readonly max: boolean;
  readonly partial: readonly [first: number, end: number] | null;
  readonly all: boolean;
}

/** What the options choose: MIN, MAX and PARTIAL only what they name, unless ALL or COUNT are there. RFC 9394 3.2 */
function chosenBy({ returns, partial }: SearchOptions, count: number): Chosen {
  const asks = (option: SearchReturn) => returns?.includes(option) ?? false;
  const [min, max] = [asks("MIN"), asks("MAX")];
  const all = asks("ALL") || asks("COUNT") || !min && !max && partial === null;
  return { min, max, partial: partial === null ? null : placesOf(partial, count), all };
}

/** Of a column of results, what the options choose; some may come twice. */
function* select(column: ArrayLike<number>, options: SearchOptions): Generator<number> {
  const { min, max, partial, all } = chosenBy(options, column.length);
  const [first, end] = all ? [0, column.length] : partial ?? [0, 0];
  for (let i = first; i < end; i++) yield column[i] ?? 0;
  if (all || column.length === 0) return;
  if (min) yield column[0] ?? 0;
  if (max) yield column[column.length - 1] ?? 0;
}

/** What `$` becomes. RFC 9051 6.4.4.1, table 4; RFC 9394 3.2 */
export function saved(uids: Uint32Array, options: SearchOptions): Uint32Array {
  return Uint32Array.from(new Set(select(uids, options))).sort();
}

/** What ESEARCH says; numbers are those of the client's choice, in the order of the results. */
export function esearch(
  tag: string,
  uid: boolean,
  options: SearchOptions,
  modSeq: boolean,
  found: Found,
  numbers: Uint32Array,
): Esearch {
  const asks = (option: SearchReturn) => options.returns?.includes(option) ?? option === "ALL";
  const [min, max] = [numbers[0], numbers.at(-1)];
  const { partial } = options;
  const [first, end] = partial === null ? [0, numbers.length] : placesOf(partial, numbers.length);
  return {
    tag,
    uid,
    ...(asks("MIN") && min !== undefined ? { min } : {}),
    ...(asks("MAX") && max !== undefined ? { max } : {}),
    ...(asks("COUNT") ? { count: numbers.length } : {}),
    ...(asks("ALL") ? { all: rangesOf(numbers) } : {}),
    ...(partial === null
      ? {}
      : { partial: { range: partial, results: rangesOf(numbers.subarray(first, end)) } }),
    ...(asks("RELEVANCY") && found.scores !== null ? { relevancy: found.scores.subarray(first, end) } : {}),
    ...(modSeq && numbers.length > 0 ? { modSeq: highest(select(found.modseqs, options)) } : {}),
  };
}

/** The highest MODSEQ of what the answer names. RFC 4731 3.2 */
export function highest(modseqs: Iterable<number>): number {
  let most = 0;
  for (const modseq of modseqs) if (modseq > most) most = modseq;
  return most;
}
