/**
 * Forgets what is known of outgoing mail once it is old enough: recipients that are done with, failures in a row, results of
 * TLS, and whom accounts have written to. Also mends what a wrong clock has put off.
 *
 * @module
 */
import { turn } from "./connection.ts";
import { forgetFailures } from "./delivery_failures.ts";
import type { Chore, ChoreContext } from "./housekeeping.ts";
import type { Work } from "./query.ts";
import { forgetRetired } from "./queue_retired.ts";
import { hasPutOff, mendTimes, type PutOffPlace } from "./queue_times.ts";
import { forgetRecipients, type OldRecipients, oldRecipients } from "./recipients.ts";
import type { Store } from "./store.ts";
import { forgetTlsResults } from "./tls_results.ts";
import type { Transaction } from "./transaction.ts";

/** How often what has an end is looked for. */
export const forgetEveryMs = 60 * 60 * 1000;

/** How often all recipients are looked through. */
export const lookThroughEveryMs = 24 * 60 * 60 * 1000;

/** The chores of a store. */
export function outgoingChores(store: Store): Chore[] {
  return [
    { kind: "forgetOutgoing", everyMs: forgetEveryMs, run: (context) => forgetEnded(store, context) },
    { kind: "mendQueueTimes", everyMs: forgetEveryMs, run: (context) => mend(store, context) },
    { kind: "forgetRecipients", everyMs: lookThroughEveryMs, run: (context) => lookThrough(store, context) },
  ];
}

async function forgetEnded({ writer }: Store, { signal }: ChoreContext): Promise<void> {
  for (const forget of [forgetRetired, forgetFailures, forgetTlsResults]) {
    const step = (tx: Transaction): Work<boolean> => forget(tx.now);
    while (!signal.aborted && await writer.run(step));
  }
}

async function mend(store: Store, { signal }: ChoreContext): Promise<void> {
  if (!store.read(hasPutOff(store.clock.now()))) return;
  for (let place: PutOffPlace | null = null;;) {
    if (signal.aborted) return;
    const from: PutOffPlace | null = place;
    place = await store.writer.runBehind((tx) => mendTimes(from, tx.now));
    if (place === null) return;
  }
}

async function lookThrough(store: Store, { signal }: ChoreContext): Promise<void> {
  for (let behind: number | null = 0; behind !== null && !signal.aborted;) {
    const { ids, last }: OldRecipients = store.read(oldRecipients(behind, store.clock.now()));
    if (ids.length > 0) await store.writer.run(() => forgetRecipients(ids));
    else await turn();
    behind = last;
  }
}
