/**
 * Sets of message numbers and UIDs: `2,4:7,9,12:*`, `$`. RFC 9051 9 (sequence-set), RFC 5182 2.1
 *
 * @module
 */
import type { SequenceSet } from "./command.ts";
import type { Scanner } from "./scanner.ts";
import type { Ranges } from "./search_key.ts";

/** `*` in {@link SequenceSet.ranges}. */
export const star = Infinity;

const comma = 0x2c;
const dollar = 0x24;
const asterisk = 0x2a;

/** Reads a set. Its length is bounded by the line's. */
export function readSequenceSet(s: Scanner): SequenceSet {
  const ranges: number[] = [];
  let saved = false;
  for (;;) {
    if (s.peek() === dollar) {
      s.at++;
      saved = true;
    } else {
      const first = readSequenceNumber(s);
      ranges.push(first, s.take(":") ? readSequenceNumber(s) : first);
    }
    if (s.peek() !== comma) return { ranges, saved };
    s.at++;
  }
}

function readSequenceNumber(s: Scanner): number {
  if (s.peek() !== asterisk) return s.nzNumber("a message number");
  s.at++;
  return star;
}

/** Reads a set that may hold neither `*` nor `$`. RFC 7162 7 (known-uids) */
export function readKnownSet(s: Scanner): Ranges {
  const set = readSequenceSet(s);
  if (set.saved || set.ranges.includes(star)) throw new SyntaxError("* and $ are not allowed here");
  return normalized(set.ranges);
}

/** Whether a set begins at this octet (as opposed to a word). */
export function startsSet(code: number): boolean {
  return code >= 0x30 && code <= 0x39 || code === asterisk || code === dollar;
}

/**
 * The numbers that a set means.
 *
 * @param largest What `*` is: the number of messages, or the last UID (of an empty mailbox: UIDNEXT). Where there are
 * no messages, `*` becomes the message number 0, which the session refuses as it does all that do not exist.
 * @param saved What `$` is.
 */
export function resolveSequence(set: SequenceSet, largest: number, saved: Ranges = []): Ranges {
  const ranges = set.ranges.map((n) => n === star ? largest : n);
  return normalized(set.saved ? [...ranges, ...saved] : ranges);
}

/** Pairs in any order, each in any direction, as ascending and disjoint ranges. */
export function normalized(pairs: readonly number[]): Ranges {
  const ranges: [number, number][] = [];
  let ordered = true;
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const a = pairs[i] ?? 0;
    const b = pairs[i + 1] ?? 0;
    const previous = ranges.at(-1);
    if (previous !== undefined && Math.min(a, b) < previous[0]) ordered = false;
    ranges.push(a <= b ? [a, b] : [b, a]);
  }
  if (!ordered) ranges.sort((a, b) => a[0] - b[0]);
  const merged: number[] = [];
  for (const [first, last] of ranges) {
    const end = merged.at(-1);
    if (end !== undefined && first <= end + 1) merged[merged.length - 1] = Math.max(end, last);
    else merged.push(first, last);
  }
  return merged;
}

/** Ascending numbers as ranges. */
export function rangesOf(ascending: ArrayLike<number>): Ranges {
  const ranges: number[] = [];
  for (let i = 0; i < ascending.length;) {
    const first = ascending[i] ?? 0;
    let last = first;
    for (i++; i < ascending.length && ascending[i] === last + 1; i++) last++;
    ranges.push(first, last);
  }
  return ranges;
}

/** How many numbers there are in ranges. */
export function countOf(ranges: Ranges): number {
  let count = 0;
  for (let i = 0; i + 1 < ranges.length; i += 2) count += (ranges[i + 1] ?? 0) - (ranges[i] ?? 0) + 1;
  return count;
}

/** Whether a number is in ranges. */
export function includesNumber(ranges: Ranges, n: number): boolean {
  let low = 0;
  let high = ranges.length / 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[2 * middle + 1] ?? 0) < n) low = middle + 1;
    else high = middle;
  }
  return n >= (ranges[2 * low] ?? Infinity);
}

/** Those of ascending `numbers` that are in ranges. Costs what the shorter side and the result cost. */
export function selectNumbers(ranges: Ranges, numbers: Uint32Array): Uint32Array<ArrayBuffer> {
  const selected = new Uint32Array(numbers.length);
  let count = 0;
  let at = 0;
  for (let i = 0; i + 1 < ranges.length && at < numbers.length; i += 2) {
    const last = ranges[i + 1] ?? 0;
    at = lowerBound(numbers, ranges[i] ?? 0, at);
    for (; at < numbers.length; at++) {
      const n = numbers[at] ?? 0;
      if (n > last) break;
      selected[count++] = n;
    }
  }
  return selected.slice(0, count);
}

/** The index of the first of ascending `numbers`, from `from` up to `end`, that is not below `n`. */
export function lowerBound(numbers: Uint32Array, n: number, from = 0, end = numbers.length): number {
  let low = from;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? 0) < n) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** `1:3,5`; ranges may not be empty, as there is no empty set in the grammar. */
export function formatRanges(ranges: Ranges): string {
  let text = "";
  for (let i = 0; i + 1 < ranges.length; i += 2) {
    if (i > 0) text += ",";
    text += ranges[i] === ranges[i + 1] ? `${ranges[i]}` : `${ranges[i]}:${ranges[i + 1]}`;
  }
  return text;
}

/** A set as it would be sent. */
export function formatSequenceSet(set: SequenceSet): string {
  const parts: string[] = [];
  const one = (n: number | undefined) => n === star ? "*" : String(n);
  for (let i = 0; i + 1 < set.ranges.length; i += 2) {
    const [first, last] = [set.ranges[i], set.ranges[i + 1]];
    parts.push(first === last ? one(first) : `${one(first)}:${one(last)}`);
  }
  if (set.saved) parts.push("$");
  return parts.join(",");
}
