/**
 * How the server is, in numbers: the store's side of {@link Status}.
 *
 * @module
 */
import type { CallContext } from "../rpc/service.ts";
import type { Store } from "../store/store.ts";
import { totals } from "../store/totals.ts";
import type { Counts, KeyRecord, Status } from "./status.ts";

/** How often a watcher hears of changes at most. */
const watchMs = 250;

export class StatusService implements Status {
  readonly #store: Store;
  readonly #keyRecords: readonly KeyRecord[];

  constructor(store: Store, keyRecords: readonly KeyRecord[] = []) {
    this.#store = store;
    this.#keyRecords = keyRecords;
  }

  keyRecords(_request: Record<string, never> = {}): Promise<readonly KeyRecord[]> {
    return Promise.resolve(this.#keyRecords);
  }

  counts(_request: Record<string, never> = {}): Promise<Counts> {
    const store = this.#store;
    return Promise.resolve({ ...store.read(totals()), commit: store.feed.commit, walBytes: store.walBytes });
  }

  metrics(_request: Record<string, never> = {}): Promise<string> {
    return Promise.resolve(this.#store.metrics.text());
  }

  async *watch(_request: Record<string, never>, context?: CallContext): AsyncIterable<Counts> {
    let told = -1;
    while (context?.signal.aborted !== true) {
      const { commit } = this.#store.feed;
      if (commit !== told) {
        told = commit;
        yield await this.counts();
      }
      await this.#pause(context?.signal);
    }
  }

  #pause(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#store.clock.after(watchMs, resolve);
    const stop = () => {
      timer.cancel();
      resolve();
    };
    signal?.addEventListener("abort", stop, { once: true });
    return promise.finally(() => signal?.removeEventListener("abort", stop));
  }
}
