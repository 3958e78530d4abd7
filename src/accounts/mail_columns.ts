/**
 * Columns that grow: how bulk answers are built, without an object for each message.
 *
 * @module
 */
import { type Bytes, KiB } from "../base/bytes.ts";
import { Refused } from "../base/errors.ts";
import type { FlagColumns } from "./mail.ts";

/** The most different sets of keywords in one {@link FlagColumns}: what a 16-bit index can tell apart. */
export const maxKeywordSets = 65536;

/** Flags of messages, one after the other. */
export class FlagColumnsBuilder {
  #uids: Uint32Array;
  #modseqs: Float64Array;
  #bits: Uint32Array;
  #keywordSet: Uint16Array;
  readonly #sets: string[] = [""];
  readonly #setOf = new Map<string, number>([["", 0]]);
  #length = 0;

  /** @param capacity Messages expected; more are possible. */
  constructor(capacity = 64) {
    const size = Math.max(1, capacity);
    this.#uids = new Uint32Array(size);
    this.#modseqs = new Float64Array(size);
    this.#bits = new Uint32Array(size);
    this.#keywordSet = new Uint16Array(size);
  }

  get length(): number {
    return this.#length;
  }

  /** Whether the next message may bring keywords that no index is left for. */
  get full(): boolean {
    return this.#sets.length >= maxKeywordSets;
  }

  /**
   * Adds a message.
   *
   * @param keywords Joined by spaces.
   * @throws {Refused} `tooMany` beyond {@link maxKeywordSets}.
   */
  add(uid: number, modseq: number, bits: number, keywords: string): void {
    const at = this.#length;
    if (at === this.#uids.length) this.#grow();
    this.#uids[at] = uid;
    this.#modseqs[at] = modseq;
    this.#bits[at] = bits;
    this.#keywordSet[at] = keywords === "" ? 0 : this.#indexOf(keywords);
    this.#length = at + 1;
  }

  /** The columns, in memory of their own. */
  finish(): FlagColumns {
    const n = this.#length;
    return {
      uids: this.#uids.slice(0, n),
      modseqs: this.#modseqs.slice(0, n),
      bits: this.#bits.slice(0, n),
      keywordSet: this.#keywordSet.slice(0, n),
      keywordSets: this.#sets.slice(),
    };
  }

  /**
   * The same, by ascending UID; for messages that came in another order. Of a message that came several times, the last
   * counts; none of `gone` does.
   *
   * @param gone Ascending UIDs.
   */
  finishSorted(gone: Uint32Array): FlagColumns {
    const columns = this.finish();
    const { uids } = columns;
    if (gone.length === 0 && isAscending(uids)) return columns;
    const order = orderOf(uids);
    let next = 0;
    const kept = order.filter((from, i) => {
      const uid = at(uids, from);
      while (next < gone.length && at(gone, next) < uid) next++;
      const isLast = i + 1 === order.length || at(uids, at(order, i + 1)) !== uid;
      return isLast && gone[next] !== uid;
    });
    return {
      uids: kept.map((i) => at(uids, i)),
      modseqs: Float64Array.from(kept, (i) => at(columns.modseqs, i)),
      bits: Uint32Array.from(kept, (i) => at(columns.bits, i)),
      keywordSet: Uint16Array.from(kept, (i) => at(columns.keywordSet, i)),
      keywordSets: columns.keywordSets,
    };
  }

  #indexOf(keywords: string): number {
    const known = this.#setOf.get(keywords);
    if (known !== undefined) return known;
    if (this.full) throw new Refused("tooMany", "too many different sets of keywords in one answer");
    this.#setOf.set(keywords, this.#sets.length);
    return this.#sets.push(keywords) - 1;
  }

  #grow(): void {
    const size = this.#uids.length * 2;
    this.#uids = grown(this.#uids, new Uint32Array(size));
    this.#modseqs = grown(this.#modseqs, new Float64Array(size));
    this.#bits = grown(this.#bits, new Uint32Array(size));
    this.#keywordSet = grown(this.#keywordSet, new Uint16Array(size));
  }
}

/** Numbers, one after the other; fractions and negative ones too. */
export class NumbersBuilder {
  #numbers = new Float64Array(64);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(number: number): void {
    if (this.#length === this.#numbers.length) {
      this.#numbers = grown(this.#numbers, new Float64Array(this.#length * 2));
    }
    this.#numbers[this.#length++] = number;
  }

  finish(): Float64Array<ArrayBuffer> {
    return this.#numbers.slice(0, this.#length);
  }

  /** As whole numbers below 2^32, such as UIDs. */
  finishUids(): Uint32Array<ArrayBuffer> {
    return new Uint32Array(this.#numbers.subarray(0, this.#length));
  }
}

/**
 * Values of bytes, one after the other. One builder serves batch after batch: new memory for each, grown step by step,
 * cost more than everything else in a FETCH of bodies.
 */
export class ValuesBuilder {
  #bytes: Bytes = new Uint8Array(16 * KiB);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(value: Uint8Array): void {
    const end = this.#length + value.length;
    if (end > this.#bytes.length) {
      this.#bytes = grown(this.#bytes, new Uint8Array(Math.max(end, this.#bytes.length * 2)));
    }
    this.#bytes.set(value, this.#length);
    this.#length = end;
  }

  /** Takes back what was added after this length. */
  truncate(length: number): void {
    this.#length = Math.min(this.#length, length);
  }

  /** All of it, in memory of its own; the builder is empty then. */
  finish(): Bytes {
    const values = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return values;
  }
}

function grown<T extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}

/** An entry that is there; 0 outside, so that the type is plain. */
function at(column: { readonly [i: number]: number }, i: number): number {
  return column[i] ?? 0;
}

function isAscending(numbers: Uint32Array): boolean {
  for (let i = 1; i < numbers.length; i++) if (at(numbers, i - 1) >= at(numbers, i)) return false;
  return true;
}

/** Entries that one number can be sorted with: 32 bits of a UID and 21 of its place are what a number holds exactly. */
const maxSortedAtOnce = 2 ** 21;

/** Places in the order of their numbers; equal numbers stay in theirs. Sorting numbers takes a tenth of comparing. */
function orderOf(numbers: Uint32Array): Uint32Array {
  if (numbers.length > maxSortedAtOnce) {
    return Uint32Array.from(numbers, (_n, i) => i).sort((a, b) => at(numbers, a) - at(numbers, b) || a - b);
  }
  const keys = Float64Array.from(numbers, (number, i) => number * maxSortedAtOnce + i).sort();
  return Uint32Array.from(keys, (key) => key % maxSortedAtOnce);
}

/**
 * Numbers written in decimal with commas between, as SQL's `group_concat` gives them: an order of magnitude
 * faster than a row for each.
 */
export function uidsOfList(list: string, count: number): Uint32Array<ArrayBuffer> {
  const uids = new Uint32Array(list === "" ? 0 : count);
  let value = 0;
  let n = 0;
  for (let i = 0; i < list.length; i++) {
    const code = list.charCodeAt(i);
    if (code === 0x2c) {
      uids[n++] = value;
      value = 0;
    } else value = value * 10 + code - 0x30;
  }
  if (list !== "") uids[n++] = value;
  if (n !== uids.length) throw new RangeError(`a list of ${n} numbers instead of ${count}`);
  return uids;
}
