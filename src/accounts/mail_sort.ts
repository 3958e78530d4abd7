/**
 * SORT: what a search finds, in the order of columns that were worked out when the messages came. RFC 5256 3, RFC 5957
 *
 * Of each message found some sixty octets are kept in memory and one number for each criterion; of texts the different ones,
 * up to {@link maxSortChars}. What is expunged before its columns are read is not told. Sorting goes in steps of a millisecond, with turns for others between them.
 *
 * Tested by `src/accounts/mail_store_test.ts`.
 *
 * @module
 */
import { Refused } from "../base/errors.ts";
import { type Compare, ordered } from "../base/order.ts";
import type { SortCriterion } from "../imap/sort_key.ts";
import { turn } from "../store/connection.ts";
import type { Store } from "../store/store.ts";
import { maxSortCriteria, type SearchBatch, type SortRequest } from "./mail.ts";
import { NumbersBuilder } from "./mail_columns.ts";
import { type FieldColumn, fieldMask, FieldReader, type FieldRow } from "./mail_email_fields.ts";
import { TextRanks } from "./mail_order.ts";
import { MessageSearch } from "./mail_search.ts";

/** Characters of all different texts of one SORT. */
export const maxSortChars = 32 * 1024 * 1024;

/** Messages whose columns are read in one go, and those told in one batch. */
const chunk = 2000;
const told = 32_768;

/** What was found, by the order in which it was found, which is that of UIDs. */
export interface FoundMessages {
  readonly uids: Uint32Array;
  readonly modseqs: Float64Array;
  readonly scores: Uint8Array | null;
  readonly emailIds: Float64Array;
  readonly sizes: Float64Array;
  readonly internalDates: Float64Array;
  readonly total: number;
}

/** Searches to the end; yields how far it has come. */
export async function* findAll(
  store: Store,
  accountId: number,
  request: Pick<SortRequest, "mailbox" | "key">,
): AsyncGenerator<{ readonly looked: number; readonly total: number }, FoundMessages, undefined> {
  const keep = {
    emailIds: new NumbersBuilder(),
    sizes: new NumbersBuilder(),
    internalDates: new NumbersBuilder(),
  };
  const search = new MessageSearch(store, accountId, request, keep);
  for await (const _progress of search.run(false)) if (!search.done) yield search.progress;
  const { uids, modseqs, scores, total } = search.batch();
  return {
    uids,
    modseqs,
    scores,
    emailIds: keep.emailIds.finish(),
    sizes: keep.sizes.finish(),
    internalDates: keep.internalDates.finish(),
    total,
  };
}

/** `Mail.sort`. Leaving the loop ends it. */
export async function* sortMessages(
  store: Store,
  accountId: number,
  request: SortRequest,
  maxChars = maxSortChars,
): AsyncGenerator<SearchBatch, void, undefined> {
  const { criteria } = request;
  if (criteria.length > maxSortCriteria) throw new Refused("tooMany", "too many sort criteria");
  const searching = findAll(store, accountId, request);
  let step = await searching.next();
  for (; step.done !== true; step = await searching.next()) yield progressOnly(step.value);
  const found = step.value;
  const reading = readColumns(store, accountId, criteria, found, maxChars);
  let read = reading.next();
  for (; read.done !== true; read = reading.next()) {
    yield progressOnly({ looked: found.total, total: found.total });
    await turn();
  }
  const { columns, gone } = read.value;
  const sorting = ordered(found.uids.length, comparison(criteria, columns));
  let sorted = sorting.next();
  for (; sorted.done !== true; sorted = sorting.next()) {
    yield progressOnly({ looked: found.total, total: found.total });
    await turn();
  }
  yield* inOrder(found, gone.size === 0 ? sorted.value : sorted.value.filter((i) => !gone.has(i)));
}

const noNumbers = new Float64Array();
const noUids = new Uint32Array();

function progressOnly(progress: { readonly looked: number; readonly total: number }): SearchBatch {
  return { uids: noUids, modseqs: noNumbers, scores: null, ...progress };
}

