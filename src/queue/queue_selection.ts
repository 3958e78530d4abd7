/**
 * The rows of the queue that a filter means: looked through in slices of read transactions, changed in slices of the writer.
 *
 * Tested by `src/queue/queue_admin_service_test.ts`.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { turn } from "../store/connection.ts";
import type { Work } from "../store/query.ts";
import {
  candidatesBehind,
  candidatesByDue,
  candidatesNumbered,
  changedAtOnce,
  type DuePlace,
  type QueueCandidate,
} from "../store/queue_admin_rows.ts";
import type { Store } from "../store/store.ts";
import { pause, type SlicedWork, type Transaction } from "../store/transaction.ts";
import { maxListed } from "./queue_admin.ts";
import { type CheckedFilter, isMeant } from "./queue_filter.ts";

/** Candidates that are meant, those that are due first, first; in pieces of one slice each. */
export async function* meant(store: Store, filter: CheckedFilter): AsyncGenerator<readonly QueueCandidate[]> {
  let left = filter.max;
  const numbers = filter.ids;
  if (numbers !== null) {
    const rows = store.read(candidatesNumbered(numbers)).filter((row) => isMeant(filter, row));
    return yield rows.slice(0, left);
  }
  const { from, until } = filter.nextAttempt;
  let place: DuePlace | null = { due: (from ?? 0) - 1, id: Number.MAX_SAFE_INTEGER };
  while (place !== null && left > 0) {
    const step: { rows: QueueCandidate[]; place: DuePlace | null } = store.read(
      sliceOf(store, filter, place, until ?? Number.MAX_SAFE_INTEGER),
    );
    place = step.place;
    const rows = step.rows.slice(0, left);
    left -= rows.length;
    if (rows.length > 0) yield rows;
    await turn();
  }
}

function* sliceOf(
  store: Store,
  filter: CheckedFilter,
  from: DuePlace,
  until: Millis,
): Work<{ rows: QueueCandidate[]; place: DuePlace | null }> {
  const slice = store.slice();
  const rows: QueueCandidate[] = [];
  let place = from;
  do {
    const found = yield* candidatesByDue(place, until);
    const last = found.at(-1);
    if (last === undefined) return { rows, place: null };
    place = { due: last.due, id: last.id };
    for (const row of found) if (isMeant(filter, row)) rows.push(row);
  } while (!slice.full() && rows.length < maxListed);
  return { rows, place };
}

/** Their numbers, those that are due first, first. */
export async function idsMeant(store: Store, filter: CheckedFilter): Promise<number[]> {
  const ids: number[] = [];
  for await (const rows of meant(store, filter)) for (const { id } of rows) ids.push(id);
  return ids;
}

/** Changes all that are meant, in slices of the writer. Returns how many. */
export async function changeMeant(
  store: Store,
  filter: CheckedFilter,
  apply: (rows: readonly QueueCandidate[], tx: Transaction) => Work<void>,
  also: (row: QueueCandidate) => boolean = () => true,
): Promise<number> {
  // Which come first matters only if not all do; else they are taken as they lie.
  const ids = filter.ids !== null || filter.max < Number.MAX_SAFE_INTEGER
    ? await idsMeant(store, filter)
    : null;
  const isTaken = (row: QueueCandidate) => isMeant(filter, row) && also(row);
  return await store.writer.slices((tx) => changeAll(ids, isTaken, (rows) => apply(rows, tx)));
}

/** @param ids Null: all rows, by number, so that what a change does to their times leads to none twice. */
function* changeAll(
  ids: readonly number[] | null,
  isTaken: (row: QueueCandidate) => boolean,
  apply: (rows: readonly QueueCandidate[]) => Work<void>,
): SlicedWork<number> {
  let count = 0;
  let last = 0;
  for (let at = 0;; at += changedAtOnce) {
    if (ids !== null && at >= ids.length) return count;
    const found: QueueCandidate[] = ids === null
      ? yield* candidatesBehind(last)
      : yield* candidatesNumbered(ids.slice(at, at + changedAtOnce));
    if (found.length === 0 && ids === null) return count;
    last = found.at(-1)?.id ?? last;
    const rows = found.filter(isTaken);
    if (rows.length > 0) yield* apply(rows);
    count += rows.length;
    yield* pause(); // Others may remove rows here: none that was read before is used behind it.
  }
}
