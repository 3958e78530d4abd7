/**
 * Addresses that are being dialled. Whoever wants one that was not reached lately waits for what comes of the dial that is
 * under way: so a host that is dead, or never greets, keeps one attempt busy, and not one for each domain whose mail it
 * takes.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import { KnownFailures } from "./known_failures.ts";

export class Openings {
  readonly #underWay = new Map<string, Promise<void>>();
  /** What was reached lately: nobody has to wait there. */
  readonly #reached: KnownFailures<true>;

  /** @param reachedMs How long what was reached counts as that. */
  constructor(clock: Clock, reachedMs: number) {
    this.#reached = new KnownFailures(clock, reachedMs);
  }

  /** What to wait for before this is dialled; null: nothing. */
  ahead(key: string): Promise<void> | null {
    return this.#reached.of(key) === null ? this.#underWay.get(key) ?? null : null;
  }

  /** Dials. @param dial Tells whether it was reached; what failed it remembers itself, before others go on. */
  async dial<T extends { readonly reached: boolean }>(key: string, dial: () => Promise<T>): Promise<T> {
    const over = Promise.withResolvers<void>();
    const isFirst = !this.#underWay.has(key);
    if (isFirst) this.#underWay.set(key, over.promise);
    try {
      const result = await dial();
      if (result.reached) this.#reached.remember(key, true);
      else this.#reached.forget(key);
      return result;
    } finally {
      if (isFirst) this.#underWay.delete(key);
      over.resolve();
    }
  }
}
