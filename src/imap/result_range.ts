/**
 * Places among results: PARTIAL of SEARCH, SORT, ESEARCH and FETCH. RFC 9394 3.1, RFC 5267 4.4
 *
 * Tested by `src/imap/search_return_test.ts`.
 *
 * @module
 */
import type { ResultRange } from "./command.ts";
import type { Scanner } from "./scanner.ts";

/** `1:500`, `-1:-100` */
export function readResultRange(s: Scanner): ResultRange {
  const negative = s.peek() === minus;
  const read = () => {
    if (negative) s.expect("-");
    const place = s.nzNumber("a place among the results");
    return negative ? -place : place;
  };
  const from = read();
  s.expect(":");
  return { from, to: read() };
}

const minus = 0x2d;

/** As it was sent. */
export function formatResultRange({ from, to }: ResultRange): string {
  return `${from}:${to}`;
}

/** Which of so many results a range means: from an index up to, without, another; both are the same for none. */
export function placesOf({ from, to }: ResultRange, count: number): readonly [first: number, end: number] {
  const low = Math.min(Math.abs(from), Math.abs(to));
  const high = Math.min(Math.max(Math.abs(from), Math.abs(to)), count);
  if (low > count) return [0, 0];
  return from > 0 ? [low - 1, high] : [count - high, count - low + 1];
}