function* inOrder(found: FoundMessages, order: Uint32Array): Generator<SearchBatch> {
  const progress = { looked: found.total, total: found.total };
  for (let at = 0; at < order.length || at === 0; at += told) {
    const some = order.subarray(at, at + told);
    const { uids, modseqs, scores } = found;
    yield {
      uids: Uint32Array.from(some, (i) => uids[i] ?? 0),
      modseqs: Float64Array.from(some, (i) => modseqs[i] ?? 0),
      scores: scores === null ? null : Uint8Array.from(some, (i) => scores[i] ?? 0),
      ...progress,
    };
  }
}

/** A column of numbers for each criterion: smaller ones come first. */
type Columns = readonly ArrayLike<number>[];

/** What is sorted by. */
interface SortColumns {
  readonly columns: Columns;
  /** Places of what was expunged since it was found: nobody knows where it belongs, so it is left out. */
  readonly gone: ReadonlySet<number>;
}

/** Criteria that are texts, and their columns; that of the subject is null where it is the subject itself. */
const textColumns: Partial<Record<SortCriterion["key"], FieldColumn>> = {
  subject: "sort_subject",
  from: "sort_from",
  to: "sort_to",
  cc: "sort_cc",
  displayFrom: "display_from",
  displayTo: "display_to",
};

/** The key comes from the front: it may be any word. */
function columnOf(key: SortCriterion["key"]): FieldColumn | undefined {
  return Object.hasOwn(textColumns, key) ? textColumns[key] : undefined;
}

function* readColumns(
  store: Store,
  accountId: number,
  criteria: readonly SortCriterion[],
  found: FoundMessages,
  maxChars: number,
): Generator<void, SortColumns> {
  const keys = [...new Set(criteria.map((criterion) => criterion.key))];
  const texts = keys.flatMap((key) => columnOf(key) ?? []);
  const asked: FieldColumn[] = keys.includes("date") ? ["sent", ...texts] : texts;
  const count = found.uids.length;
  const sent = new Float64Array(count);
  const gone = new Set<number>();
  const ranks = texts.map((column) => ({ column, texts: new TextRanks(), numbers: new Uint32Array(count) }));
  if (asked.length > 0) {
    const mask = fieldMask(texts.includes("sort_subject") ? [...asked, "subject"] : asked);
    const reader = new FieldReader(accountId, mask);
    const subject = reader.place("subject");
    const places = ranks.map(({ column }) => reader.place(column));
    for (let at = 0; at < count; at += chunk) {
      const ids = found.emailIds.subarray(at, at + chunk);
      const rows = store.read(reader.read(ids));
      for (let i = 0; i < ids.length; i++) {
        const row = rows.of(ids[i] ?? 0);
        if (row === undefined) gone.add(at + i);
        sent[at + i] = sentDate(row, reader.place("sent"), found.internalDates[at + i] ?? 0);
        ranks.forEach(({ texts, numbers }, n) => {
          numbers[at + i] = texts.add(String(row?.[places[n] ?? 0] ?? row?.[subject] ?? ""));
        });
      }
      if (ranks.reduce((sum, { texts }) => sum + texts.length, 0) > maxChars) {
        throw new Refused("tooMany", "too much text to sort by");
      }
      yield;
    }
  }
  const byColumn = new Map<FieldColumn, Uint32Array>();
  for (const { column, texts, numbers } of ranks) {
    const order = yield* texts.ranks();
    byColumn.set(column, numbers.map((number) => order[number] ?? 0));
  }
  const columns = criteria.map(({ key }) => {
    const column = columnOf(key);
    if (column !== undefined) return byColumn.get(column) ?? noUids;
    switch (key) {
      case "arrival":
        return found.internalDates;
      case "size":
        return found.sizes;
      case "relevancy":
        return (found.scores ?? noUids).map((score) => 100 - score);
      default:
        return sent;
    }
  });
  return { columns, gone };
}

/** RFC 5256 2.2: without a Date that can be read, the internal date. */
export function sentDate(row: FieldRow | undefined, place: number, internalDate: number): number {
  const sent = place === 0 ? null : row?.[place];
  return typeof sent === "number" ? sent : internalDate;
}

function comparison(criteria: readonly SortCriterion[], columns: Columns): Compare {
  const signs = criteria.map((criterion) => criterion.reverse ? -1 : 1);
  return (a, b) => {
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i];
      const difference = (column?.[a] ?? 0) - (column?.[b] ?? 0);
      if (difference !== 0) return difference * (signs[i] ?? 1);
    }
    return 0; // The order of UIDs stays: REVERSE is of one criterion only. RFC 5256 3
  };
}
