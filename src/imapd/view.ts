/**
 * What one session's client knows of its selected mailbox: message numbers, which are the session's own.
 *
 * ```text
 * uids[0 .. count)   number i + 1 is the message uids[i]; ascending, so both directions are quick
 * modseq             every change up to here has been told, or waits in `expunged`
 * expunged           gone from the store, and the client must not be told yet (RFC 9051 7.5.1)
 * told               newer flags that the client has got already, as the answer to its own STORE
 * ```
 *
 * Nothing here asks the store or writes to the client; `updates.ts` does.
 *
 * @module
 */
import type { OpenMailbox, StoredFlags } from "../accounts/mail.ts";
import { changingRights } from "../imap/rights.ts";
import type { Ranges } from "../imap/search_key.ts";
import type { Context } from "./followed.ts";
import { lowerBound, rangesOf } from "../imap/sequence_set.ts";

/** The most ends of ranges that are kept of a session's own messages. */
const maxOwn = 2000;

/** The mailbox as the client sees it. */
export class MailboxView {
  readonly id: number;
  /** What may be done with it now, as far as is known here: the store decides. Bits of `imap/rights.ts`. */
  rights: number;
  readonly uidValidity: number;
  /** Keywords that the client was told of with FLAGS. */
  readonly keywords: Set<string>;
  /** See above. */
  modseq: number;
  /** {@link knownModseq} when the last command was answered: what was told later, the client may hear behind its next one. */
  answeredModseq: number;
  /** Messages with lower UIDs are known, or gone; what arrives is not below. */
  uidNext: number;
  /** Gone and not reported yet: ascending UIDs, all of them in the view. */
  expunged: Uint32Array = new Uint32Array();
  /** UID to MODSEQ; emptied when {@link modseq} passes them. */
  readonly told = new Map<number, number>();
  /** The saved result of SEARCH: ascending UIDs. RFC 5182 2.1 */
  saved: Uint32Array = new Uint32Array();
  /** Searches whose results are followed, by tag. RFC 5267 4.3 */
  readonly contexts = new Map<string, Context>();
  /**
   * While `expunged` is not empty: every change up to here has been told, that is, none of `expunged` is as old. RFC 7162
   * 3.2
   */
  settled: number | null = null;
  /** The highest MODSEQ of a FETCH response since the last command was answered. */
  highestTold = 0;
  /** Up to where the client was told that it knows all, when it might have thought more; null if all is told. */
  heldBack: number | null = null;
  /** The store has changes that were not asked for yet. */
  stale = false;
  /** UIDs, as ranges, that others added and whose FETCH response may be due. RFC 5465 5.2, 7 */
  arrived: Ranges = [];
  /** Ascending UIDs of messages that came or changed and may be, or be no longer, results of {@link contexts}. */
  changed: Uint32Array = new Uint32Array();
  /** The MODSEQ up to which all flags were told, where NOTIFY has kept later ones from the client; else null. */
  #silentFrom: number | null = null;
  /** UIDs, as ranges, of messages that this session has added itself and that were not told with EXISTS yet. */
  #own: number[] = [];
  #uids: Uint32Array;
  #count: number;
  /** \Recent for this session: ranges of UIDs, ascending. RFC 3501 2.3.2 */
  readonly #recent: number[] = [];
  readonly #examined: boolean;

  constructor(open: OpenMailbox, readOnly: boolean) {
    this.id = open.info.id;
    this.rights = open.info.rights;
    this.#examined = readOnly;
    this.uidValidity = open.info.uidValidity;
    this.modseq = this.answeredModseq = open.info.highestModSeq;
    this.uidNext = open.info.uidNext;
    this.keywords = new Set(open.keywords);
    this.#uids = open.uids;
    this.#count = open.uids.length;
    this.addRecent(open.recentFromUid, open.info.uidNext);
  }

  /** It was opened with EXAMINE, or there is no right to change anything. RFC 4314 5.2 */
  get readOnly(): boolean {
    return this.#examined || (this.rights & changingRights) === 0;
  }

  /** How many messages the client knows of: the highest message number. */
  get count(): number {
    return this.#count;
  }

  /** UIDs in the order of message numbers. */
  get uids(): Uint32Array {
    return this.#uids.subarray(0, this.#count);
  }

