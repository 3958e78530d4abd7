/**
 * What was found out a moment ago, for who asks the same again.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";

/** Values by key, each for the same short time; the oldest go first. */
export class Recent<T> {
  readonly #max: number;
  readonly #lifeMs: number;
  readonly #values = new Map<string, { readonly at: Millis; readonly value: T }>();

  constructor(max: number, lifeMs: number) {
    this.#max = max;
    this.#lifeMs = lifeMs;
  }

  get(key: string, now: Millis): T | undefined {
    const found = this.#values.get(key);
    if (found === undefined) return undefined;
    const age = now - found.at;
    if (age >= 0 && age < this.#lifeMs) return found.value;
    this.#values.delete(key);
    return undefined;
  }

  /** Keeps a value; of a key that is there already, the first counts until its time is over. */
  add(key: string, value: T, now: Millis): void {
    if (this.get(key, now) !== undefined) return;
    const [oldest] = this.#values.keys();
    if (this.#values.size >= this.#max && oldest !== undefined) this.#values.delete(oldest);
    this.#values.set(key, { at: now, value });
  }
}
