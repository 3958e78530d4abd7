/**
 * Annotations of which a client is still to be told that others changed them. RFC 5464 4.4.2
 *
 * Tested by `src/imapd/sharing_metadata_test.ts`.
 *
 * @module
 */
import type { AccountChange } from "../accounts/mail.ts";

/** Annotations that wait to be told at most; of more a client that never reads hears nothing. */
export const maxPendingAnnotations = 1000;

/** What waited. */
export interface Taken {
  /** By mailbox; 0 is the server. */
  readonly entries: ReadonlyMap<number, ReadonlySet<string>>;
  /** There was more than that. */
  readonly overflown: boolean;
}

/** What waits to be told, and whether others' mailboxes must be watched anew. */
export class PendingAnnotations {
  /** By mailbox; 0 is the server. */
  readonly #pending = new Map<number, Set<string>>();
  #count = 0;
  /** All are told; else those that NOTIFY asks for. */
  all = false;
  /** There were more than {@link maxPendingAnnotations}. */
  #overflown = false;
  /** Mailboxes may have come to be shared. */
  rewatch = true;

  /** Whether there is anything to do. */
  get any(): boolean {
    return this.#count > 0 || this.rewatch;
  }

  hear({ annotations, list }: AccountChange): void {
    this.rewatch ||= list;
    for (const { mailbox, entry } of annotations) {
      const entries = this.#pending.get(mailbox) ?? new Set();
      if (entries.has(entry)) continue;
      if (this.#count >= maxPendingAnnotations) {
        this.#overflown = true;
        continue;
      }
      this.#pending.set(mailbox, entries.add(entry));
      this.#count++;
    }
  }

  take(): Taken {
    const taken = { entries: new Map(this.#pending), overflown: this.#overflown };
    this.#pending.clear();
    this.#count = 0;
    this.#overflown = false;
    return taken;
  }
}
