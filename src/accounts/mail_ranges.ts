/**
 * Ranges of UIDs as they come in requests: checked, and walked beside ascending UIDs.
 *
 * @module
 */
import { Refused } from "../base/errors.ts";
import type { Ranges } from "../imap/search_key.ts";
import { maxUid } from "../store/counts.ts";

/** Most ranges in one request: every second of a million messages. */
export const maxRanges = 500_000;

/** Ranges closer together than this are read in one go, and what lies between is skipped. */
const smallGap = 32;

/** @throws {Refused} `badRequest` unless they are ascending, disjoint UIDs; `tooMany`. */
export function checkRanges(ranges: Ranges): void {
  if (ranges.length % 2 !== 0) throw new Refused("badRequest", "ranges of UIDs have an odd length");
  if (ranges.length > 2 * maxRanges) throw new Refused("tooMany", "too many ranges of UIDs");
  let last = 0;
  for (let i = 0; i < ranges.length; i += 2) {
    const from = ranges[i] ?? 0;
    const to = ranges[i + 1] ?? 0;
    const whole = Number.isInteger(from) && Number.isInteger(to);
    if (!whole || from <= last || to < from || to > maxUid) {
      throw new Refused("badRequest", "ranges of UIDs are not ascending");
    }
    last = to;
  }
}

/** Whether ranges hold a UID. */
export function hasUid(ranges: Ranges, uid: number): boolean {
  const at = rangeFrom(ranges, uid);
  return at < ranges.length && (ranges[at] ?? 0) <= uid;
}

/** Where the first range is that ends at a UID or behind it, by bisection; the ranges' length if there is none. */
function rangeFrom(ranges: Ranges, uid: number): number {
  let low = 0;
  let high = ranges.length / 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[2 * middle + 1] ?? 0) < uid) low = middle + 1;
    else high = middle;
  }
  return 2 * low;
}

/** A stretch of UIDs to read; those of it that are not in the ranges are to be skipped. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  /** Whether every UID of the stretch is wanted. */
  readonly dense: boolean;
}

/** Walks through ranges from any UID upwards. */
export class RangeWalk {
  readonly #ranges: Ranges;
  #at = 0;

  /** @param ranges Checked with {@link checkRanges}. */
  constructor(ranges: Ranges) {
    this.#ranges = ranges;
  }

  /** The next UIDs to read, from `from` on, or null when there are no more. */
  next(from: number): Stretch | null {
    const ranges = this.#ranges;
    this.#at = rangeFrom(ranges, from);
    if (this.#at >= ranges.length) return null;
    const first = Math.max(from, ranges[this.#at] ?? 0);
    let last = this.#at;
    while (last + 2 < ranges.length && (ranges[last + 2] ?? 0) - (ranges[last + 1] ?? 0) <= smallGap) {
      last += 2;
    }
    return { from: first, to: ranges[last + 1] ?? 0, dense: last === this.#at };
  }

  /** Whether a UID of the last stretch is wanted; to be asked in ascending order. */
  wants(uid: number): boolean {
    const ranges = this.#ranges;
    while (this.#at < ranges.length && (ranges[this.#at + 1] ?? 0) < uid) this.#at += 2;
    return this.#at < ranges.length && (ranges[this.#at] ?? 0) <= uid;
  }
}
