/**
 * Opens a store in the folder it is told, delivers nothing, closes it, and answers with what went wrong or "well".
 * For the test that a store needs no more than read and write of its folder.
 *
 * @module
 */
import { silentLog } from "../../base/log.ts";
import { Metrics } from "../../base/metrics.ts";
import { createAccount } from "../accounts.ts";
import { openStore } from "../store.ts";
import { realClock } from "./temp_store.ts";

/** The part of a Worker's own scope that is used here. */
interface Scope {
  onmessage: ((event: MessageEvent<string>) => void) | null;
  postMessage(message: string): void;
}

const scope = globalThis as unknown as Scope;

scope.onmessage = async ({ data: folder }) => {
  try {
    const store = openStore({ folder, clock: realClock, log: silentLog, metrics: new Metrics() });
    const spools = store.spools.forOwner();
    const spool = await spools.open();
    await spools.write(spool, new Uint8Array(300_000));
    (await store.bodies.ready({ content: null, spool }, spools)).release();
    await store.writer.run((tx) => createAccount(tx, { name: "ann", maxBytes: null }));
    await store.expire();
    await store.close();
    scope.postMessage("well");
  } catch (error) {
    scope.postMessage(String(error));
  }
};
