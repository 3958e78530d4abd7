/**
 * What could not be reached a moment ago, so that ten thousand messages for it do not dial it ten thousand times.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";

/** Failures that are remembered; the oldest are forgotten first. */
export const maxKnownFailures = 10_000;

/** Failures by what they are of, with what was found out. */
export class KnownFailures<T> {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #known = new Map<string, { readonly until: number; readonly what: T }>();

  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
  }

  get size(): number {
    return this.#known.size;
  }

  /** @param ms Another time than usual. */
  remember(key: string, what: T, ms = this.#ms): void {
    this.#known.delete(key);
    this.#known.set(key, { until: this.#clock.monotonic() + ms, what });
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= maxKnownFailures) break;
      this.#known.delete(oldest);
    }
  }

  /** Null if nothing is known. */
  of(key: string): T | null {
    const known = this.#known.get(key);
    if (known === undefined) return null;
    if (known.until > this.#clock.monotonic()) return known.what;
    this.#known.delete(key);
    return null;
  }

  /** It works again. */
  forget(key: string): void {
    this.#known.delete(key);
  }

  /** All of it may work again. */
  clear(): void {
    this.#known.clear();
  }
}
