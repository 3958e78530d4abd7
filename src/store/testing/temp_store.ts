/**
 * A store in a temporary folder, for tests. Closing it runs the consistency checker: a test that leaves the data wrong
 * fails.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import { type Log, silentLog } from "../../base/log.ts";
import { Metrics } from "../../base/metrics.ts";
import type { Disk } from "../disk.ts";
import { openStore, type Store } from "../store.ts";
import { verifyData } from "../verify.ts";

/** The machine's own time. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, fn) {
    const id = setTimeout(fn, ms);
    return { cancel: () => clearTimeout(id) };
  },
};

export interface TempStoreSettings {
  readonly clock?: Clock;
  readonly log?: Log;
  readonly disk?: Disk;
}

/** A store and its folder. */
export interface TempStore extends AsyncDisposable {
  /** The open store; another one after {@link TempStore.reopen}. */
  readonly store: Store;
  readonly folder: string;
  /** Closes and opens the same folder again. */
  reopen(): Promise<Store>;
  /**
   * Closes the store, checks the folder, and removes it.
   *
   * @throws {Error} If the checker found something that `expected` does not match.
   */
  close(expected?: RegExp): Promise<void>;
}

/** Opens a new store. `await using` closes it. */
export function tempStore(settings: TempStoreSettings = {}): TempStore {
  const folder = Deno.makeTempDirSync({ prefix: "mailden_store_" });
  const open = () =>
    openStore({ clock: realClock, log: silentLog, metrics: new Metrics(), ...settings, folder });
  let store = open();
  let closed = false;
  const close = async (expected?: RegExp) => {
    if (closed) return;
    closed = true;
    try {
      await store.close();
      const problems = verifyData(folder).filter((problem) => expected?.test(problem) !== true);
      if (problems.length > 0) throw new Error(`the store is inconsistent:\n${problems.join("\n")}`);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  };
  return {
    get store() {
      return store;
    },
    folder,
    async reopen() {
      await store.close();
      return store = open();
    },
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}