  /** The highest UID that the client knows of, 0 if there is no message: what `*` means. */
  get lastUid(): number {
    return this.#count === 0 ? 0 : this.uidAt(this.#count);
  }

  /** The UID of a message number from 1 to {@link count}; 0 for others. */
  uidAt(number: number): number {
    return number <= this.#count ? this.#uids[number - 1] ?? 0 : 0;
  }

  /** The message number of a UID, 0 if the client knows no such message. */
  numberOf(uid: number): number {
    const at = this.#lowerBound(uid);
    return at < this.#count && this.#uids[at] === uid ? at + 1 : 0;
  }

  /**
   * The message number of `uid` when UIDs are asked for in ascending order: the search begins behind `before`, the
   * number found last, where it usually ends at once.
   */
  numberAfter(before: number, uid: number): number {
    return this.#uids[before] === uid && before < this.#count ? before + 1 : this.numberOf(uid);
  }

  /** Whether the client knows the flags that a message had at this MODSEQ. */
  knows(uid: number, modseq: number): boolean {
    return modseq <= this.knownModseq || this.told.get(uid) === modseq;
  }

  /** Whether the client knew the flags that a message had at this MODSEQ when it sent the command under way. */
  knew(uid: number, modseq: number): boolean {
    return modseq <= this.answeredModseq || this.told.get(uid) === modseq;
  }

  /** Up to where the client knows everything: what it can ask to be told from. RFC 7162 3.1.2.1 */
  get knownModseq(): number {
    return this.#silentFrom ?? this.modseq;
  }

  /** Changes of flags up to {@link modseq} are not told. */
  keepSilent(): void {
    this.#silentFrom ??= this.modseq;
  }

  /** What was not told is to be told, with all else that is new. */
  forgetSilence(): void {
    this.modseq = this.knownModseq;
    this.#silentFrom = null;
    this.stale = true;
  }

