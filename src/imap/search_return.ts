/**
 * RETURN of SEARCH, SORT and ESEARCH. RFC 4731 3.1, RFC 5182, RFC 5267 4, RFC 5465 7, RFC 6203 4, RFC 9394
 *
 * @module
 */
import type { ResultRange, SearchOptions, SearchReturn } from "./command.ts";
import type { FetchItem } from "./fetch_item.ts";
import { CommandError } from "./command_error.ts";
import { readFetchItems } from "./fetch.ts";
import { readResultRange } from "./result_range.ts";
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
  let updates: readonly FetchItem[] | null = null;
  const returns = s.list((s) => {
    const word = s.keyword("a return option");
    const option = words.find((option) => option === word);
    if (option === undefined) throw new SyntaxError("unknown return option");
    if (option === "PARTIAL") {
      if (partial !== null) throw new SyntaxError("PARTIAL may stand here once");
      s.space();
      partial = readResultRange(s);
    }
    if (option === "UPDATE") updates = readUpdate(s) ?? updates;
    return option;
  }, 0);
  s.space();
  if (partial !== null && returns.includes("ALL")) {
    throw new SyntaxError("PARTIAL and ALL exclude each other");
  }
  const chosen = returns.length === 0 ? ["ALL" as const] : [...new Set(returns)]; // RFC 4731 3.1
  return { returns: chosen, partial, ...updates === null ? {} : { updates } };
}

/** Reads what follows the options: if that is refused with NO, a result that was to be saved is empty. RFC 5182 2.1 */
export function readSaving<T>({ returns }: SearchOptions, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const refused = error instanceof CommandError && error.status === "NO" &&
      returns?.includes("SAVE") === true;
    throw refused ? new CommandError(error.status, error.code, error.message, true) : error;
  }
}

const open = 0x28;

/** `(UID FLAGS)` behind UPDATE; a space may come first, as in the example of RFC 5465 7 and not in its grammar. */
function readUpdate(s: Scanner): FetchItem[] | null {
  if (s.peek() === 0x20 && s.bytes[s.at + 1] === open) s.space();
  return s.peek() === open ? readFetchItems(s) : null;
}
