/**
 * The change feed of the twin: everybody who listens gets every change from then on, in order.
 *
 * Tested by `src/imapd/testing/memory_mail_test.ts`.
 *
 * @module
 */
import type { AccountChange } from "../../accounts/mail.ts";

/** Tells listeners what was committed. */
export class ChangeFeed {
  readonly #listeners = new Set<(change: AccountChange) => void>();
  #commit = 0;

  get listeners(): number {
    return this.#listeners.size;
  }

  tell(mailboxes: readonly number[], list: boolean, annotations: AccountChange["annotations"] = []): void {
    const change = { commit: ++this.#commit, mailboxes, list, annotations };
    for (const listener of this.#listeners) listener(change);
  }

  /** Begins when the first item is asked for, and ends when the consumer leaves its loop. */
  listen(): AsyncIterableIterator<AccountChange> {
    const waiting: AccountChange[] = [];
    let wake: ((result: IteratorResult<AccountChange>) => void) | null = null;
    let state: "new" | "open" | "ended" = "new";
    const hear = (change: AccountChange) => {
      if (wake === null) return void waiting.push(change);
      const resolve = wake;
      wake = null;
      resolve({ done: false, value: change });
    };
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      next: () => {
        if (state === "ended") return Promise.resolve({ done: true, value: undefined });
        if (state === "new") {
          state = "open";
          this.#listeners.add(hear);
          return Promise.resolve({
            done: false,
            value: { commit: this.#commit, mailboxes: [], list: false, annotations: [] },
          });
        }
        const value = waiting.shift();
        if (value !== undefined) return Promise.resolve({ done: false, value });
        return new Promise((resolve) => {
          wake = resolve;
        });
      },
      return: () => {
        state = "ended";
        this.#listeners.delete(hear);
        wake?.({ done: true, value: undefined });
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }
}
