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

/** What waits to be told, and whether others' mailboxes must be watched anew. */
export class PendingAnnotations {
  /** By mailbox; 0 is the server. */
  readonly #pending = new Map<number, Set<string>>();
  #count = 0;
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
      if (entries.has(entry) || this.#count >= maxPendingAnnotations) continue;
      this.#pending.set(mailbox, entries.add(entry));
      this.#count++;
    }
  }

  take(): ReadonlyMap<number, ReadonlySet<string>> {
    const taken = new Map(this.#pending);
    this.#pending.clear();
    this.#count = 0;
    return taken;
  }
}