  /** The session itself adds messages to this mailbox. */
  addOwn(uids: Uint32Array): void {
    this.stale = true;
    this.#own.push(...rangesOf(uids));
    if (this.#own.length > maxOwn) this.#own.splice(0, this.#own.length - maxOwn); // Then they are told once too often.
  }

  /** Of messages that arrived, those of others; which were its own is then forgotten. */
  takeForeign(uids: Uint32Array): Uint32Array {
    const own = this.#own;
    if (own.length === 0) return uids;
    this.#own = [];
    return uids.filter((uid) =>
      !own.some((first, i) => i % 2 === 0 && first <= uid && uid <= (own[i + 1] ?? 0))
    );
  }

  /**
   * The client knows what its own command made of flags, and is not told of it again. Where nobody else changed anything
   * between, there is nothing to be asked for either.
   */
  noteStored({ flags, alone }: Pick<StoredFlags, "flags" | "alone">): void {
    if (alone !== null && alone.since <= this.modseq) {
      this.modseq = Math.max(this.modseq, alone.until);
      return;
    }
    for (let i = 0; i < flags.uids.length; i++) {
      const modseq = flags.modseqs[i] ?? 0;
      if (modseq > this.modseq) this.told.set(flags.uids[i] ?? 0, modseq);
    }
  }

  /** Searches that are followed have to look at these messages again. */
  noteChanged(uids: Uint32Array): void {
    if (this.contexts.size > 0) this.changed = union(this.changed, uids);
  }

  /** Adds messages that arrived; UIDs above all that are known, ascending. */
  append(uids: Uint32Array): void {
    const count = this.#count + uids.length;
    if (count > this.#uids.length) {
      const grown = new Uint32Array(count + (count >> 3) + 16);
      grown.set(this.uids);
      this.#uids = grown;
    }
    this.#uids.set(uids, this.#count);
    this.#count = count;
  }

  /**
   * Takes messages away. Returns, for EXPUNGE responses in this order, the number that each had when those before it
   * were gone already. UIDs that are not known are passed over.
   */
  remove(gone: Uint32Array): Uint32Array {
    const numbers = new Uint32Array(gone.length);
    let removed = 0;
    let next = 0;
    let to = this.#lowerBound(gone[0] ?? Infinity);
    for (let from = to; from < this.#count; from++) {
      const uid = this.#uids[from] ?? 0;
      while (next < gone.length && (gone[next] ?? 0) < uid) next++;
      if (gone[next] === uid) numbers[removed++] = to + 1;
      else this.#uids[to++] = uid;
    }
    this.#count = to;
    return numbers.subarray(0, removed);
  }

  /** Of ascending UIDs, those that the client knows of. */
  known(uids: Uint32Array): Uint32Array {
    let before = 0;
    return uids.filter((uid) => {
      const number = this.numberAfter(before, uid);
      if (number !== 0) before = number;
      return number !== 0;
    });
  }

  /** Messages from one UID up to, without, another are \Recent here. */
  addRecent(from: number, end: number): void {
    if (from >= end) return;
    const last = this.#recent.length - 1;
    if (last > 0 && (this.#recent[last] ?? 0) + 1 >= from) {
      this.#recent[last] = Math.max(end - 1, this.#recent[last] ?? 0);
    } else this.#recent.push(from, end - 1);
  }

  isRecent(uid: number): boolean {
    for (let i = this.#recent.length - 2; i >= 0; i -= 2) {
      if (uid >= (this.#recent[i] ?? 0)) return uid <= (this.#recent[i + 1] ?? 0);
    }
    return false;
  }

  /** How many of the messages that the client knows of are \Recent. */
  get recentCount(): number {
    let count = 0;
    for (let i = 0; i < this.#recent.length; i += 2) {
      count += this.#lowerBound((this.#recent[i + 1] ?? 0) + 1) - this.#lowerBound(this.#recent[i] ?? 0);
    }
    return count;
  }

  /** \Recent as ranges of UIDs. */
  get recent(): Ranges {
    return this.#recent;
  }

  /**
   * Message numbers as ranges of UIDs. What lies between the ends of a range and is not known to the client is gone
   * (UIDs only grow), so nothing is asked for that the client did not mean.
   *
   * @returns Null if a number is higher than {@link count}.
   */
  uidRanges(numbers: Ranges): Ranges | null {
    const ranges: number[] = [];
    for (let i = 0; i < numbers.length; i += 2) {
      const first = this.uidAt(numbers[i] ?? 0);
      const last = this.uidAt(numbers[i + 1] ?? 0);
      if (first === 0 || last === 0) return null;
      ranges.push(first, last);
    }
    return ranges;
  }

  /** Ascending UIDs as few ranges of UIDs, joined where the client knows nothing between them. */
  rangesOf(uids: Uint32Array): Ranges {
    const ranges: number[] = [];
    let before = -1;
    for (const uid of uids) {
      const number = this.numberAfter(Math.max(before, 0), uid);
      if (number === 0) continue;
      if (number === before + 1 && ranges.length > 0) ranges[ranges.length - 1] = uid;
      else ranges.push(uid, uid);
      before = number;
    }
    return ranges;
  }

  /** Ranges of UIDs without those above what the client knows of, or above another UID. */
  clamp(ranges: Ranges, last = this.lastUid): Ranges {
    const kept: number[] = [];
    for (let i = 0; i < ranges.length; i += 2) {
      const first = ranges[i] ?? 0;
      if (first <= last) kept.push(first, Math.min(ranges[i + 1] ?? 0, last));
    }
    return kept;
  }

  /** The first place whose UID is not below `uid`. */
  #lowerBound(uid: number): number {
    return lowerBound(this.#uids, uid, 0, this.#count);
  }
}

/** Ascending numbers of two lists, each once. */
export function union(a: Uint32Array, b: Uint32Array): Uint32Array {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const all = new Uint32Array(a.length + b.length);
  let i = 0;
  let j = 0;
  let count = 0;
  while (i < a.length || j < b.length) {
    const x = a[i] ?? Infinity;
    const y = b[j] ?? Infinity;
    all[count++] = Math.min(x, y);
    if (x <= y) i++;
    if (y <= x) j++;
  }
  return all.subarray(0, count);
}

/** Ascending numbers of `a` that are not in `b`. */
export function difference(a: Uint32Array, b: Uint32Array): Uint32Array {
  let j = 0;
  return a.filter((n) => {
    while (j < b.length && (b[j] ?? 0) < n) j++;
    return b[j] !== n;
  });
}
