/**
 * Adds, takes and reports as fast as it can in the folder named as its argument, until it is killed. Prints a line once each
 * thing is acknowledged: `added ID`, `sent ID` as soon as a job was taken (from then on the other host may have it),
 * `reported ID`. Every tenth recipient fails for good.
 *
 * @module
 */
import { utf8 } from "../../base/bytes.ts";
import { silentLog } from "../../base/log.ts";
import { Metrics } from "../../base/metrics.ts";
import { accountNamed, createAccount } from "../../store/accounts.ts";
import { openStore } from "../../store/store.ts";
import { enqueue } from "../../store/testing/queue_sample.ts";
import { realClock } from "../../store/testing/temp_store.ts";
import { conclude, type ConcludeParts, giveUp } from "../conclude.ts";
import { QueueDesk } from "../queue_desk.ts";
import { killedResult } from "./killed_result.ts";

const [folder = ""] = Deno.args;
const store = openStore({ folder, clock: realClock, log: silentLog, metrics: new Metrics() });
if (store.read(accountNamed("ann")) === undefined) {
  await store.writer.run((tx) => createAccount(tx, { name: "ann", maxBytes: null }));
}
const parts: ConcludeParts = {
  store,
  compose: (facts) => utf8(`Subject: ${facts.recipients.map(({ row }) => row.id).join(" ")}\r\n\r\n`),
  keepRetiredMs: () => 3_600_000,
  postmaster: null,
  hasAccount: () => true,
};
const desk = new QueueDesk({
  store,
  conclude: (rows, report) => conclude(parts, rows, report),
  giveUp: (endings) => giveUp(parts, endings),
  random: Math.random,
  freshPrefix: ({ prefix }) => prefix,
  leaseKey: new Uint8Array(32),
});
const queue = desk.forConnection();

function say(word: string, ids: readonly number[]): void {
  Deno.stdout.writeSync(utf8(ids.map((id) => `${word} ${id}\n`).join("")));
}

/** Addresses that no other start has, so that failures of several are not in a row. */
const start = crypto.randomUUID().slice(0, 8);

async function add(): Promise<void> {
  for (let i = 0;; i++) {
    const domain = `d${i % 7}.example`;
    say(
      "added",
      await enqueue(
        store,
        ["a", "b", "c"].map((each) => `${each}${i}.${start}@${each === "c" ? "other.example" : domain}`),
      ),
    );
    if (i > 50) await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function work(): Promise<void> {
  for (;;) {
    const [job] = await queue.take({ domain: null, busy: [], max: 1 });
    if (job === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      continue;
    }
    const ids = job.recipients.map(({ id }) => id);
    say("sent", ids);
    await queue.report({
      lease: job.lease,
      startedAt: Date.now(),
      ms: 1,
      dialed: [],
      results: ids.map(killedResult),
    });
    say("reported", ids);
  }
}

await Promise.all([add(), ...Array.from({ length: 8 }, work)]);
