/**
 * What every store has to do by itself.
 *
 * Tested by `src/store/housekeeping_test.ts`.
 *
 * @module
 */
import { HistoryCutter, type HistoryLimits } from "./history.ts";
import type { Chore } from "./housekeeping.ts";
import { outgoingChores } from "./outgoing_chore.ts";
import { Scrub } from "./scrub.ts";
import type { Store } from "./store.ts";

/** How often answers to deliveries and free pages are looked for. */
export const expireEveryMs = 60 * 60 * 1000;

/** All chores of a store. */
export function storeChores(store: Store, limits: HistoryLimits): Chore[] {
  return [
    { kind: "expire", everyMs: expireEveryMs, run: () => store.expire() },
    new HistoryCutter(store, limits),
    new Scrub(store),
    ...outgoingChores(store),
  ];
}
