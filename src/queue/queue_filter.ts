/**
 * Which messages of the queue an administrator means: pure, and the same for looking and for changing.
 *
 * @module
 */
import { Refused } from "../base/errors.ts";
import type { QueueCandidate } from "../store/queue_admin_rows.ts";
import type { QueueFilter, Span } from "./queue_admin.ts";

/** Numbers in one filter. */
export const maxFilterIds = 10_000;

/** Characters of a text in a filter: more than any address has. */
export const maxFilterText = 1000;

/** A filter that was checked, its account looked up. */
export interface CheckedFilter {
  /** Ascending, each once. */
  readonly ids: readonly number[] | null;
  readonly accountId: number | null;
  /** In lower case; empty for the null sender alone. */
  readonly from: string | null;
  readonly to: string | null;
  readonly hold: boolean | null;
  readonly submitted: Span;
  readonly nextAttempt: Span;
  readonly transport: string | null;
  readonly max: number;
}

/** What of a recipient who is done with a filter looks at. */
export type Filterable = Pick<QueueCandidate, "id" | "account_id" | "sender" | "recipient" | "submitted">;

/**
 * Checks a filter that came from outside.
 *
 * @param accountIdOf The row of an account; undefined if there is none. The server's own messages are those of account 0.
 * @throws {Refused} `badRequest`, or `tooMany` for too many numbers.
 */
export function checkFilter(
  filter: QueueFilter,
  accountIdOf: (name: string) => number | undefined,
): CheckedFilter {
  const { ids, account, from, to, hold, transport, max } = filter;
  if (ids !== null && !(Array.isArray(ids) && ids.every(isRow))) throw bad("ids");
  if (ids !== null && ids.length > maxFilterIds) throw new Refused("tooMany", "too many ids in a filter");
  for (const text of [account, from, to, transport]) {
    if (text !== null && (typeof text !== "string" || text.length > maxFilterText)) throw bad("text");
  }
  if (hold !== null && typeof hold !== "boolean") throw bad("hold");
  if (max !== null && (!Number.isSafeInteger(max) || max < 0)) throw bad("max");
  const accountId = account === null ? null : account === "" ? 0 : accountIdOf(account);
  if (accountId === undefined) throw new Refused("badRequest", `there is no account ${account}`);
  return {
    ids: ids === null ? null : [...new Set(ids)].sort((a, b) => a - b),
    accountId,
    from: from === "<>" ? "" : from === "" ? null : from?.toLowerCase() ?? null,
    to: to === "" ? null : to?.toLowerCase() ?? null,
    hold,
    submitted: span(filter.submitted),
    nextAttempt: span(filter.nextAttempt),
    transport,
    max: max ?? Number.MAX_SAFE_INTEGER,
  };
}

/** Whether a recipient who waits is meant. The limit of their number is the caller's. */
export function isMeant(filter: CheckedFilter, row: QueueCandidate): boolean {
  return isMeantOnceDone(filter, row) &&
    (filter.hold === null || filter.hold === (row.hold === 1)) &&
    (filter.transport === null || filter.transport === row.transport) &&
    isIn(filter.nextAttempt, row.due);
}

/** The same of one who is done with, who is neither on hold nor tried again. */
export function isMeantOnceDone(filter: CheckedFilter, row: Filterable): boolean {
  const { ids, accountId, from, to, submitted } = filter;
  return (ids === null || includes(ids, row.id)) &&
    (accountId === null || accountId === row.account_id) &&
    (from === null || (from === "" ? row.sender === "" : row.sender.toLowerCase().includes(from))) &&
    (to === null || row.recipient.toLowerCase().includes(to)) &&
    isIn(submitted, row.submitted);
}

function isIn({ from, until }: Span, at: number): boolean {
  return (from === null || at >= from) && (until === null || at < until);
}

/** In an ascending list. */
function includes(ids: readonly number[], id: number): boolean {
  let low = 0;
  for (let high = ids.length; low < high;) {
    const middle = (low + high) >> 1;
    if ((ids[middle] ?? 0) < id) low = middle + 1;
    else high = middle;
  }
  return ids[low] === id;
}

function span(given: Span | null): Span {
  if (given === null) return { from: null, until: null };
  const { from, until } = given;
  for (const at of [from, until]) if (at !== null && !Number.isFinite(at)) throw bad("span of time");
  return { from, until };
}

function isRow(id: unknown): boolean {
  return Number.isSafeInteger(id);
}

function bad(what: string): Refused {
  return new Refused("badRequest", `a filter's ${what} cannot be read`);
}
