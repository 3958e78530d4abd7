/**
 * Answers to SEARCH, SORT, THREAD and ESEARCH, and what tells of changes to their results. RFC 9051 7.3.4 (ESEARCH), RFC
 * 3501 7.2.5, RFC 4731, RFC 5256 4, RFC 5267 4, RFC 6203 4, RFC 7162 3.1.5, 3.1.9, 3.1.10, RFC 7377 2.1, RFC 9394
 *
 * @module
 */
import type { ResultRange } from "./command.ts";
import type { ResponseWriter } from "./response_writer.ts";
import { formatResultRange } from "./result_range.ts";
import type { Ranges } from "./search_key.ts";

/** `* SEARCH 2 5 6 (MODSEQ 917162500)`, in one line however long. RFC 3501 7.2.5, RFC 7162 3.1.5 */
export function writeSearch(
  w: ResponseWriter,
  numbers: ArrayLike<number>,
  modSeq: number | null,
  word: "SEARCH" | "SORT" = "SEARCH",
): void {
  w.ascii("* ").ascii(word);
  for (let i = 0; i < numbers.length; i++) w.ascii(" ").number(numbers[i] ?? 0);
  if (modSeq !== null && numbers.length > 0) w.ascii(" (MODSEQ ").number(modSeq).ascii(")");
  w.ascii("\r\n");
}

/** Results that come in at a place, or go from it; place 0 is wherever they belong. RFC 5267 4.3.2 */
export interface ResultChange {
  readonly place: number;
  readonly results: Ranges;
}

/** What ESEARCH tells; what is left out was not asked for, or there is nothing to tell. */
export interface Esearch {
  readonly tag: string;
  /** Of a search in several mailboxes. RFC 7377 2.1 */
  readonly mailbox?: { readonly name: string; readonly uidValidity: number };
  readonly uid: boolean;
  readonly min?: number;
  readonly max?: number;
  readonly count?: number;
  /** Left out when nothing was found. RFC 4731 3.1. Of SORT, runs in its order. RFC 5267 3.2 */
  readonly all?: Ranges;
  readonly partial?: { readonly range: ResultRange; readonly results: Ranges };
  /** One score for each result told. */
  readonly relevancy?: ArrayLike<number>;
  readonly modSeq?: number;
  readonly addTo?: readonly ResultChange[];
  readonly removeFrom?: readonly ResultChange[];
}

/** `* ESEARCH (TAG "a1") UID COUNT 2 ALL 1:2` */
export function writeEsearch(w: ResponseWriter, found: Esearch): void {
  w.ascii("* ESEARCH (TAG ").string(found.tag);
  if (found.mailbox !== undefined) {
    w.ascii(" MAILBOX ").mailbox(found.mailbox.name).ascii(" UIDVALIDITY ").number(found.mailbox.uidValidity);
  }
  w.ascii(found.uid ? ") UID" : ")");
  if (found.min !== undefined) w.ascii(" MIN ").number(found.min);
  if (found.max !== undefined) w.ascii(" MAX ").number(found.max);
  if (found.count !== undefined) w.ascii(" COUNT ").number(found.count);
  if (found.all !== undefined && found.all.length > 0) w.ascii(" ALL ").ranges(found.all);
  if (found.partial !== undefined) {
    const { range, results } = found.partial;
    w.ascii(" PARTIAL (").ascii(formatResultRange(range)).ascii(" ");
    if (results.length === 0) w.ascii("NIL");
    else w.ranges(results);
    w.ascii(")");
  }
  if (found.relevancy !== undefined) {
    w.ascii(" RELEVANCY (");
    for (let i = 0; i < found.relevancy.length; i++) {
      w.ascii(i === 0 ? "" : " ").number(found.relevancy[i] ?? 0);
    }
    w.ascii(")");
  }
  if (found.modSeq !== undefined) w.ascii(" MODSEQ ").number(found.modSeq);
  writeChanges(w, " REMOVEFROM (", found.removeFrom ?? []);
  writeChanges(w, " ADDTO (", found.addTo ?? []);
  w.ascii("\r\n");
}

function writeChanges(w: ResponseWriter, begin: string, changes: readonly ResultChange[]): void {
  if (changes.length === 0) return;
  w.ascii(begin);
  for (const [i, { place, results }] of changes.entries()) {
    w.ascii(i === 0 ? "" : " ").number(place).ascii(" ").ranges(results);
  }
  w.ascii(")");
}

/**
 * `* THREAD (2)(3 6 (4 23)(44 7 96))`. RFC 5256 4
 *
 * @param numbers Each parent before its children; 0 for a parent that is not there.
 * @param depths 0 for the first of a thread.
 */
export function writeThread(w: ResponseWriter, numbers: Uint32Array, depths: Uint32Array): void {
  w.ascii("* THREAD");
  const branches = branching(depths);
  /** Depths at which a list is open. */
  const open: number[] = [];
  const closeTo = (depth: number) => {
    for (let last = open.at(-1); last !== undefined && last >= depth; last = open.at(-1)) {
      w.ascii(")");
      open.pop();
    }
  };
  for (let i = 0; i < numbers.length; i++) {
    const depth = depths[i] ?? 0;
    const number = numbers[i] ?? 0;
    closeTo(depth);
    // The first child of a parent that is there follows after a space, as a member or as the first of several lists.
    const follows = i > 0 && depth > (depths[i - 1] ?? 0) && numbers[i - 1] !== 0;
    if (i === 0 || follows) w.ascii(" ");
    if (depth === 0 || branches[i] === 1) {
      w.ascii("(");
      open.push(depth);
    }
    if (number !== 0) w.number(number);
  }
  closeTo(0);
  w.ascii("\r\n");
}

/** For each place, 1 if its parent has several children. */
function branching(depths: Uint32Array): Uint8Array {
  const several = new Uint8Array(depths.length);
  /** Of each depth, the last place, which may still get a sibling. */
  const last: number[] = [];
  for (let i = 0; i < depths.length; i++) {
    const depth = depths[i] ?? 0;
    const sibling = depth < last.length ? last[depth] : undefined;
    last.length = depth;
    last.push(i);
    if (sibling !== undefined && depth > 0) several[i] = several[sibling] = 1;
  }
  return several;
}
