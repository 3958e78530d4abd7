/**
 * Tells who listens when work is due.
 *
 * Tested by `src/queue/queue_desk_test.ts`.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import type { DueNews } from "./queue.ts";

/**
 * What `Queue.listen()` gives: the time when work is due, first as it is now, then whenever it may have changed.
 * Whoever is slow hears only of the last.
 */
export class DueListener implements AsyncIterableIterator<DueNews> {
  readonly #due: () => Millis | null;
  readonly #onEnd: () => void;
  #stale = true;
  #afresh = false;
  #ended = false;
  #wake: (() => void) | null = null;

  constructor(due: () => Millis | null, onEnd: () => void) {
    this.#due = due;
    this.#onEnd = onEnd;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** @param afresh See {@link DueNews}; it is told also to whoever is slow. */
  tell(afresh = false): void {
    this.#stale = true;
    this.#afresh ||= afresh;
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<DueNews>> {
    while (!this.#stale && !this.#ended) await new Promise<void>((resolve) => this.#wake = resolve);
    this.#wake = null;
    if (this.#ended) return { done: true, value: undefined };
    this.#stale = false;
    const afresh = this.#afresh;
    this.#afresh = false;
    return { done: false, value: { due: this.#due(), afresh } };
  }

  return(): Promise<IteratorResult<DueNews>> {
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd();
    this.#wake?.();
  }
}
