/**
 * RETURN of SEARCH, SORT and ESEARCH, and PARTIAL, which FETCH has as well. RFC 4731 3.1, RFC 5182, RFC 5267 4, RFC 6203 4,
 * RFC 9394
 *
 * @module
 */
import type { ResultRange, SearchOptions, SearchReturn } from "./command.ts";
import type { Scanner } from "./scanner.ts";

const words: readonly SearchReturn[] = [
  "MIN",
  "MAX",
  "ALL",
  "COUNT",
  "SAVE",
  "PARTIAL",
  "CONTEXT",
  "UPDATE",
  "RELEVANCY",
];

/** `RETURN (MIN COUNT) `, with the space behind it, or nothing. */
export function readReturns(s: Scanner): SearchOptions {
  if (!s.take("RETURN ")) return { returns: null, partial: null };
  let partial: ResultRange | null = null;
  const returns = s.list((s) => {
    const word = s.keyword("a return option");
    const option = words.find((option) => option === word);
    if (option === undefined) throw new SyntaxError("unknown return option");
    if (option === "PARTIAL") {
      if (partial !== null) throw new SyntaxError("PARTIAL may stand here once");
      s.space();
      partial = readResultRange(s);
    }
    return option;
  }, 0);
  s.space();
  if (partial !== null && returns.includes("ALL")) {
    throw new SyntaxError("PARTIAL and ALL exclude each other");
  }
  return { returns: returns.length === 0 ? ["ALL"] : [...new Set(returns)], partial }; // RFC 4731 3.1
}

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
