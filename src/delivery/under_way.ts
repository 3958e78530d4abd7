/**
 * Deliveries of large messages that have begun and are not answered yet, of all connections.
 *
 * A small message that is asked for twice is twice in the writer's line, and the second finds the first's answer. A large one
 * has a spool file, which the first has taken: the second would be told that there is none, and so the sender that nothing
 * was delivered, while the first is about to be. So it waits for the first.
 *
 * Tested by `delivery_service_test.ts`.
 *
 * @module
 */
import type { DeliveryResult } from "./deliver.ts";

type Answer = Promise<readonly DeliveryResult[]>;

/** By delivery id. As many as there are spool files that were taken, so the store's limits of these are its own. */
export class UnderWay {
  readonly #all = new Map<string, Answer>();

  /** What has begun for this id, or else what `begin` begins. */
  join(deliveryId: string, begin: () => Answer): Answer {
    const begun = this.#all.get(deliveryId);
    if (begun !== undefined) return begun;
    const answer = begin().finally(() => this.#all.delete(deliveryId));
    this.#all.set(deliveryId, answer);
    return answer;
  }

  /** How many there are. */
  get size(): number {
    return this.#all.size;
  }
}
